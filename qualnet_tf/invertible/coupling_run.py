"""Equal coupling blocks one behind the other, as one loop."""

import keras
from keras import ops

from qualnet_tf.invertible import backend_primitives
from qualnet_tf.invertible.coupling import AdditiveCoupling
from qualnet_tf.invertible.invertible_layer import InvertibleLayer
from qualnet_tf.invertible.residual_function import statistics_of
from qualnet_tf.invertible.weight_group import make_groups


@keras.saving.register_keras_serializable("qualnet_tf")
class CouplingRun(InvertibleLayer):
    """Equal `AdditiveCoupling` blocks whose weights are stacked.

    Inside a sequence with `memory_saving` the run is one loop over the rows
    of the stacked weights, so that neither the graph nor the time to compile
    it grows with the number of blocks. Alone, or without `memory_saving`, it
    is unrolled. The numbers are those of the blocks in a sequence.

    Files hold the weights block by block.

    Args:
        num_blocks: Number of blocks, at least 1.
        half_width: See `AdditiveCoupling`; a run has no strides.
        bottleneck_ratio: See `AdditiveCoupling`.
        residual_dtype: See `AdditiveCoupling`.
        step: See `AdditiveCoupling`.

    Input shape:
        `[batch, height, width, 2 * half_width]`.

    Output shape:
        The input shape.
    """

    def __init__(
        self,
        num_blocks,
        half_width,
        bottleneck_ratio=4,
        residual_dtype=None,
        step=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if not isinstance(num_blocks, int) or num_blocks < 1:
            raise ValueError(
                "num_blocks: expected a whole number of at least 1, received "
                f"{num_blocks!r}; leave the run out where there is no block"
            )
        self.num_blocks = num_blocks
        # It is never built: it lends its algebra, not its variables.
        self.block = AdditiveCoupling(
            half_width,
            bottleneck_ratio=bottleneck_ratio,
            residual_dtype=residual_dtype,
            step=step,
            dtype=self.dtype_policy,
            name="block",
        )

        self.groups = make_groups(
            self.block.residual, num_blocks, self.dtype_policy, self.trainable
        )

    def build(self, input_shape):
        super().build(input_shape)
        for group in self.groups:
            group.build()

    @property
    def statistics(self):
        """The moving means and variances, stacked."""
        return statistics_of(self.block.residual, self.variables)

    def call(self, inputs, training=False):
        """Returns what the last block makes of the first one's inputs."""
        self.compute_output_shape(inputs.shape)
        moved = []
        for values in self._rows():
            inputs, statistics = self.block.pure_call(
                values, inputs, training and self.trainable
            )
            moved.append(statistics)
        self._move(moved)
        return inputs

    def _invert(self, outputs):
        for values in reversed(self._rows()):
            outputs = self.block.pure_inverse(values, outputs)
        return outputs

    def _decode(self, outputs):
        moved = []
        for values in reversed(self._rows()):
            outputs, _, statistics = self.block.pure_inverse_keeping(
                values, outputs, self.trainable
            )
            moved.insert(0, statistics)
        self._move(moved)
        return outputs

    def _move(self, moved) -> None:
        """Sets the statistics from one list per block."""
        for statistic, rows in zip(
            self.statistics, zip(*moved, strict=True), strict=False
        ):
            statistic.assign(ops.stack(rows))

    def _rows(self):
        """The values of the variables, one list per block."""
        stacks = [
            ops.unstack(backend_primitives.read(variable))
            for variable in self.variables
        ]
        return list(zip(*stacks, strict=True))

    def pure_call(self, values, inputs, training):
        """See the base class."""
        training = bool(training and self.trainable)

        def couple(row, halves):
            return self.block.couple(
                [stack[row] for stack in values], halves, training
            )

        halves, moved = backend_primitives.scan(
            self.num_blocks,
            couple,
            ops.split(inputs, 2, axis=-1),
            self.statistics if training else [],
        )
        return ops.concatenate(halves, axis=-1), moved

    def pure_inverse(self, values, outputs):
        """See the base class."""
        return self.pure_inverse_keeping(values, outputs)[0]

    def pure_inverse_keeping(self, values, outputs, training=False):
        """See the base class."""
        training = bool(training and self.trainable)

        def uncouple(row, halves):
            return self.block.uncouple(
                [stack[row] for stack in values], halves, training
            )

        halves, moved = backend_primitives.scan(
            self.num_blocks,
            uncouple,
            ops.split(outputs, 2, axis=-1),
            self.statistics if training else [],
            reverse=True,
        )
        return ops.concatenate(halves, axis=-1), [], moved

    def pure_call_gradient(self, values, outputs, gradient, training, wanted):
        """See the base class."""
        training = bool(training and self.trainable)

        def step(row, halves, gradients):
            return self.block.couple_gradient(
                [stack[row] for stack in values],
                halves,
                gradients,
                training,
                wanted,
            )

        return self._walk(step, outputs, gradient, wanted, reverse=True)

    def pure_inverse_gradient(
        self, values, inputs, gradient, wanted, kept=(), training=False
    ):
        """See the base class."""
        training = bool(training and self.trainable)

        def step(row, halves, gradients):
            return self.block.uncouple_gradient(
                [stack[row] for stack in values],
                halves,
                gradients,
                wanted,
                training,
            )

        return self._walk(step, inputs, gradient, wanted, reverse=False)

    def _walk(self, step, tensor, gradient, wanted, reverse):
        """Loops over a gradient of the block and collects the weights'."""

        def body(row, state):
            halves, gradients, found = step(row, state[:2], state[2:])
            return [*halves, *gradients], found

        (a1, a2, g1, g2), found = backend_primitives.scan(
            self.num_blocks,
            body,
            [
                *ops.split(tensor, 2, axis=-1),
                *ops.split(gradient, 2, axis=-1),
            ],
            [
                variable
                for variable, want in zip(self.variables, wanted, strict=True)
                if want
            ],
            reverse,
        )
        return (
            ops.concatenate([a1, a2], axis=-1),
            ops.concatenate([g1, g2], axis=-1),
            found,
        )

    def multiply_adds(self, input_shape):
        """See the base class."""
        return self.num_blocks * self.block.multiply_adds(input_shape)

    def compute_output_shape(self, input_shape):
        return self.block.compute_output_shape(input_shape)

    def block_values(self, index: int) -> list:
        """Returns one block's weights as `AdditiveCoupling.get_weights` does.

        Args:
            index: Place of the block, from 0.
        """
        return [
            ops.convert_to_numpy(variable)[index] for variable in self.variables
        ]

    def set_block_values(self, values) -> None:
        """Sets the weights of all blocks.

        Args:
            values: Per block, what `block_values` returned for it.
        """
        for variable, rows in zip(
            self.variables, zip(*values, strict=True), strict=True
        ):
            variable.assign(ops.stack(rows))

    def get_config(self):
        return {
            **super().get_config(),
            "num_blocks": self.num_blocks,
            "half_width": self.block.half_width,
            "bottleneck_ratio": self.block.bottleneck_ratio,
            "residual_dtype": self.block.residual_dtype,
            "step": self.block.step,
        }
