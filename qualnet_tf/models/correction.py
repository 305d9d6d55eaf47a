"""Which filters of a network suffer most from degraded images, and a cure.

Borkar and Karam, "DeepCorrect: Correcting DNN Models Against Image
Distortions", IEEE TIP 28(12), 2019, sections III and IV.
"""

import math
from collections.abc import Mapping, Sequence

import keras
import numpy as np
from keras import ops

from qualnet_tf.backbones.grouped_conv import GroupedConv2D
from qualnet_tf.models.classifier import split_classifier
from qualnet_tf.models.corrected_convolution import CorrectedConvolution


def correctable_layers(backbone: keras.Model) -> dict[str, int]:
    """Returns the convolutions that can be corrected: name -> filters.

    Those with a kernel of 3x3 or more: the 1x1 ones of bottleneck blocks and
    shortcuts mix what those have found.

    Raises:
        ValueError: If the backbone has none, as an invertible network, whose
            convolutions are inside its blocks.
    """
    found = {
        layer.name: layer.output.shape[-1]
        for layer in getattr(backbone, "layers", ())
        if isinstance(layer, (keras.layers.Conv2D, GroupedConv2D))
        and np.min(layer.kernel_size) > 1
    }
    if not found:
        raise ValueError(
            f"expected a backbone with convolution layers, received "
            f"{backbone.name}; deepcorrect corrects a resnet or resnext"
        )
    return found


def correction_priorities(
    classifier: keras.Model, clean, degraded, labels
) -> dict[str, np.ndarray]:
    """Measures how much each filter's degradation costs.

    A filter's priority is what the classifier gains on degraded images when
    that filter alone has the output that it has for the clean ones (section
    III-B). The authors count correct images; here it is the mean cross-
    entropy, in nats, which moves with every image.

    Args:
        classifier: A trained one, of `models.classifier.build_classifier`.
        clean: Images [n, height, width, 3] in [0, 1].
        degraded: The same, degraded.
        labels: Integers [n].

    Returns:
        Name of a convolution -> gain per filter, positive where it helps.

    Raises:
        ValueError: As `correctable_layers`.
    """
    backbone, head = split_classifier(classifier)
    layers = correctable_layers(backbone)
    swapping, gates = _swapping_copy(backbone, layers)
    image = keras.Input(classifier.input_shape[1:], name="image")
    model = keras.Model(image, head(swapping(image, training=False)))
    images = np.concatenate([clean, degraded])
    labels = np.asarray(labels)

    def loss():
        logits = np.asarray(model.predict_on_batch(images), np.float64)
        return _cross_entropy(logits[len(labels) :], labels)

    plain = loss()
    priorities = {}
    for name, num_filters in layers.items():
        gains = np.zeros(num_filters)
        for number in range(num_filters):
            gates[name].assign(np.eye(num_filters, dtype="float32")[number])
            gains[number] = plain - loss()
        gates[name].assign(np.zeros(num_filters, "float32"))
        priorities[name] = gains
    return priorities


def choose_filters(
    priorities: Mapping[str, np.ndarray], fraction: float
) -> dict[str, list[int]]:
    """Returns each layer's filters of highest priority, in channel order.

    Args:
        priorities: Of `correction_priorities`.
        fraction: Share of each layer's filters, in (0, 1]; at least one.

    Raises:
        ValueError: If the fraction is not in (0, 1].
    """
    if not 0 < fraction <= 1:
        raise ValueError(
            f"correction_fraction: expected above 0 and at most 1, received "
            f"{fraction}; 0.5 corrects every second filter"
        )
    return {
        name: sorted(
            np.argsort(-gains, kind="stable")[
                : math.ceil(fraction * len(gains))
            ].tolist()
        )
        for name, gains in priorities.items()
    }


def correct(
    classifier: keras.Model,
    chosen: Mapping[str, Sequence[int]],
    width: int = 64,
) -> keras.Model:
    """Puts correction units behind a classifier's chosen filters.

    Everything else is the classifier's own layers, frozen.

    Args:
        classifier: A trained one; its layers are shared with the result.
        chosen: Name of a convolution -> filters, of `choose_filters`.
        width: Channels inside a correction unit.

    Returns:
        A classifier whose trainable weights are those of the units.
    """
    backbone, head = split_classifier(classifier)
    classifier.trainable = False

    def replace(layer):
        if layer.name not in chosen:
            return layer
        return CorrectedConvolution(
            layer, chosen[layer.name], width, name=layer.name
        )

    corrected = keras.models.clone_model(backbone, clone_function=replace)
    corrected.name = backbone.name
    image = keras.Input(classifier.input_shape[1:], name="image")
    return keras.Model(image, head(corrected(image)), name="classifier")


class _Swap(keras.layers.Layer):
    """A convolution that can give degraded images the clean ones' channels.

    The batch is clean images and then the same ones degraded.
    """

    def __init__(self, convolution, num_filters, **kwargs):
        super().__init__(**kwargs)
        self.convolution = convolution
        self.gate = self.add_weight(
            name="gate",
            shape=(num_filters,),
            initializer="zeros",
            trainable=False,
        )

    def build(self, input_shape):
        self.built = True

    def call(self, inputs):
        clean, degraded = ops.split(self.convolution(inputs), 2, axis=0)
        degraded = degraded + self.gate * (clean - degraded)
        return ops.concatenate([clean, degraded], axis=0)

    def compute_output_shape(self, input_shape):
        return self.convolution.compute_output_shape(input_shape)


def _swapping_copy(backbone, layers):
    """Returns a backbone that swaps, and its gates by convolution."""
    swaps = {}

    def replace(layer):
        if layer.name not in layers:
            return layer
        swaps[layer.name] = _Swap(layer, layers[layer.name], name=layer.name)
        return swaps[layer.name]

    copied = keras.models.clone_model(backbone, clone_function=replace)
    return copied, {name: swap.gate for name, swap in swaps.items()}


def _cross_entropy(logits: np.ndarray, labels: np.ndarray) -> float:
    shifted = logits - logits.max(axis=1, keepdims=True)
    normalizer = np.log(np.exp(shifted).sum(axis=1))
    chosen = shifted[np.arange(len(labels)), labels]
    return float(np.mean(normalizer - chosen))
