"""The network of a classifier that makes embeddings."""

import keras

from qualnet_tf.models.classifier import pooled_classifier


def build_embedding(classifier: keras.Model) -> keras.Model:
    """Returns a classifier without its last layer.

    Of a face network that is the pooled map behind batch norm and PReLU
    (output option A of LResNet-IR), of any other what its linear layer reads.

    Args:
        classifier: See `pooled_classifier`.

    Returns:
        A model of the same layers, images -> embedding [batch, size], not
        scaled to unit length.

    Raises:
        ValueError: If the classifier does not end in a dense layer.
    """
    pooled = pooled_classifier(classifier)
    return keras.Model(pooled.inputs, pooled.outputs[0], name="embedding")
