"""Heads: feature map -> logits."""

import keras

from qualnet_tf.backbones import lresnet_ir
from qualnet_tf.models.cosine_logits import CosineLogits


def linear_head(
    feature_shape: tuple[int, int, int],
    num_classes: int,
    normalized: bool = False,
) -> keras.Model:
    """Global average pooling and a linear layer (the paper's H and C).

    Args:
        feature_shape: (height, width, channels) of the last feature map.
        num_classes: Number of logits.
        normalized: Whether batch norm and ReLU come first.

    Returns:
        A model, features [batch, height, width, channels] -> float32 logits
        [batch, num_classes].

    Raises:
        ValueError: If there are fewer than two classes.
    """
    if num_classes < 2:
        raise ValueError(
            f"expected at least 2 classes, received {num_classes}; a "
            "classifier needs something to tell apart"
        )
    features = keras.Input(feature_shape, name="features")
    x = features
    if normalized:
        x = keras.layers.BatchNormalization(
            momentum=0.9, epsilon=1e-5, name="norm"
        )(x)
        x = keras.layers.ReLU(name="relu")(x)
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    # Softmax in half precision loses small probabilities, so logits do not
    # follow the policy.
    logits = keras.layers.Dense(num_classes, dtype="float32", name="logits")(x)
    return keras.Model(features, logits, name="head")


def margin_head(
    feature_shape: tuple[int, int, int], num_classes: int, scale: float = 30.0
) -> keras.Model:
    """Batch norm, PReLU, global average pooling and scaled cosines.

    The output option A of LResNet-IR with the head that margin losses are
    trained on; its pooled map is the embedding. All of it is float32 whatever
    the policy: a length or a sum of half precision numbers overflows.

    Args:
        feature_shape: (height, width, channels) of the last feature map.
        num_classes: Number of identities.
        scale: Factor of the cosines.

    Returns:
        A model, features [batch, height, width, channels] -> float32 logits
        [batch, num_classes], each the scaled cosine between the embedding
        and a class's direction.

    Raises:
        ValueError: If there are fewer than two classes or the scale is not
            above 0.
    """
    features = keras.Input(feature_shape, name="features")
    x = lresnet_ir.norm("norm", dtype="float32")(features)
    x = lresnet_ir.prelu("prelu", dtype="float32")(x)
    x = keras.layers.GlobalAveragePooling2D(name="pool", dtype="float32")(x)
    logits = CosineLogits(num_classes, scale, name="logits")(x)
    return keras.Model(features, logits, name="head")
