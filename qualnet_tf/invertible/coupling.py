"""The additive coupling block that i-RevNets are made of."""

import keras
from keras import ops

from qualnet_tf.invertible.invertible_layer import (
    InvertibleLayer,
    channels_of,
)
from qualnet_tf.invertible.squeeze import divided_grid, squeeze, unsqueeze


@keras.saving.register_keras_serializable("qualnet_tf")
class AdditiveCoupling(InvertibleLayer):
    """Adds a function of one half to the other half and swaps them.

    With S the squeeze by `strides` (nothing where `strides` is 1), the halves
    (x1, x2) of the input and (y1, y2) of the output relate as

        y1 = S(x2)
        y2 = S(x1) + F(x2)

    and back

        x2 = S^-1(y1)
        x1 = S^-1(y2 - F(x2))

    so F itself is never inverted and may be any function. As in i-RevNet it
    is a bottleneck without biases, BN-ReLU-conv3x3 three times, the first
    convolution with stride `strides`. All kernels start uniform with variance
    1 / (3 fan_in), as those of the released code do: F then adds a sixth of
    its input's variance, so that a stream of 100 blocks stays near its scale,
    where He's 2 / fan_in would let it (and the rounding errors of the way
    back) grow with the golden ratio per block before the moving statistics
    have warmed up.

    Source: Jacobsen et al., "i-RevNet: Deep Invertible Networks" (ICLR 2018),
    section 3; batch-norm constants and padding of the released code.

    Args:
        half_width: Channels of each half of the output.
        strides: 1, or the factor by which the grid shrinks and the channels
            of each half grow by its square.
        bottleneck_ratio: `half_width` over the width inside F, which is
            at least 1.
        first: Whether this is the first block of a network, which has no BN
            and ReLU in front: they would cut the negative half of the image.

    Input shape:
        `[batch, height, width, 2 * half_width / strides**2]`.

    Output shape:
        `[batch, height / strides, width / strides, 2 * half_width]`.
    """

    def __init__(
        self, half_width, strides=1, bottleneck_ratio=4, first=False, **kwargs
    ):
        super().__init__(**kwargs)
        for argument, value in (
            ("half_width", half_width),
            ("strides", strides),
            ("bottleneck_ratio", bottleneck_ratio),
        ):
            _check_positive(argument, value)
        if half_width % strides**2:
            raise ValueError(
                f"half_width: expected a multiple of strides**2 = "
                f"{strides**2}, received {half_width}; a squeeze multiplies "
                "the channels by that number"
            )
        self.half_width = half_width
        self.strides = strides
        self.bottleneck_ratio = bottleneck_ratio
        self.first = first
        self._make_residual_function()

    def _make_residual_function(self):
        """Makes F as two lists that are walked in step."""
        inner = max(1, self.half_width // self.bottleneck_ratio)
        widths = (inner, inner, self.half_width)
        strides = (self.strides, 1, 1)
        self._convolutions = [
            keras.layers.Conv2D(
                width,
                3,
                strides=stride,
                padding="valid",
                use_bias=False,
                kernel_initializer=keras.initializers.VarianceScaling(
                    1 / 3, "fan_in", "uniform"
                ),
                data_format="channels_last",
                dtype=self.dtype_policy,
                name=f"convolution{number}",
            )
            for number, (width, stride) in enumerate(
                zip(widths, strides, strict=True), start=1
            )
        ]
        self._norms = [
            None
            if self.first and number == 1
            else keras.layers.BatchNormalization(
                axis=-1,
                momentum=0.9,
                epsilon=1e-5,
                dtype=self.dtype_policy,
                name=f"norm{number}",
            )
            for number in (1, 2, 3)
        ]

    def build(self, input_shape):
        super().build(input_shape)
        channels = input_shape[-1] // 2
        for norm, convolution in self._residual_steps():
            # The weights depend on the channels only.
            shape = (None, None, None, channels)
            if norm is not None:
                norm.build(shape)
            convolution.build(shape)
            channels = convolution.filters

    def call(self, inputs, training=False):
        """Returns the coupled halves, `[..., 2 * half_width]`."""
        self.compute_output_shape(inputs.shape)
        x1, x2 = _split(inputs)
        y1 = squeeze(x2, self.strides)
        y2 = squeeze(x1, self.strides) + self._residual(x2, training)
        return _recombine(y1, y2)

    def _invert(self, outputs):
        y1, y2 = _split(outputs)
        x2 = unsqueeze(y1, self.strides)
        x1 = unsqueeze(y2 - self._residual(x2, False), self.strides)
        return _recombine(x1, x2)

    def _residual(self, half, training):
        """F: `[b, h, w, c]` -> `[b, h/strides, w/strides, half_width]`."""
        for norm, convolution in self._residual_steps():
            if norm is not None:
                half = ops.relu(norm(half, training=training))
            # One pixel on every side, not padding="same": where the stride
            # is 2 that would pad the far side alone and shift F against S.
            half = ops.pad(half, ((0, 0), (1, 1), (1, 1), (0, 0)))
            half = convolution(half)
        return half

    def _residual_steps(self):
        return zip(self._norms, self._convolutions, strict=True)

    def compute_output_shape(self, input_shape):
        received = channels_of(input_shape, self.name)
        expected = 2 * self.half_width // self.strides**2
        if received != expected:
            raise ValueError(
                f"layer {self.name!r}: expected {expected} channels (two "
                f"halves of {expected // 2}), received {received}; pad with "
                "InjectivePadding or change half_width"
            )
        grid = divided_grid(input_shape, self.strides, self.name)
        return (input_shape[0], *grid, 2 * self.half_width)

    def get_config(self):
        return {
            **super().get_config(),
            "half_width": self.half_width,
            "strides": self.strides,
            "bottleneck_ratio": self.bottleneck_ratio,
            "first": self.first,
        }


def _split(tensor):
    """Returns the two halves of the channels."""
    return ops.split(tensor, 2, axis=-1)


def _recombine(first_half, second_half):
    """Undoes `_split`."""
    return ops.concatenate([first_half, second_half], axis=-1)


def _check_positive(argument: str, value):
    if not isinstance(value, int) or value < 1:
        raise ValueError(
            f"{argument}: expected a whole number of at least 1, received "
            f"{value!r}; see the Args of AdditiveCoupling"
        )
