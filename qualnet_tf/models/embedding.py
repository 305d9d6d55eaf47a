"""The network of a classifier that makes embeddings."""

import keras

from qualnet_tf.models.classifier import pooled_classifier
from qualnet_tf.models.cosine_logits import unit_length


@keras.saving.register_keras_serializable("qualnet_tf")
class UnitLength(keras.layers.Layer):
    """Scales embeddings to length 1, in float32 whatever the policy.

    Input shape:
        `[batch, size]`.

    Output shape:
        The same; zeros stay zeros.
    """

    def __init__(self, **kwargs):
        kwargs.setdefault("dtype", "float32")
        super().__init__(**kwargs)

    def call(self, inputs):
        """Returns the unit vectors."""
        return unit_length(inputs)

    def compute_output_shape(self, input_shape):
        """Returns the input's shape."""
        return input_shape


def build_embedding(
    classifier: keras.Model, normalized: bool = False
) -> keras.Model:
    """Returns a classifier without its last layer.

    Of a face network that is the pooled map behind batch norm and PReLU
    (output option A of LResNet-IR), of any other what its linear layer reads.

    Args:
        classifier: See `pooled_classifier`.
        normalized: Whether embeddings are scaled to length 1.

    Returns:
        A model of the same layers, images -> embedding [batch, size].

    Raises:
        ValueError: If the classifier does not end in a dense layer.
    """
    pooled = pooled_classifier(classifier)
    embedding = pooled.outputs[0]
    if normalized:
        embedding = UnitLength(name="unit_length")(embedding)
    return keras.Model(pooled.inputs[0], embedding, name="embedding")
