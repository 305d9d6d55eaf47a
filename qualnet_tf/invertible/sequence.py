"""Invertible layers one behind the other."""

from collections import Counter

import keras

from qualnet_tf.invertible.invertible_layer import InvertibleLayer


@keras.saving.register_keras_serializable("qualnet_tf")
class InvertibleSequence(InvertibleLayer):
    """Calls its layers in order; the inverse undoes them in reverse order.

    Args:
        layers: The invertible layers, first to last, with names that differ:
            they are part of the variables' paths.

    Input shape:
        That of the first layer.

    Output shape:
        That of the last layer.

    Example:
        network = InvertibleSequence([Squeeze(2), AdditiveCoupling(6)])
        features = network(images)  # [8, 32, 32, 3] -> [8, 16, 16, 12]
        images = network.inverse(features)
    """

    def __init__(self, layers, **kwargs):
        super().__init__(**kwargs)
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
        for layer in self.layers:
            inputs = layer(inputs, training=training)
        return inputs

    def _invert(self, outputs):
        for layer in reversed(self.layers):
            outputs = layer.inverse(outputs)
        return outputs

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
        return {**super().get_config(), "layers": layers}

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
