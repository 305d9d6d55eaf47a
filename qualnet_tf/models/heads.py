"""Heads: feature map -> logits."""

import keras


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
