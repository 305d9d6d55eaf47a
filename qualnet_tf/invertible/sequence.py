"""Invertible layers one behind the other."""

import itertools
from collections import Counter

import keras

from qualnet_tf.invertible import backend_primitives, reversal
from qualnet_tf.invertible.invertible_layer import InvertibleLayer


@keras.saving.register_keras_serializable("qualnet_tf")
class InvertibleSequence(InvertibleLayer):
    """Calls its layers in order; the inverse undoes them in reverse order.

    Args:
        layers: The invertible layers, first to last, with names that differ:
            they are part of the variables' paths.
        memory_saving: Whether gradients are made by reconstruction, in both
            directions: activations are rebuilt from the output, not stored
            (see `reversal`), and runs of equal blocks are one loop. Gradients
            and statistics are those of plain differentiation up to rounding,
            for about a quarter more time. May be set at any time before a
            function is traced.

    Input shape:
        That of the first layer.

    Output shape:
        That of the last layer.

    Example:
        network = InvertibleSequence([Squeeze(2), AdditiveCoupling(6)])
        features = network(images)  # [8, 32, 32, 3] -> [8, 16, 16, 12]
        images = network.inverse(features)
    """

    def __init__(self, layers, memory_saving=False, **kwargs):
        super().__init__(**kwargs)
        self.memory_saving = memory_saving
        layers = list(layers)
        _check_layers(layers)
        self.layers = layers

    @property
    def bijective(self) -> bool:
        return all(layer.bijective for layer in self.layers)

    def build(self, input_shape):
        super().build(input_shape)
        for layer in self.layers:
            # A name scope is opened by build(), so that the path of a
            # variable is network/layer/part/kernel.
            layer.build(input_shape)
            input_shape = layer.compute_output_shape(input_shape)

    def call(self, inputs, training=False):
        """Returns what the last layer makes of the first one's inputs."""
        if self.memory_saving:
            outputs, moved = reversal.call(self, inputs, bool(training))
            for statistic, value in zip(self.statistics, moved, strict=False):
                statistic.assign(value)
            return outputs
        for layer in self.layers:
            inputs = layer(inputs, training=training)
        return inputs

    def _invert(self, outputs):
        if self.memory_saving:
            return reversal.invert(self, outputs)[0]
        for layer in reversed(self.layers):
            outputs = layer.inverse(outputs)
        return outputs

    def _decode(self, outputs):
        if self.memory_saving:
            outputs, moved = reversal.invert(self, outputs, True)
            for statistic, value in zip(self.statistics, moved, strict=False):
                statistic.assign(value)
            return outputs
        for layer in reversed(self.layers):
            outputs = layer.decode(outputs, training=True)
        return outputs

    @property
    def statistics(self):
        """Those of all layers, first to last."""
        return [value for layer in self.layers for value in layer.statistics]

    def pure_call(self, values, inputs, training):
        """See the base class."""
        statistics = []
        for layer, own in zip(self.layers, self._shares(values), strict=True):
            inputs, moved = layer.pure_call(own, inputs, training)
            statistics += moved
        return inputs, statistics

    def pure_inverse(self, values, outputs):
        """See the base class."""
        return self.pure_inverse_keeping(values, outputs)[0]

    def pure_inverse_keeping(self, values, outputs, training=False):
        """See the base class; kept is a list per layer, first layer first."""
        kept, statistics = [], []
        for layer, own in self._backwards(values):
            outputs, lost, moved = layer.pure_inverse_keeping(
                own, outputs, training
            )
            kept.insert(0, lost)
            statistics = moved + statistics
        return outputs, kept, statistics

    def pure_call_gradient(self, values, outputs, gradient, training, wanted):
        """See the base class."""
        shares = self._backwards(list(zip(values, wanted, strict=True)))
        found = []
        for layer, share in shares:
            outputs, gradient = backend_primitives.tie(
                [outputs, gradient], [outputs, gradient]
            )
            outputs, gradient, own = layer.pure_call_gradient(
                [value for value, _ in share],
                outputs,
                gradient,
                training,
                [want for _, want in share],
            )
            found = own + found
        return outputs, gradient, found

    def pure_inverse_gradient(
        self, values, inputs, gradient, wanted, kept=(), training=False
    ):
        """See the base class."""
        kept = kept or [()] * len(self.layers)
        shares = self._shares(list(zip(values, wanted, strict=True)))
        found = []
        for layer, share, lost in zip(self.layers, shares, kept, strict=True):
            inputs, gradient = backend_primitives.tie(
                [inputs, gradient], [inputs, gradient]
            )
            inputs, gradient, own = layer.pure_inverse_gradient(
                [value for value, _ in share],
                inputs,
                gradient,
                [want for _, want in share],
                lost,
                training,
            )
            found += own
        return inputs, gradient, found

    def _shares(self, entries):
        """Cuts a list with an entry per variable into one list per layer."""
        entries = iter(entries)
        return [
            list(itertools.islice(entries, len(layer.variables)))
            for layer in self.layers
        ]

    def _backwards(self, entries):
        """Pairs of layer and its share, last layer first."""
        pairs = zip(self.layers, self._shares(entries), strict=True)
        return reversed(list(pairs))

    def multiply_adds(self, input_shape):
        """See the base class."""
        total = 0
        for layer in self.layers:
            total += layer.multiply_adds(input_shape)
            input_shape = layer.compute_output_shape(input_shape)
        return total

    def compute_output_shape(self, input_shape):
        for layer in self.layers:
            input_shape = layer.compute_output_shape(input_shape)
        return tuple(input_shape)

    def get_config(self):
        layers = [
            keras.saving.serialize_keras_object(layer) for layer in self.layers
        ]
        for layer in layers:
            # A layer that is built while it is read, before the sequence,
            # would get variables without the sequence's name in their paths.
            layer.pop("build_config", None)
        return {
            **super().get_config(),
            "layers": layers,
            "memory_saving": self.memory_saving,
        }

    @classmethod
    def from_config(cls, config):
        layers = [
            keras.saving.deserialize_keras_object(layer)
            for layer in config["layers"]
        ]
        return cls(**{**config, "layers": layers})


def _check_layers(layers):
    """Raises ValueError for layers that do not make an invertible sequence."""
    if not layers:
        raise ValueError(
            "layers: expected at least one invertible layer, received none; "
            "a sequence of nothing has no shape"
        )
    for position, layer in enumerate(layers):
        if not isinstance(layer, InvertibleLayer):
            raise ValueError(
                f"layers[{position}]: expected an InvertibleLayer, received "
                f"{type(layer).__name__}; leave it out or write its inverse"
            )
    counts = Counter(layer.name for layer in layers)
    repeated = [name for name, count in counts.items() if count > 1]
    if repeated:
        raise ValueError(
            f"layers: expected names that differ, received {repeated[0]!r} "
            f"{counts[repeated[0]]} times; give each layer a name of its own"
        )
