"""The inverse decoder: an invertible network run backwards.

Frozen after stage 1, as in QualNet, or trained in that direction.
"""

import dataclasses
import os

import keras
from keras import ops

from qualnet_tf import invertible
from qualnet_tf.invertible import rolling
from qualnet_tf.invertible.sequence import InvertibleSequence
from qualnet_tf.models import saving
from qualnet_tf.models.classifier import split_classifier


class InverseDecoder(keras.layers.Layer):
    """Decodes features to an image with a network's inverse.

    Paper, section 3.1: stage 1 trains the invertible network f with softmax;
    its inverse then explains what a feature map says about the picture.
    Neither weights nor batch norm statistics ever change here: `inverse`
    always runs with stored statistics, and the layer is not trainable - unless
    it is made so, for the ablations of Table 6: then it is a decoder like any
    other, with the statistics of the batch in training.

    Args:
        network: Built invertible network, image [0, 1] -> features, with
            pixel normalisation as its first layer.
        downscale: Whole factor by which its images are smaller than those of
            stage 2; 1 is the paper's decoder.
        trainable: Whether it is trained along.

    Input shape:
        [batch, height, width, channels], the network's output.

    Output shape:
        [batch, side, side, 3] with the side of stage 2's images over
        `downscale`; in [0, 1] where the features are those of a real image,
        not clipped.
    """

    def __init__(
        self,
        network: InvertibleSequence,
        downscale: int = 1,
        trainable: bool = False,
        **kwargs,
    ):
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
        if not isinstance(downscale, int) or downscale < 1:
            raise ValueError(
                "downscale: expected a whole number of at least 1, received "
                f"{downscale!r}; 1 decodes to the full size"
            )
        self.network = network
        self.downscale = downscale
        # Both: Keras hands on a change alone.
        self.network.trainable = trainable
        self.trainable = trainable

    def call(self, features, training=False):
        """Decodes features to images."""
        if not self.trainable:
            return self.network.inverse(features)
        return self.network.decode(features, training=bool(training))

    def encoder(self, image_size: int) -> keras.Model:
        """Returns the network as a model, images -> features, for a file.

        Args:
            image_size: Side of stage 2's images, pixels.
        """
        side = image_size // self.downscale
        image = keras.Input((side, side, 3), name="image")
        return keras.Model(image, self.network(image), name="encoder")

    def feature_shape(self, image_size: int) -> tuple[int, int, int]:
        """Returns the (height, width, channels) of the features to decode.

        Args:
            image_size: Side of stage 2's images, pixels.
        """
        side = image_size // self.downscale
        shape = (None, side, side, 3)
        return tuple(self.network.compute_output_shape(shape)[1:])

    def shrink(self, image):
        """Averages stage 2's images down to the side that is decoded."""
        if self.downscale == 1:
            return image
        return ops.average_pool(
            image,
            self.downscale,
            strides=self.downscale,
            padding="valid",
            data_format="channels_last",
        )

    def normalize(self, image):
        """Maps images to the network's normalised pixels.

        The quality loss is taken there (per-channel mean and standard
        deviation), which weighs the channels as the network sees them.
        """
        return self.network.layers[0](image)


def load_decoder(
    path: str | os.PathLike,
    image_size: int,
    num_classes: int,
    memory_saving: bool = False,
    downscale: int = 1,
) -> InverseDecoder:
    """Makes a frozen decoder from what an earlier run trained.

    Args:
        path: A stage-1 run's `classifier.keras`, or the `decoder.keras` of a
            run that trained its decoder.
        image_size: Side of stage 2's images, pixels.
        num_classes: Number of stage 2's classes.
        memory_saving: Whether the backward pass rebuilds the decoder's
            activations, whatever stage 1 did; see `InvertibleSequence`.
        downscale: Whole factor by which stage 1's images are smaller than
            stage 2's.

    Raises:
        ValueError: If the file cannot be read, was trained for another image
            size or number of classes, or holds no invertible network.
    """
    model = saving.load_model(path)
    if model.name == "encoder":
        network = model.layers[-1]
        classes = num_classes
    else:
        network, _ = split_classifier(model)
        classes = model.output_shape[-1]
    _check_side(path, model.input_shape[1], image_size, downscale)
    if classes != num_classes:
        raise ValueError(
            f"{path}: expected a stage-1 run on {num_classes} classes, "
            f"received {classes}; train stage 1 on the same data set"
        )
    _compute_in_float32(network)
    decoder = InverseDecoder(network, downscale)
    if memory_saving:
        decoder = InverseDecoder(rolling.roll(network), downscale)
    decoder.network.memory_saving = memory_saving
    return decoder


def build_decoder(
    name: str, image_size: int, memory_saving: bool = False
) -> InverseDecoder:
    """Makes a fresh decoder that is trained along.

    Args:
        name: Invertible network whose inverse it is.
        image_size: Side of the images, pixels.
        memory_saving: See `InvertibleSequence`.

    Raises:
        ValueError: If there is no such network or it does not take the side.
    """
    network = invertible.get(name)()
    _compute_in_float32(network)
    if memory_saving:
        network = rolling.roll(network)
        network.memory_saving = True
    network.build((None, image_size, image_size, 3))
    return InverseDecoder(network, trainable=True)


def _compute_in_float32(network: InvertibleSequence) -> None:
    """Undoes half precision in a network's residual functions.

    A network of a run in half precision has them so; its inverse would be
    another function than the one that was trained, block after block.
    """
    for layer in network.layers:
        for coupling in (layer, getattr(layer, "block", None)):
            if getattr(coupling, "residual_dtype", None):
                coupling.residual_dtype = None
                coupling.residual = dataclasses.replace(
                    coupling.residual, dtype=coupling.compute_dtype
                )


def _check_side(path, side: int, image_size: int, downscale: int) -> None:
    """Raises ValueError unless stage 1's side is that of the decoded images."""
    if image_size % downscale:
        raise ValueError(
            f"--decoder_downscale={downscale}: expected a divisor of "
            f"--image_size={image_size}"
        )
    expected = image_size // downscale
    if side == expected:
        return
    remedy = f"train stage 1 with --image_size={expected}"
    if image_size % side == 0:
        remedy += (
            f", or decode to its size with --decoder_downscale="
            f"{image_size // side}"
        )
    raise ValueError(
        f"{path}: expected a stage-1 run on {expected}x{expected} images, "
        f"received {side}x{side}; {remedy}"
    )
