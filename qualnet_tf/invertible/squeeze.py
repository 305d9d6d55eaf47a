"""Space to depth and back, in the channel order of i-RevNet."""

import keras
from keras import ops

from qualnet_tf.invertible.invertible_layer import (
    InvertibleLayer,
    channels_of,
)


@keras.saving.register_keras_serializable("qualnet_tf")
class Squeeze(InvertibleLayer):
    """Folds square blocks of pixels into channels: i-RevNet's psi.

    With block size `b` and `c` input channels, pixel `(b*y + i, b*x + j)`
    goes to grid cell `(y, x)`, and its channel `k` becomes output channel
    `(i*b + j)*c + k`: row in the block first, then column, then the old
    channel. This is the order of `psi` in the code released with Jacobsen et
    al., "i-RevNet: Deep Invertible Networks" (ICLR 2018), and of TensorFlow's
    `space_to_depth`; PyTorch's `pixel_unshuffle` puts the old channel first.

    Args:
        block_size: Side of a block in pixels, at least 2.

    Input shape:
        `[batch, height, width, c]`, both sides divisible by `block_size`.

    Output shape:
        `[batch, height / block_size, width / block_size, c * block_size**2]`.

    Example:
        features = Squeeze(2)(images)  # [8, 32, 32, 3] -> [8, 16, 16, 12]
    """

    def __init__(self, block_size=2, **kwargs):
        super().__init__(**kwargs)
        if not isinstance(block_size, int) or block_size < 2:
            raise ValueError(
                "block_size: expected a whole number of at least 2, received "
                f"{block_size!r}; leave the layer out to keep the grid"
            )
        self.block_size = block_size

    def call(self, inputs, training=False):
        """Returns `inputs` with blocks folded into channels."""
        # JAX would cut a side that does not divide without a word, so the
        # sides are looked at here too, not only when the layer is built.
        self.compute_output_shape(inputs.shape)
        return squeeze(inputs, self.block_size)

    def _invert(self, outputs):
        return unsqueeze(outputs, self.block_size)

    def compute_output_shape(self, input_shape):
        channels = channels_of(input_shape, self.name)
        grid = divided_grid(input_shape, self.block_size, self.name)
        return (input_shape[0], *grid, channels * self.block_size**2)

    def get_config(self):
        return {**super().get_config(), "block_size": self.block_size}


def squeeze(inputs, block_size: int):
    """Folds blocks into channels; see `Squeeze`. A size of 1 does nothing."""
    if block_size == 1:
        return inputs
    return ops.space_to_depth(inputs, block_size, "channels_last")


def unsqueeze(outputs, block_size: int):
    """The inverse of `squeeze`."""
    if block_size == 1:
        return outputs
    return ops.depth_to_space(outputs, block_size, "channels_last")


def divided_grid(shape, block_size: int, name: str):
    """Returns `(height, width)` of `shape` over `block_size`.

    An unknown side (`None`) stays unknown.

    Args:
        shape: `(batch, height, width, channels)`.
        block_size: What both sides are divided by.
        name: Layer that an error message should name.

    Raises:
        ValueError: If a known side does not divide.
    """
    height, width = shape[1:3]
    if any(side is not None and side % block_size for side in (height, width)):
        raise ValueError(
            f"layer {name!r}: expected height and width divisible by "
            f"{block_size}, received {height}x{width}; resize or pad the image"
        )
    return tuple(
        None if side is None else side // block_size for side in (height, width)
    )
