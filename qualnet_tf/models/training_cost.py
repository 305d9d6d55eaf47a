"""What a training step costs, from shapes alone: arithmetic and memory.

Rough on purpose: it is meant for the decision whether a recipe fits a machine,
before anybody pays for one. Arithmetic is counted in multiply-adds of
convolutions and dense layers, memory in what stays until the backward pass.
"""

import dataclasses
import math

import keras

from qualnet_tf.backbones.grouped_conv import GroupedConv2D
from qualnet_tf.invertible.sequence import InvertibleSequence
from qualnet_tf.models import cost
from qualnet_tf.models.activation_memory import activation_bytes, size_of
from qualnet_tf.models.corrected_convolution import CorrectedConvolution

# Passes through a layer in a step: forward, gradient of the input and, where
# weights are trained, of those.
_TRAINED_PASSES, _FROZEN_PASSES = 3, 2
_KEPT = (
    keras.layers.Conv2D,
    keras.layers.Dense,
    keras.layers.MaxPooling2D,
    keras.layers.ReLU,
    keras.layers.PReLU,
    GroupedConv2D,
    CorrectedConvolution,
)


@dataclasses.dataclass(frozen=True)
class PartCost:
    """Costs of one part of a method.

    Attributes:
        name: Backbone, head, connector, decoder, teacher...
        parameters: Its numbers.
        multiply_adds: Of its forward pass, per image.
        step_multiply_adds: Of its share of a step, per image of the batch.
        weight_bytes: Of all its weights.
        activation_bytes: Kept until the backward pass, per image of the batch.
    """

    name: str
    parameters: cost.ParameterCounts
    multiply_adds: int
    step_multiply_adds: int
    weight_bytes: int
    activation_bytes: int


def part_cost(
    name: str,
    part: keras.layers.Layer,
    side: int,
    share: float = 1.0,
    differentiated: bool = True,
) -> PartCost:
    """Counts a part.

    Args:
        name: What to call it.
        part: Model, invertible network or inverse decoder.
        side: Side of the images that it sees or makes, pixels.
        share: Share of the batch that passes through it.
        differentiated: Whether a gradient flows through it.
    """
    network = getattr(part, "network", part)
    if isinstance(network, InvertibleSequence):
        # Both directions evaluate every residual function once.
        forward = network.multiply_adds((1, side, side, 3))
    else:
        forward = cost.multiply_adds(part)
    parameters = cost.parameter_counts(part)
    passes = 1
    kept = 0
    if differentiated:
        passes = _TRAINED_PASSES if parameters.trainable else _FROZEN_PASSES
        passes += getattr(network, "memory_saving", False)
        kept = _kept_bytes(network, side)
    return PartCost(
        name=name,
        parameters=parameters,
        multiply_adds=forward,
        step_multiply_adds=round(share * passes * forward),
        weight_bytes=sum(
            math.prod(weight.shape) * size_of(weight.dtype)
            for weight in part.weights
        ),
        activation_bytes=round(share * kept),
    )


def _kept_bytes(network: keras.layers.Layer, side: int) -> int:
    """What a part keeps for its backward pass, per image."""
    if isinstance(network, InvertibleSequence):
        estimated = activation_bytes(network, side)
        if network.memory_saving:
            return estimated.kept + estimated.rebuilt
        return estimated.plain
    # A convolution's result enters a batch norm, a ReLU's a convolution; sums
    # and batch norms keep nothing of their own.
    kept = sum(
        math.prod(layer.output.shape[1:]) * size_of(layer.compute_dtype)
        for layer in network.layers
        if isinstance(layer, _KEPT)
    )
    return kept + sum(
        _kept_bytes(layer.unit, side)
        for layer in network.layers
        if isinstance(layer, CorrectedConvolution)
    )
