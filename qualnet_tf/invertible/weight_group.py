"""The weights of one norm or convolution, of one block or of many."""

import keras
from keras import ops

from qualnet_tf.invertible.residual_function import WeightSpec


class WeightGroup(keras.layers.Layer):
    """Holds weights that a residual function is called with.

    A layer without a call: it gives the variables their paths
    ("block/norm1/gamma") and their place in files.

    Args:
        specs: Its weights, trainable ones first.
        num_blocks: Length of a first axis over blocks; None for one block
            without that axis. Files hold the rows one by one.
    """

    def __init__(self, specs: list[WeightSpec], num_blocks=None, **kwargs):
        super().__init__(**kwargs)
        self.specs = list(specs)
        self.num_blocks = num_blocks

    def build(self):
        for spec in self.specs:
            stacked = self.num_blocks is not None
            self.add_weight(
                name=spec.name,
                shape=(self.num_blocks, *spec.shape) if stacked else spec.shape,
                initializer=_per_block(spec) if stacked else spec.initializer,
                trainable=spec.trainable,
            )

    def save_own_variables(self, store):
        if self.num_blocks is None:
            return super().save_own_variables(store)
        for spec, variable in zip(self.specs, self.variables, strict=True):
            rows = ops.convert_to_numpy(variable)
            for key, row in zip(self._keys(spec), rows, strict=True):
                store[key] = row

    def load_own_variables(self, store):
        if self.num_blocks is None:
            return super().load_own_variables(store)
        expected = {key for spec in self.specs for key in self._keys(spec)}
        if set(store.keys()) != expected:
            raise ValueError(
                f"{self.path}: expected the weights of {self.num_blocks} "
                f"blocks ({len(expected)} arrays), received "
                f"{len(store.keys())} arrays; load a file of a network with "
                "the same blocks"
            )
        for spec, variable in zip(self.specs, self.variables, strict=True):
            variable.assign(ops.stack([store[k] for k in self._keys(spec)]))

    def _keys(self, spec: WeightSpec) -> list[str]:
        """The names of a stack's rows in a file."""
        return [
            f"block{number:02d}_{spec.name}"
            for number in range(1, self.num_blocks + 1)
        ]


def make_groups(
    residual, num_blocks=None, dtype=None, trainable=True
) -> list[WeightGroup]:
    """Returns the groups that hold a residual function's weights, un-built.

    Their variables, one group after the other, are in the order of
    `ResidualFunction.specs`.

    Args:
        residual: The `ResidualFunction`.
        num_blocks: As for `WeightGroup`.
        dtype: Of the variables.
        trainable: Whether the layer that owns them is: one made frozen does
            not hand that on by itself.
    """
    specs: dict[str, list[WeightSpec]] = {}
    for spec in residual.specs():
        specs.setdefault(spec.scope, []).append(spec)
    return [
        WeightGroup(
            own, num_blocks, name=scope, dtype=dtype, trainable=trainable
        )
        for scope, own in specs.items()
    ]


def _per_block(spec: WeightSpec):
    """An initializer that starts every block of a stack by itself.

    One call for the stack would count its blocks into the fan-in, and one
    initializer gives the same numbers at every call.
    """

    def stacked(shape, dtype=None):
        one = keras.initializers.get(spec.initializer)
        initializers = [one.clone() for _ in range(shape[0])]
        return ops.stack(
            [initialize(shape[1:], dtype=dtype) for initialize in initializers]
        )

    return stacked
