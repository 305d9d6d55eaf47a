"""What a backward pass through an invertible network keeps, estimated."""

import math
from typing import NamedTuple

import keras

from qualnet_tf.invertible import diagnostics
from qualnet_tf.invertible.coupling import AdditiveCoupling
from qualnet_tf.invertible.sequence import InvertibleSequence


class ActivationBytes(NamedTuple):
    """Estimated bytes per image.

    Attributes:
        plain: Kept by plain differentiation until the backward pass.
        kept: Kept with `memory_saving`: the network's result alone.
        rebuilt: Needed beside it while the dearest block is rebuilt and
            differentiated, and free again afterwards.
    """

    plain: int
    kept: int
    rebuilt: int


def activation_bytes(
    network: InvertibleSequence, image_size: int
) -> ActivationBytes:
    """Estimates, from shapes alone, what training keeps for one image.

    Counted is what the derivatives of a block's residual function read: the
    input of every batch norm, and the result of every ReLU (again in the
    type of the convolutions, where that is another); of a frozen network, the
    results of its ReLUs alone. Sums, squeezes and halves keep nothing. Buffers
    that a backend holds for a moment, such as those of its convolutions, are
    not counted; a compiler may keep less.

    Args:
        network: Built network.
        image_size: Side of the images, pixels.
    """
    shape = (1, image_size, image_size, 3)
    plain = rebuilt = 0
    for layer in diagnostics.single_blocks(network):
        outputs = tuple(layer.compute_output_shape(shape))
        if isinstance(layer, AdditiveCoupling):
            own = _coupling_bytes(layer, shape, outputs, network.trainable)
            plain += own
            # The block's result and its gradient, its input and that one's.
            size = size_of(layer.compute_dtype)
            rebuilt = max(rebuilt, own + 4 * size * math.prod(outputs))
        shape = outputs
    kept = math.prod(shape) * size_of(network.compute_dtype)
    return ActivationBytes(plain, kept, rebuilt)


def _coupling_bytes(
    layer: AdditiveCoupling, inputs, outputs, trainable: bool
) -> int:
    """Bytes that the derivative of a block's residual function reads."""
    size, inner_size = (
        size_of(dtype) for dtype in (layer.compute_dtype, layer.residual.dtype)
    )
    norm_and_relu = first_convolution = size
    if trainable:
        norm_and_relu += size + (inner_size if inner_size != size else 0)
    elif layer.first:
        first_convolution = 0
    inner = max(1, layer.half_width // layer.bottleneck_ratio)
    half = math.prod(inputs) // 2
    # Without a first norm the convolution reads the half itself.
    first = first_convolution if layer.first else norm_and_relu
    return first * half + norm_and_relu * 2 * inner * math.prod(outputs[1:3])


def size_of(dtype: str) -> int:
    """Bytes of a number."""
    bits = {"float16": 16, "bfloat16": 16, "float32": 32, "float64": 64}
    return bits[keras.backend.standardize_dtype(dtype)] // 8
