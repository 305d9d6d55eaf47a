"""The inverse decoder: a trained invertible network run backwards, frozen."""

import os

import keras

from qualnet_tf.invertible.sequence import InvertibleSequence
from qualnet_tf.models import saving
from qualnet_tf.models.classifier import split_classifier


class InverseDecoder(keras.layers.Layer):
    """Decodes features to an image with a frozen network's inverse.

    Paper, section 3.1: stage 1 trains the invertible network f with softmax;
    its inverse then explains what a feature map says about the picture.
    Neither weights nor batch norm statistics ever change here: `inverse`
    always runs with stored statistics, and the layer is not trainable.

    Args:
        network: Built invertible network, image [0, 1] -> features, with
            pixel normalisation as its first layer.

    Input shape:
        [batch, height, width, channels], the network's output.

    Output shape:
        [batch, image_size, image_size, 3], in [0, 1] where the features are
        those of a real image; not clipped.
    """

    def __init__(self, network: InvertibleSequence, **kwargs):
        kwargs.setdefault("name", "decoder")
        kwargs.setdefault("dtype", "float32")
        super().__init__(**kwargs)
        if not isinstance(network, InvertibleSequence):
            raise ValueError(
                "expected an invertible network as decoder, received "
                f"{type(network).__name__}; train stage 1 with an irevnet_* "
                "backbone"
            )
        if not network.built:
            raise ValueError(
                "expected a built invertible network, received one without "
                "weights; call it once or load it from a stage-1 run"
            )
        self.network = network
        self.trainable = False

    def call(self, features):
        """Decodes features to images."""
        return self.network.inverse(features)

    def feature_shape(self, image_size: int) -> tuple[int, int, int]:
        """Returns the (height, width, channels) that decode to that size."""
        shape = (None, image_size, image_size, 3)
        return tuple(self.network.compute_output_shape(shape)[1:])

    def normalize(self, image):
        """Maps images to the network's normalised pixels.

        The quality loss is taken there (per-channel mean and standard
        deviation), which weighs the channels as the network sees them.
        """
        return self.network.layers[0](image)


def load_decoder(
    path: str | os.PathLike, image_size: int, num_classes: int
) -> InverseDecoder:
    """Makes the decoder from a stage-1 classifier.

    Args:
        path: A stage-1 run's `classifier.keras`.
        image_size: Side of stage 2's images, pixels.
        num_classes: Number of stage 2's classes.

    Raises:
        ValueError: If the file cannot be read, was trained for another image
            size or number of classes, or holds no invertible network.
    """
    classifier = saving.load_model(path)
    backbone, _ = split_classifier(classifier)
    _, side, _, _ = classifier.input_shape
    if side != image_size:
        raise ValueError(
            f"{path}: expected a stage-1 run on {image_size}x{image_size} "
            f"images, received {side}x{side}; train stage 1 with "
            f"--image_size={image_size}"
        )
    classes = classifier.output_shape[-1]
    if classes != num_classes:
        raise ValueError(
            f"{path}: expected a stage-1 run on {num_classes} classes, "
            f"received {classes}; train stage 1 on the same data set"
        )
    return InverseDecoder(backbone)
