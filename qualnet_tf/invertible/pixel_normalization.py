"""Normalised pixels from pixels in [0, 1], and back."""

import keras
from keras import ops

from qualnet_tf.invertible.invertible_layer import (
    InvertibleLayer,
    channels_of,
)

# Mean and standard deviation of ImageNet's training pixels in [0, 1], red,
# green, blue: the constants of the published ResNet weights.
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@keras.saving.register_keras_serializable("qualnet_tf")
class PixelNormalization(InvertibleLayer):
    """Subtracts a mean and divides by a standard deviation, per channel.

    It is the first layer of every network here, so that all rooms speak of
    images in [0, 1]; as the last step of an inverse it gives such images back.
    Nothing is clipped, in either direction.

    Args:
        mean: One number per channel, on the scale of the images.
        std: One positive number per channel, on the same scale.

    Input shape:
        `[batch, height, width, channels]`, one channel per entry of `mean`.

    Output shape:
        The input shape.
    """

    def __init__(self, mean=IMAGENET_MEAN, std=IMAGENET_STD, **kwargs):
        super().__init__(**kwargs)
        self.mean = tuple(float(value) for value in mean)
        self.std = tuple(float(value) for value in std)
        if len(self.mean) != len(self.std) or not self.mean:
            raise ValueError(
                "mean and std: expected one number per channel in each, "
                f"received {len(self.mean)} and {len(self.std)}"
                "; give both for the same channels"
            )
        if min(self.std) <= 0:
            raise ValueError(
                f"std: expected positive numbers, received {self.std}; use 1 "
                "for a channel that should keep its scale"
            )

    def call(self, inputs, training=False):
        """Returns `(inputs - mean) / std`."""
        mean, std = self._constants()
        return (inputs - mean) / std

    def _invert(self, outputs):
        mean, std = self._constants()
        return outputs * std + mean

    def _constants(self):
        return (
            ops.convert_to_tensor(self.mean, dtype=self.compute_dtype),
            ops.convert_to_tensor(self.std, dtype=self.compute_dtype),
        )

    def compute_output_shape(self, input_shape):
        received = channels_of(input_shape, self.name)
        if received != len(self.mean):
            raise ValueError(
                f"layer {self.name!r}: expected {len(self.mean)} channels, "
                f"received {received}; give images of that many channels or "
                "another mean and std"
            )
        return tuple(input_shape)

    def get_config(self):
        return {**super().get_config(), "mean": self.mean, "std": self.std}
