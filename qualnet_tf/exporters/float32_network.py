"""A classifier that computes in half precision, rebuilt in float32."""

from typing import Any

import keras

_HALVES = ("float16", "bfloat16")


def in_float32(classifier: keras.Model) -> keras.Model:
    """Returns the classifier itself, or a copy that computes in float32.

    Converters to other formats know the operations of float32 alone, and a
    classifier that was trained with mixed precision keeps its policy in its
    file. The weights are float32 either way, so nothing is lost.

    Args:
        classifier: Functional Keras model.

    Raises:
        ValueError: If a layer cannot be rebuilt.
    """
    if not _in_half(classifier):
        return classifier
    copy = keras.models.clone_model(
        classifier, clone_function=_rebuild, recursive=True
    )
    copy.set_weights(classifier.get_weights())
    left = _in_half(copy)
    if left:
        raise ValueError(
            f"layer {left[0]}: expected one that can be rebuilt in float32, "
            "received one that stays in half precision; pass the dtype that "
            "it is given on to every layer inside it"
        )
    return copy


def _in_half(network: keras.Model) -> list[str]:
    """Returns the names of layers that compute in half precision."""
    # Keras has no public way into layers that are no models.
    return [
        layer.name
        for layer in network._flatten_layers()
        if layer.compute_dtype in _HALVES
        or getattr(layer, "residual_dtype", None) in _HALVES
    ]


def _rebuild(layer: keras.layers.Layer) -> keras.layers.Layer:
    config = {**layer.get_config(), "dtype": "float32"}
    return type(layer).from_config(_without_halves(config))


def _without_halves(config: Any) -> Any:
    """Returns a layer's configuration, and those in it, without halves.

    Some layers hold layers, or compute a part of themselves in a type of its
    own, such as `residual_dtype`.
    """
    if isinstance(config, list | tuple):
        return type(config)(map(_without_halves, config))
    if not isinstance(config, dict):
        return config
    if config.get("class_name") == "DTypePolicy":
        return "float32"
    return {
        key: "float32"
        if key.endswith("dtype") and value in _HALVES
        else _without_halves(value)
        for key, value in config.items()
    }
