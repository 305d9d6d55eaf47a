"""A frozen convolution whose worst filters are corrected by a small network."""

from collections.abc import Sequence

import keras
from keras import ops

from qualnet_tf.models import cost

# Of the kernel that makes the corrections.
_FIRST_DEVIATION = 0.001


@keras.saving.register_keras_serializable("qualnet_tf")
class CorrectedConvolution(keras.layers.Layer):
    """Adds a learned correction to some channels of a frozen convolution.

        y = convolution(x)
        y[chosen] += unit(y[chosen])

    The unit is the correction unit of Borkar and Karam, "DeepCorrect"
    (IEEE TIP 2019), section IV-A, layer sizes as in the authors' release:
    batch norm, a 1x1 convolution to `width` channels, two 3x3 ones, a 1x1 one
    back, with batch norm and ReLU behind all but the last. That one starts
    small, so that the network starts close to the one that is corrected.

    Args:
        convolution: A convolution layer without activation; frozen.
        filters: The channels that are corrected.
        width: Channels inside the unit.

    Input shape:
        `[batch, height, width, channels]`.

    Output shape:
        That of the convolution.

    Raises:
        ValueError: If no filter is chosen.
    """

    def __init__(self, convolution, filters: Sequence[int], width=64, **kwargs):
        super().__init__(**kwargs)
        if not filters:
            raise ValueError(
                f"{self.name}: expected filters to correct, received none; "
                "leave the convolution as it is"
            )
        self.convolution = convolution
        self.convolution.trainable = False
        self.filters = [int(number) for number in filters]
        self.width = width
        self.unit = _correction_unit(len(self.filters), width)

    def build(self, input_shape):
        if not self.convolution.built:
            self.convolution.build(input_shape)
        shape = self.convolution.compute_output_shape(input_shape)
        self.unit.build((*shape[:-1], len(self.filters)))
        self._sources = _sources(self.filters, shape[-1])

    def call(self, inputs, training=False):
        """Returns the map with its chosen channels corrected."""
        outputs = self.convolution(inputs)
        chosen = ops.take(outputs, ops.convert_to_tensor(self.filters), axis=-1)
        corrections = self.unit(chosen, training=training)
        padded = ops.pad(corrections, [[0, 0]] * 3 + [[0, 1]])
        placed = ops.take(padded, ops.convert_to_tensor(self._sources), axis=-1)
        return outputs + placed

    def compute_output_shape(self, input_shape):
        return self.convolution.compute_output_shape(input_shape)

    def multiply_adds(self, input_shape) -> int:
        """Returns those of the convolution and of the unit, for one image.

        Args:
            input_shape: `(batch, height, width, channels)`.
        """
        return cost.layer_multiply_adds(
            self.convolution, input_shape
        ) + cost.multiply_adds(self.unit)

    def get_config(self):
        return {
            **super().get_config(),
            "convolution": keras.saving.serialize_keras_object(
                self.convolution
            ),
            "filters": self.filters,
            "width": self.width,
        }

    @classmethod
    def from_config(cls, config):
        inner = keras.saving.deserialize_keras_object(config["convolution"])
        return cls(**{**config, "convolution": inner})


def _sources(filters: list[int], num_channels: int) -> list[int]:
    """Per channel the place of its correction; that of a zero for the rest."""
    places = dict(zip(filters, range(len(filters)), strict=True))
    return [
        places.get(channel, len(filters)) for channel in range(num_channels)
    ]


def _correction_unit(num_filters: int, width: int) -> keras.Sequential:
    def convolution(filters, side, name, initializer="he_normal"):
        return keras.layers.Conv2D(
            filters,
            side,
            padding="same",
            use_bias=False,
            kernel_initializer=initializer,
            data_format="channels_last",
            name=name,
        )

    layers = [_norm("norm0")]
    for number, side in enumerate((1, 3, 3), 1):
        layers += [
            convolution(width, side, f"convolution{number}"),
            _norm(f"norm{number}"),
            keras.layers.ReLU(name=f"relu{number}"),
        ]
    small = keras.initializers.RandomNormal(stddev=_FIRST_DEVIATION)
    layers.append(convolution(num_filters, 1, "convolution4", small))
    return keras.Sequential(layers, name="unit")


def _norm(name):
    return keras.layers.BatchNormalization(
        momentum=0.9, epsilon=1e-5, name=name
    )
