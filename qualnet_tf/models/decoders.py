"""The inverse decoder: a trained invertible network run backwards, frozen."""

import os

import keras
from keras import ops

from qualnet_tf.invertible import rolling
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
        downscale: Whole factor by which its images are smaller than those of
            stage 2; 1 is the paper's decoder.

    Input shape:
        [batch, height, width, channels], the network's output.

    Output shape:
        [batch, side, side, 3] with the side of stage 2's images over
        `downscale`; in [0, 1] where the features are those of a real image,
        not clipped.
    """

    def __init__(
        self, network: InvertibleSequence, downscale: int = 1, **kwargs
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
        self.trainable = False

    def call(self, features):
        """Decodes features to images."""
        return self.network.inverse(features)

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
    """Makes the decoder from a stage-1 classifier.

    Args:
        path: A stage-1 run's `classifier.keras`.
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
    classifier = saving.load_model(path)
    backbone, _ = split_classifier(classifier)
    _, side, _, _ = classifier.input_shape
    _check_side(path, side, image_size, downscale)
    classes = classifier.output_shape[-1]
    if classes != num_classes:
        raise ValueError(
            f"{path}: expected a stage-1 run on {num_classes} classes, "
            f"received {classes}; train stage 1 on the same data set"
        )
    decoder = InverseDecoder(backbone, downscale)
    if memory_saving:
        decoder = InverseDecoder(rolling.roll(backbone), downscale)
    decoder.network.memory_saving = memory_saving
    return decoder


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
