"""Zero channels, so that a thin image fits a wide coupling block."""

import keras
from keras import ops

from qualnet_tf.invertible.invertible_layer import (
    InvertibleLayer,
    channels_of,
)


@keras.saving.register_keras_serializable("qualnet_tf")
class InjectivePadding(InvertibleLayer):
    """Widens both halves with zero channels; the inverse drops them.

    The zeros go behind each half. The released i-RevNet code puts all of them
    behind the second half, which for a thin input leaves that half empty: the
    first block then computes F of zeros. Splitting them wastes nothing and
    costs nothing.

    The layer is injective, not bijective: `inverse` ignores whatever stands
    in the padded channels, so `call(inverse(z))` sets them to zero.

    Args:
        channels: Channels after padding, both halves together; even.

    Input shape:
        `[batch, height, width, c]`, `c` even and at most `channels`.

    Output shape:
        `[batch, height, width, channels]`.
    """

    def __init__(self, channels, **kwargs):
        super().__init__(**kwargs)
        if not isinstance(channels, int) or channels < 2 or channels % 2:
            raise ValueError(
                "channels: expected an even whole number of at least 2, "
                f"received {channels!r}; two halves of equal width are needed"
            )
        self.channels = channels

    @property
    def bijective(self) -> bool:
        return False

    def call(self, inputs, training=False):
        """Returns `inputs` with zeros behind each half."""
        missing = (self.channels - inputs.shape[-1]) // 2
        halves = [
            ops.pad(half, ((0, 0), (0, 0), (0, 0), (0, missing)))
            for half in ops.split(inputs, 2, axis=-1)
        ]
        return ops.concatenate(halves, axis=-1)

    def _invert(self, outputs):
        kept = self.input_spec.axes[-1] // 2
        halves = ops.split(outputs, 2, axis=-1)
        return ops.concatenate([half[..., :kept] for half in halves], axis=-1)

    def compute_output_shape(self, input_shape):
        received = channels_of(input_shape, self.name)
        if received % 2 or received > self.channels:
            raise ValueError(
                f"layer {self.name!r}: expected an even number of channels, "
                f"at most {self.channels}, received {received}; squeeze the "
                "image first or pad to more channels"
            )
        return (*input_shape[:3], self.channels)

    def get_config(self):
        return {**super().get_config(), "channels": self.channels}
