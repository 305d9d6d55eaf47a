"""Scaled cosines between embeddings and one direction per class."""

import math

import keras
from keras import ops

# Of squared lengths, behind the division by the largest entry: only a vector
# of zeros has less than 1.
_SMALLEST_SQUARE = 1e-12


def unit_length(vectors):
    """Scales vectors to length 1; zeros stay zeros, and nothing becomes NaN.

    Always in float32: in float16 the squares of an embedding overflow from a
    length of 256 on and vanish below 0.0002. The division by the largest entry
    keeps float32's own squares in range too.

    Args:
        vectors: `[..., size]`, finite.

    Returns:
        float32 of the same shape.
    """
    vectors = ops.cast(vectors, "float32")
    # The result does not depend on this factor, so neither does its gradient.
    largest = ops.stop_gradient(
        ops.max(ops.abs(vectors), axis=-1, keepdims=True)
    )
    vectors = vectors / ops.where(largest > 0, largest, ops.ones_like(largest))
    square = ops.sum(ops.square(vectors), axis=-1, keepdims=True)
    return vectors * ops.rsqrt(ops.maximum(square, _SMALLEST_SQUARE))


@keras.saving.register_keras_serializable("qualnet_tf")
class CosineLogits(keras.layers.Layer):
    """`scale * cos(angle)` between an embedding and every class's direction.

    The last layer of a face network in training (Wang et al., "CosFace",
    CVPR 2018, Eq. 2 to 4): without bias, both vectors of unit length. The
    margin is no part of it: it needs the label, so the loss adds it.

    Args:
        num_classes: Number of identities.
        scale: Factor s of the cosines, above 0.

    Input shape:
        `[batch, size]`, of any float type.

    Output shape:
        float32 `[batch, num_classes]` in [-scale, scale], whatever the policy.
    """

    def __init__(self, num_classes: int, scale: float = 30.0, **kwargs):
        kwargs.setdefault("dtype", "float32")
        super().__init__(**kwargs)
        if num_classes < 2:
            raise ValueError(
                f"expected at least 2 classes, received {num_classes}; a "
                "classifier needs something to tell apart"
            )
        if not scale > 0:
            raise ValueError(
                f"scale: expected a number above 0, received {scale}; CosFace "
                "is trained with 30 or 64"
            )
        self.num_classes = num_classes
        self.scale = float(scale)

    def build(self, input_shape):
        """Makes the directions, `kernel` [size, num_classes]."""
        self.kernel = self.add_weight(
            name="kernel",
            shape=(input_shape[-1], self.num_classes),
            initializer=keras.initializers.RandomNormal(stddev=0.01),
        )

    def call(self, embeddings):
        """Returns the scaled cosines."""
        directions = unit_length(ops.transpose(self.kernel))
        cosines = ops.matmul(unit_length(embeddings), ops.transpose(directions))
        return self.scale * cosines

    def multiply_adds(self, input_shape):
        """Returns those of the product with all directions, for one image."""
        return math.prod(input_shape[1:]) * self.num_classes

    def compute_output_shape(self, input_shape):
        """Returns the shape of the logits."""
        return (*input_shape[:-1], self.num_classes)

    def get_config(self):
        """Returns the constructor's arguments."""
        return {
            **super().get_config(),
            "num_classes": self.num_classes,
            "scale": self.scale,
        }
