"""Rounding to multiples of a fixed step, where sums are exact.

Multiples of 2**-14 below 2**10 have 24 significant bits, as float32 has: they
are added and subtracted without any rounding. A stream that starts on such a
grid and to which only such numbers are added is rebuilt bit by bit, however
coarsely they were computed, as long as they come out the same twice.
"""

import keras
from keras import ops

from qualnet_tf.invertible.invertible_layer import (
    InvertibleLayer,
    channels_of,
)

# Sums are exact below 1024; a pixel moves by 7e-6 at most.
DEFAULT_STEP = 2.0**-14


def round_to(tensor, step: float | None):
    """Rounds to the nearest multiple of `step`, ties to even.

    Its gradient is that of the identity ("straight-through"): the rounding is
    far finer than what a weight or a pixel means.

    Args:
        tensor: Float tensor.
        step: A power of two; None leaves the tensor as it is.
    """
    if step is None:
        return tensor

    # Not the usual sum of the tensor and a stopped difference: TensorFlow
    # joins it with the sums around it, and a few results leave the grid.
    @ops.custom_gradient
    def rounded(tensor):
        def gradient(*upstream):
            # JAX hands one list over, TensorFlow one argument.
            return ops.convert_to_tensor(_only(upstream))

        return ops.round(tensor / step) * step, gradient

    return rounded(tensor)


def _only(upstream):
    while isinstance(upstream, (list, tuple)):
        (upstream,) = upstream
    return upstream


def check_step(step: float | None) -> None:
    """Raises ValueError for a step that is neither a power of two nor None.

    Args:
        step: What a layer was given.
    """
    if step is None:
        return
    exact = isinstance(step, (int, float)) and step > 0
    if not exact or float(step).hex().rpartition("p")[0] != "0x1.0000000000000":
        raise ValueError(
            f"step: expected a power of two or None, received {step!r}; "
            "other steps are no exact float32 numbers, take 2**-14"
        )


@keras.saving.register_keras_serializable("qualnet_tf")
class FixedPoint(InvertibleLayer):
    """Rounds what passes through, in both directions.

    It stands behind the pixel normalisation and at the end of a network, so
    that images on their way in and features on their way back both start on
    the grid. What is on the grid already passes unchanged.

    Args:
        step: The power of two whose multiples are the grid.

    Input shape:
        `[batch, height, width, channels]`.

    Output shape:
        The input shape.
    """

    def __init__(self, step=DEFAULT_STEP, **kwargs):
        super().__init__(**kwargs)
        check_step(step)
        self.step = step

    def call(self, inputs, training=False):
        """Returns the inputs, rounded."""
        return round_to(inputs, self.step)

    def _invert(self, outputs):
        return round_to(outputs, self.step)

    def compute_output_shape(self, input_shape):
        channels_of(input_shape, self.name)
        return tuple(input_shape)

    def get_config(self):
        return {**super().get_config(), "step": self.step}
