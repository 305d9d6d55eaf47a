"""VID: the student keeps the information that is in the teacher's map.

Ahn et al., "Variational Information Distillation for Knowledge Transfer" (CVPR
2019), Equations 4 and 5: a Gaussian around what the student's map predicts,
with a variance per channel. Of the last maps; the predictor's shape, the first
variance 5 and weight 1: Tian, Krishnan and Isola, "Contrastive Representation
Distillation" (ICLR 2020), appendix and released code.
"""

import math

import keras
from keras import ops

from qualnet_tf.methods.distillation import Distillation
from qualnet_tf.methods.fitnet import feature_shapes

FIRST_VARIANCE = 5.0
# What the variance is held above.
EPSILON = 1e-5


class VID(Distillation):
    """Maximises a lower bound of the maps' mutual information.

    Mean and variance are learned along and not exported.

    Raises:
        ValueError: If the two maps have different grids.
    """

    published_weight = 1.0

    def __init__(self, classifier, teacher, distillation_weight=None, **kwargs):
        super().__init__(classifier, teacher, distillation_weight, **kwargs)
        student, taught = feature_shapes(classifier, teacher)
        if student[:2] != taught[:2]:
            raise ValueError(
                f"expected the student's map on the teacher's grid "
                f"{taught[0]}x{taught[1]}, received {student[0]}x{student[1]}"
                "; choose a backbone and a stage-1 network with the same "
                "total stride"
            )
        self.predictor = _predictor(student, taught[-1])
        self.spread = ChannelSpread(name="spread")
        self.spread.build((None, *taught))

    @property
    def parts(self) -> dict[str, keras.layers.Layer]:
        """See the base class."""
        return {**super().parts, "predictor": self.predictor}

    def error(self, teacher, student):
        """See the base class."""
        mean = self.predictor(student["features"])
        variance = self.spread(teacher["features"])
        return gaussian_error(teacher["features"], mean, variance)


class ChannelSpread(keras.layers.Layer):
    """A learned variance per channel, above `EPSILON`.

    Input shape:
        `[batch, height, width, channels]`; only the channels matter.

    Output shape:
        `[channels]`.
    """

    def build(self, input_shape):
        start = math.log(math.expm1(FIRST_VARIANCE - EPSILON))
        self.log_scale = self.add_weight(
            name="log_scale",
            shape=(input_shape[-1],),
            initializer=keras.initializers.Constant(start),
        )

    def call(self, inputs):
        """Returns the variances."""
        return ops.softplus(self.log_scale) + EPSILON


def gaussian_error(teacher_features, mean, variance):
    """Negative log-likelihood of a map, up to a constant, mean over entries.

        ((teacher - mean)^2 / variance + log variance) / 2

    Args:
        teacher_features: `[batch, height, width, channels]`.
        mean: The same, predicted.
        variance: `[channels]`, positive.
    """
    squares = ops.square(teacher_features - mean)
    return ops.mean(squares / variance + ops.log(variance)) / 2.0


def _predictor(feature_shape, channels: int) -> keras.Model:
    """Three 1x1 convolutions without biases, ReLU between them."""
    features = keras.Input(feature_shape, name="features")
    outputs = features
    for number in (1, 2, 3):
        if number > 1:
            outputs = keras.layers.ReLU(name=f"relu{number - 1}")(outputs)
        outputs = keras.layers.Conv2D(
            channels,
            1,
            use_bias=False,
            data_format="channels_last",
            name=f"convolution{number}",
        )(outputs)
    return keras.Model(features, outputs, name="predictor")
