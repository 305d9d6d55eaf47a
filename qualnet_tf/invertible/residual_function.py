"""The residual function F of an additive coupling block, without state."""

import dataclasses

import keras
from keras import ops

from qualnet_tf.invertible import backend_primitives

MOMENTUM = 0.9
EPSILON = 1e-5


_NORM_WEIGHTS = (
    ("gamma", "ones", True),
    ("beta", "zeros", True),
    ("moving_mean", "zeros", False),
    ("moving_variance", "ones", False),
)


@dataclasses.dataclass(frozen=True)
class WeightSpec:
    """One weight of a residual function.

    Args:
        scope: Part it belongs to, "norm1" to "convolution3".
        name: Its name there.
        shape: Its shape for one block.
        initializer: Keras initializer, or the name of one.
        trainable: False for a moving statistic.
    """

    scope: str
    name: str
    shape: tuple[int, ...]
    initializer: object
    trainable: bool = True


@dataclasses.dataclass(frozen=True)
class ResidualFunction:
    """BN-ReLU-conv3x3 three times, as a function of weights and input.

    No convolution has a bias; the first has the stride. Batch norm computes
    in float32 and has momentum 0.9 and epsilon 1e-5.

    Having no state, it can be called with one block's slice of stacked
    weights, and again on a reconstructed input without moving a statistic.

    Source: the code released with Jacobsen et al., "i-RevNet: Deep Invertible
    Networks" (ICLR 2018).

    Args:
        channels: Channels of the input.
        half_width: Channels of the output.
        strides: Factor by which the grid shrinks.
        bottleneck_ratio: `half_width` over the inner width (at least 1).
        first: Whether the first BN and ReLU are left out.
        dtype: What the convolutions compute in.
        synchronized: Whether batch norm takes the statistics of all replicas'
            batches.
    """

    channels: int
    half_width: int
    strides: int = 1
    bottleneck_ratio: int = 4
    first: bool = False
    dtype: str = "float32"
    synchronized: bool = False

    def specs(self) -> list[WeightSpec]:
        """Returns the weights in the order that `values` have in a call.

        Part by part, and as in `keras.layers.Layer.variables` trainable ones
        first within a part.
        """
        specs = []
        for number, (channels, filters) in enumerate(self._widths(), start=1):
            if self._has_norm(number):
                specs += [
                    WeightSpec(f"norm{number}", name, (channels,), *settings)
                    for name, *settings in _NORM_WEIGHTS
                ]
            specs.append(
                WeightSpec(
                    f"convolution{number}",
                    "kernel",
                    (3, 3, channels, filters),
                    _kernel_initializer(),
                )
            )
        return specs

    def __call__(self, values, half, training: bool):
        """Computes F.

        Args:
            values: Tensors in the order of `specs`.
            half: float32 `[batch, height, width, channels]`.
            training: Whether batch norm uses the statistics of the batch.

        Returns:
            outputs: `[batch, height / strides, width / strides, half_width]`,
                of the type of `half`.
            statistics: The moving statistics after this batch, in the order
                of `specs`; empty where `training` is false.
        """
        remaining = iter(values)
        statistics = []
        outputs = half
        for number in (1, 2, 3):
            if self._has_norm(number):
                parameters = [next(remaining) for _ in _NORM_WEIGHTS]
                outputs, moved = _norm_relu(
                    ops.cast(outputs, half.dtype),
                    parameters,
                    training,
                    self.synchronized,
                )
                statistics += moved
            strides = self.strides if number == 1 else 1
            outputs = self._convolve(outputs, next(remaining), strides)
        return ops.cast(outputs, half.dtype), statistics

    def _convolve(self, inputs, kernel, strides: int):
        inputs = ops.cast(inputs, self.dtype)
        kernel = ops.cast(kernel, self.dtype)
        if strides == 1:
            return backend_primitives.convolve(inputs, kernel)
        # One pixel on every side: "same" would pad the far side alone where
        # the stride is 2 and shift F.
        inputs = ops.pad(inputs, ((0, 0), (1, 1), (1, 1), (0, 0)))
        return ops.conv(inputs, kernel, strides, "valid", "channels_last")

    def multiply_adds(self, height: int, width: int) -> int:
        """Returns the convolutions' multiply-adds for one image.

        Args:
            height: Rows of the output's grid.
            width: Columns of it.
        """
        return height * width * self._kernel_parameters()

    def _kernel_parameters(self) -> int:
        return sum(9 * channels * width for channels, width in self._widths())

    def _widths(self):
        """Channels in and out of each convolution."""
        inner = max(1, self.half_width // self.bottleneck_ratio)
        return (
            (self.channels, inner),
            (inner, inner),
            (inner, self.half_width),
        )

    def _has_norm(self, number: int) -> bool:
        return number > 1 or not self.first


def _kernel_initializer():
    """A third over the fan-in; see `AdditiveCoupling`.

    A new one each time: Keras's give the same numbers at every call.
    """
    return keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform")


def _norm_relu(inputs, parameters, training: bool, synchronized: bool = False):
    """Batch norm and ReLU; also the moved statistics, where they move."""
    gamma, beta, mean, variance = parameters
    moved = []
    if training:
        batch = backend_primitives.channel_moments(inputs, synchronized)
        moved = [
            old * MOMENTUM + ops.stop_gradient(new) * (1.0 - MOMENTUM)
            for old, new in zip((mean, variance), batch, strict=True)
        ]
        mean, variance = batch
    scale = gamma * ops.rsqrt(variance + EPSILON)
    return ops.relu(inputs * scale + (beta - mean * scale)), moved


def statistics_of(residual: ResidualFunction, values) -> list:
    """Picks the moving statistics out of a list in the order of `specs`."""
    return [
        value
        for value, spec in zip(values, residual.specs(), strict=True)
        if not spec.trainable
    ]
