"""What a model costs: its parameters and its multiply-adds per image."""

import math
from collections.abc import Iterator
from typing import NamedTuple

import keras

# Layers with weights whose work is not counted.
_FREE = (keras.layers.BatchNormalization, keras.layers.PReLU)


class ParameterCounts(NamedTuple):
    """Numbers of a model.

    Attributes:
        trainable: What training changes; the count that papers publish.
        non_trainable: Moving statistics, and all of a frozen layer.
    """

    trainable: int
    non_trainable: int


def parameter_counts(model: keras.layers.Layer) -> ParameterCounts:
    """Counts the numbers in the weights of a built layer or model."""
    return ParameterCounts(
        _size(model.trainable_weights), _size(model.non_trainable_weights)
    )


def multiply_adds(model: keras.Model) -> int:
    """Counts the multiply-adds of the forward pass for one image.

    As in the published figures, which call them FLOPs, only convolutions and
    dense layers count. Biases, batch norm, activations, pooling and additions
    do not: together they are below one per cent in a ResNet.

    A layer with a method `multiply_adds(input_shape) -> int` is asked, with
    the batch as first entry of the shape; models inside the model are counted
    by their own layers. A layer that is called twice counts twice.

    Args:
        model: A functional or sequential model for images of a fixed size.

    Raises:
        ValueError: If a size is open, or a layer with weights is of a kind
            not known here and has no such method.
    """
    return sum(
        layer_multiply_adds(layer, shape)
        for layer, shape in _layer_calls(model)
    )


def _layer_calls(model: keras.Model) -> Iterator[tuple]:
    """Yields each call of a layer in the model, with the input's shape."""
    if not getattr(model, "inputs", None):
        raise ValueError(
            f"model {model.name!r}: expected a functional or sequential model, "
            f"received a {type(model).__name__}; give its parts one by one"
        )
    graph = keras.Model(model.inputs, model.outputs)
    # The one place that knows how often a layer is called in this model, and
    # not in others that share it; Keras's summary() reads it as well.
    for nodes in graph._nodes_by_depth.values():
        for node in nodes:
            if isinstance(node.operation, keras.layers.Layer) and (
                node.input_tensors
            ):
                yield node.operation, tuple(node.input_tensors[0].shape)


def layer_multiply_adds(layer: keras.layers.Layer, input_shape: tuple) -> int:
    """Counts one call of a layer, as `multiply_adds` does.

    Args:
        layer: A built layer.
        input_shape: Of the call, with the batch as first entry.

    Raises:
        ValueError: As `multiply_adds`.
    """
    if hasattr(layer, "multiply_adds"):
        _check_known(layer, input_shape)
        return layer.multiply_adds(input_shape)
    if isinstance(layer, keras.Model):
        return multiply_adds(layer)
    if isinstance(layer, keras.layers.Conv2D):
        _check_known(layer, input_shape)
        shape = layer.compute_output_shape(input_shape)
        last = layer.data_format == "channels_last"
        grid = shape[1:3] if last else shape[2:4]
        return math.prod(grid) * math.prod(layer.kernel.shape)
    if isinstance(layer, keras.layers.Dense):
        _check_known(layer, input_shape)
        return math.prod(input_shape[1:-1]) * math.prod(layer.kernel.shape)
    if layer.weights and not isinstance(layer, _FREE):
        raise ValueError(
            f"layer {layer.name!r}: expected a convolution, a dense layer or "
            f"a method multiply_adds(input_shape), received a "
            f"{type(layer).__name__}; give it that method"
        )
    return 0


def _check_known(layer: keras.layers.Layer, input_shape: tuple) -> None:
    if None in input_shape[1:]:
        raise ValueError(
            f"layer {layer.name!r}: expected an input of known size, received "
            f"{input_shape}; build the model for images of a fixed size"
        )


def _size(weights: list) -> int:
    return sum(math.prod(weight.shape) for weight in weights)
