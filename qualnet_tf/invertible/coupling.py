"""The additive coupling block that i-RevNets are made of."""

import keras
from keras import ops

from qualnet_tf.invertible import backend_primitives, fixed_point, reversal
from qualnet_tf.invertible.invertible_layer import (
    InvertibleLayer,
    channels_of,
)
from qualnet_tf.invertible.residual_function import (
    ResidualFunction,
    statistics_of,
)
from qualnet_tf.invertible.squeeze import divided_grid, squeeze, unsqueeze
from qualnet_tf.invertible.weight_group import make_groups


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
    its input's variance. He's 2 / fan_in would let the stream grow with the
    golden ratio per block before the moving statistics have warmed up.

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
        residual_dtype: What the convolutions of F compute in; the halves and
            their sums stay in the layer's own dtype. None is that dtype.
        step: The power of two to whose multiples F's result is rounded, see
            `fixed_point`: a stream on that grid is then rebuilt bit by bit,
            also where F computes in half precision. None does not round.

    Input shape:
        `[batch, height, width, 2 * half_width / strides**2]`.

    Output shape:
        `[batch, height / strides, width / strides, 2 * half_width]`.
    """

    def __init__(
        self,
        half_width,
        strides=1,
        bottleneck_ratio=4,
        first=False,
        residual_dtype=None,
        step=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        _check_positive("half_width", half_width)
        _check_positive("strides", strides)
        _check_positive("bottleneck_ratio", bottleneck_ratio)
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
        self.residual_dtype = residual_dtype
        fixed_point.check_step(step)
        self.step = step
        self.residual = ResidualFunction(
            channels=half_width // strides**2,
            half_width=half_width,
            strides=strides,
            bottleneck_ratio=bottleneck_ratio,
            first=first,
            dtype=residual_dtype or self.compute_dtype,
        )
        self.groups = make_groups(
            self.residual, dtype=self.dtype_policy, trainable=self.trainable
        )

    def build(self, input_shape):
        super().build(input_shape)
        for group in self.groups:
            group.build()

    @property
    def statistics(self):
        """The moving means and variances."""
        return statistics_of(self.residual, self.variables)

    def call(self, inputs, training=False):
        """Returns the coupled halves, `[..., 2 * half_width]`."""
        self.compute_output_shape(inputs.shape)
        outputs, moved = self.pure_call(self._values(), inputs, training)
        self._move(moved)
        return outputs

    def _invert(self, outputs):
        return self.pure_inverse(self._values(), outputs)

    def _decode(self, outputs):
        values = self._values()
        inputs, _, moved = self.pure_inverse_keeping(values, outputs, True)
        self._move(moved)
        return inputs

    def _values(self):
        return [backend_primitives.read(value) for value in self.variables]

    def _move(self, moved):
        for statistic, value in zip(self.statistics, moved, strict=False):
            statistic.assign(value)

    def pure_call(self, values, inputs, training):
        """See the base class."""
        halves, moved = self.couple(
            values, _split(inputs), training and self.trainable
        )
        return _recombine(*halves), moved

    def pure_inverse(self, values, outputs):
        """See the base class."""
        return self.pure_inverse_keeping(values, outputs)[0]

    def pure_inverse_keeping(self, values, outputs, training=False):
        """See the base class."""
        halves, moved = self.uncouple(
            values, _split(outputs), training and self.trainable
        )
        return _recombine(*halves), [], moved

    def pure_call_gradient(self, values, outputs, gradient, training, wanted):
        """See the base class."""
        halves, gradients, value_gradients = self.couple_gradient(
            values,
            _split(outputs),
            _split(gradient),
            training and self.trainable,
            wanted,
        )
        return _recombine(*halves), _recombine(*gradients), value_gradients

    def pure_inverse_gradient(
        self, values, inputs, gradient, wanted, kept=(), training=False
    ):
        """See the base class."""
        halves, gradients, value_gradients = self.uncouple_gradient(
            values,
            _split(inputs),
            _split(gradient),
            wanted,
            training and self.trainable,
        )
        return _recombine(*halves), _recombine(*gradients), value_gradients

    def couple(self, values, halves, training):
        """(x1, x2) -> (y1, y2), and the moved statistics."""
        x1, x2 = halves
        outputs, moved = self._evaluate(values, x2, training)
        y1 = squeeze(x2, self.strides)
        return (y1, squeeze(x1, self.strides) + outputs), moved

    def uncouple(self, values, halves, training=False):
        """(y1, y2) -> (x1, x2), and the moved statistics."""
        y1, y2 = halves
        x2 = unsqueeze(y1, self.strides)
        outputs, moved = self._evaluate(values, x2, training)
        return (unsqueeze(y2 - outputs, self.strides), x2), moved

    def couple_gradient(self, values, halves, gradients, training, wanted):
        """(y1, y2) and their gradients -> (x1, x2) and theirs.

        x2 is in y1, so F is computed on the very batch that it saw, and once
        for both the reconstruction and the derivative. This holds with
        statistics of the batch as well: they are those of x2.

            dx1 = S^-1(dy2)
            dx2 = S^-1(dy1) + F'(x2)^T dy2

        Returns:
            halves: (x1, x2).
            gradients: (dx1, dx2).
            value_gradients: List of the wanted values' gradients.
        """
        (y1, y2), (dy1, dy2) = halves, gradients
        x2 = unsqueeze(y1, self.strides)
        outputs, back, value_gradients = self._pull_back(
            values, x2, dy2, training, wanted
        )
        x1 = unsqueeze(y2 - outputs, self.strides)
        dx2 = unsqueeze(dy1, self.strides) + back
        return (x1, x2), (unsqueeze(dy2, self.strides), dx2), value_gradients

    def uncouple_gradient(
        self, values, halves, gradients, wanted, training=False
    ):
        """(x1, x2) and their gradients -> (y1, y2) and theirs.

            dy2 = S(dx1)
            dy1 = S(dx2 - F'(x2)^T dy2)

        Returns:
            halves: (y1, y2).
            gradients: (dy1, dy2).
            value_gradients: List of the wanted values' gradients.
        """
        (x1, x2), (dx1, dx2) = halves, gradients
        dy2 = squeeze(dx1, self.strides)
        outputs, back, value_gradients = self._pull_back(
            values, x2, -dy2, training, wanted
        )
        y1 = squeeze(x2, self.strides)
        y2 = squeeze(x1, self.strides) + outputs
        dy1 = squeeze(dx2 + back, self.strides)
        return (y1, y2), (dy1, dy2), value_gradients

    def _evaluate(self, values, x2, training):
        """F(x2) on the grid, and the moved statistics."""
        outputs, moved = self.residual(values, x2, training)
        return fixed_point.round_to(outputs, self.step), moved

    def _pull_back(self, values, x2, gradient, training, wanted):
        """F(x2), and the gradients of x2 and of the wanted values."""
        return reversal.gradient_by_autodiff(
            lambda values, half: self._evaluate(values, half, training)[0],
            values,
            x2,
            gradient,
            wanted,
        )

    def multiply_adds(self, input_shape):
        """See the base class."""
        _, height, width, _ = self.compute_output_shape(input_shape)
        return self.residual.multiply_adds(height, width)

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
            "residual_dtype": self.residual_dtype,
            "step": self.step,
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
