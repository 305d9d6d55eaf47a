"""How well a network runs backwards: rounding errors and their growth.

On paper every inverse here is exact; in float32 each block adds a rounding
error, and the blocks behind it on the way back may let it grow. These
functions measure both at given images. They change no weight and no statistic.
"""

import dataclasses

import numpy as np
from keras import ops

from qualnet_tf.invertible import backend_primitives, rolling
from qualnet_tf.invertible.coupling import AdditiveCoupling
from qualnet_tf.invertible.residual_function import EPSILON
from qualnet_tf.invertible.sequence import InvertibleSequence

_VARIANCE = "moving_variance"


@dataclasses.dataclass(frozen=True)
class BlockError:
    """What one block loses on the way back.

    Attributes:
        name: The layer.
        own: Largest absolute error of what it rebuilds from its exact result.
        accumulated: The same, from a result that was itself rebuilt: with the
            errors of all blocks that the way back passed before.
        scale: Root mean square of what is rebuilt, which makes both relative.
    """

    name: str
    own: float
    accumulated: float
    scale: float

    @property
    def own_relative(self) -> float:
        """`own` over `scale`."""
        return self.own / self.scale if self.scale else self.own

    @property
    def accumulated_relative(self) -> float:
        """`accumulated` over `scale`."""
        return self.accumulated / self.scale if self.scale else self.accumulated


def single_blocks(network: InvertibleSequence) -> list:
    """Returns the layers of a built network, runs of blocks taken apart.

    Args:
        network: Built network; the layers are copies.
    """
    return rolling.unroll(network).layers


def reconstruction_errors(
    network: InvertibleSequence, images, training: bool = False
) -> list[BlockError]:
    """Measures how exactly the inputs of all blocks are rebuilt.

    Args:
        network: Built network.
        images: float32 `[batch, height, width, channels]`.
        training: False for the round trip of `inverse`; true for what the
            backward pass of a memory-saving `call` with the statistics of
            the batch rebuilds, by that pass's own function.

    Returns:
        One entry per layer or block, first to last; the accumulated error of
        the first is that of the images.
    """
    steps = []
    for layer in single_blocks(network):
        values = _values(layer)
        steps.append((layer.name, *_call_step(layer, values, training)))
    return _there_and_back(steps, images)


def decoding_errors(network: InvertibleSequence, features) -> list[BlockError]:
    """Measures what the backward pass of a memory-saving `inverse` rebuilds.

    It starts from the image and computes the blocks' results anew; the outputs
    of a layer that is not bijective are kept, not rebuilt.

    Args:
        network: Built network.
        features: Tensor that is decoded, of the shape of the network's output.

    Returns:
        One entry per layer or block in the order of decoding, last layer
        first; the accumulated error of the first is that of the features.
    """
    steps = []
    for layer in reversed(single_blocks(network)):
        there, back = _inverse_step(layer, _values(layer))
        steps.append((layer.name, there, back))
    return _there_and_back(steps, features)


def lipschitz_estimates(
    network: InvertibleSequence, images, num_iterations: int = 5
) -> dict[str, float]:
    """Estimates how much each residual function F stretches differences.

    The spectral norm of F's Jacobian at the block's actual input, with stored
    statistics, by power iteration on J^T J, for every image by itself; the
    largest is returned. It is a lower bound of the Lipschitz constant near
    these images twice over: other inputs may be worse, and the iteration
    comes from below. F is computed in the layer's own type, whatever its
    convolutions use otherwise.

    Inverting the block, (y1, y2) -> (y2 - F(y1), y1), lets an error grow by at
    most (L + sqrt(L^2 + 4)) / 2 <= 1 + L, see `inverse_amplification`.

    Args:
        network: Built network.
        images: float32 `[batch, height, width, channels]`.
        num_iterations: Rounds of the power iteration.

    Returns:
        The estimate per coupling block, by name, first to last.

    Raises:
        ValueError: If `num_iterations` is not positive.
    """
    if num_iterations < 1:
        raise ValueError(
            f"num_iterations: expected at least 1, received {num_iterations}; "
            "5 come within a tenth or so"
        )
    found = {}
    tensor = ops.convert_to_tensor(images)
    for layer in single_blocks(network):
        values = _values(layer)
        if isinstance(layer, AdditiveCoupling):
            half = ops.split(tensor, 2, axis=-1)[1]
            residual = _residual_of(layer, values)
            found[layer.name] = _spectral_norm(residual, half, num_iterations)
        tensor, _ = layer.pure_call(values, tensor, False)
    return found


def norm_scales(network: InvertibleSequence) -> dict[str, float]:
    """Returns the largest |gamma| / sqrt(variance + epsilon) of each block.

    A channel whose moving variance is nearly zero has a huge one: F then
    multiplies by it whatever an unseen image, or an error, brings there.

    Args:
        network: Built network.

    Returns:
        The largest scale per coupling block, by name, first to last.
    """
    found = {}
    for layer in single_blocks(network):
        if isinstance(layer, AdditiveCoupling):
            pairs = zip(layer.residual.specs(), layer.variables, strict=True)
            by_name = {(spec.scope, spec.name): value for spec, value in pairs}
            found[layer.name] = max(
                _largest(gamma * ops.rsqrt(by_name[scope, _VARIANCE] + EPSILON))
                for (scope, name), gamma in by_name.items()
                if name == "gamma"
            )
    return found


def inverse_amplification(lipschitz: float) -> float:
    """Returns how much a coupling block's inverse may enlarge an error.

    The largest singular value of [[-L, 1], [1, 0]].

    Args:
        lipschitz: Lipschitz constant L of its residual function.
    """
    return (lipschitz + (lipschitz**2 + 4) ** 0.5) / 2


def _values(layer):
    return [backend_primitives.read(variable) for variable in layer.variables]


def _call_step(layer, values, training):
    """`call` of a layer, and how its input is rebuilt."""
    nothing = [False] * len(values)

    def there(inputs):
        return layer.pure_call(values, inputs, training)[0]

    def back(outputs):
        if not training:
            return layer.pure_inverse(values, outputs)
        return layer.pure_call_gradient(
            values, outputs, ops.zeros_like(outputs), True, nothing
        )[0]

    return there, back


def _inverse_step(layer, values):
    """`inverse` of a layer, and how its input is rebuilt."""
    nothing = [False] * len(values)
    kept = []

    def there(outputs):
        inputs, kept[:], _ = layer.pure_inverse_keeping(values, outputs)
        return inputs

    def back(inputs):
        return layer.pure_inverse_gradient(
            values, inputs, ops.zeros_like(inputs), nothing, kept
        )[0]

    return there, back


def _there_and_back(steps, tensor) -> list[BlockError]:
    """Takes (name, there, back) steps in order, then back from the end."""
    tensor = ops.convert_to_tensor(tensor)
    inputs, own = [], []
    for _, there, back in steps:
        inputs.append(tensor)
        outputs = there(tensor)
        own.append(_largest(back(outputs) - tensor))
        tensor = outputs
    errors = []
    for (name, _, back), exact, error in zip(
        reversed(steps), reversed(inputs), reversed(own), strict=True
    ):
        tensor = back(tensor)
        scale = float(ops.sqrt(ops.mean(ops.square(exact))))
        accumulated = _largest(tensor - exact)
        errors.append(BlockError(name, error, accumulated, scale))
    return errors[::-1]


def _largest(tensor) -> float:
    """Largest absolute value; infinite where a number is none."""
    magnitudes = ops.abs(tensor)
    infinite = ops.full_like(magnitudes, float("inf"))
    return float(ops.max(ops.where(ops.isnan(tensor), infinite, magnitudes)))


def _residual_of(layer, values):
    residual = dataclasses.replace(layer.residual, dtype=layer.compute_dtype)
    return lambda half: residual(values, half, False)[0]


def _spectral_norm(function, point, num_iterations: int) -> float:
    """Largest singular value of a function's Jacobian J, over the batch.

    u -> J^T u is linear, so its own transposed derivative is v -> J v, and
    one derivative of a derivative gives both halves of a round.
    """

    def transposed(gradient):
        _, _, pull_back = backend_primitives.vector_jacobian_product(
            lambda tensor: (function(tensor), ()), [point]
        )
        return pull_back(gradient)[0], ()

    shape = tuple(function(point).shape)
    start = np.random.default_rng(0).normal(size=shape)
    left = ops.convert_to_tensor(start, dtype=point.dtype)
    norms = []
    for _ in range(num_iterations):
        right, _, pull_back = backend_primitives.vector_jacobian_product(
            transposed, [_unit(left)]
        )
        left = pull_back(_unit(right))[0]
        norms.append(_norm(left))
    # It never falls from round to round, but for rounding.
    return float(ops.max(ops.stack(norms)))


def _norm(tensor):
    """Euclidean norm of every image's entries, `[batch, 1, 1, 1]`."""
    squares = ops.sum(ops.square(tensor), axis=(1, 2, 3), keepdims=True)
    return ops.sqrt(squares)


def _unit(tensor):
    # A residual function may be constant: its Jacobian maps all to zero.
    return tensor / ops.maximum(_norm(tensor), 1e-30)
