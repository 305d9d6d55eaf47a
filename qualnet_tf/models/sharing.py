"""Copies of a functional model that share some of its layers."""

from collections.abc import Callable

import keras


def sharing_copy(
    model: keras.Model,
    suffix: str,
    is_own: Callable[[keras.layers.Layer], bool],
) -> keras.Model:
    """Copies a model; layers that are not to be its own are the model's.

    Args:
        model: A functional model, not nested.
        suffix: Goes behind the names of the copy and of its own layers.
        is_own: Which layers the copy has anew, with their starting weights.

    Returns:
        A functional model of the same inputs and outputs.

    Raises:
        ValueError: If the model is no functional one.
    """
    if not isinstance(model, keras.Model) or not hasattr(model, "operations"):
        raise ValueError(
            f"expected a functional backbone, received {type(model).__name__}; "
            "invertible networks have no layers to share"
        )

    def copy(layer):
        if not is_own(layer):
            return layer
        settings = layer.get_config()
        return type(layer).from_config(
            settings | {"name": f"{layer.name}_{suffix}"}
        )

    copied = keras.models.clone_model(model, clone_function=copy)
    copied.name = f"{model.name}_{suffix}"
    return copied


def with_own_norms(backbone: keras.Model, suffix: str) -> keras.Model:
    """Copies a backbone that shares all but its batch norms.

    Selective batch normalization: images of one kind keep statistics, scale
    and shift of their own.
    """
    return sharing_copy(
        backbone,
        suffix,
        lambda layer: isinstance(layer, keras.layers.BatchNormalization),
    )


def own_copy(head: keras.Model, suffix: str) -> keras.Model:
    """Copies a head that shares nothing."""
    return sharing_copy(
        head,
        suffix,
        lambda layer: not isinstance(layer, keras.layers.InputLayer),
    )
