"""Gradients of invertible networks by plain differentiation and by ours.

Used by `reversal_test` in its own process and, on the JAX backend, by running
this file: `python -m tests.invertible.gradient_cases`.
"""

import keras
import numpy as np
from keras import ops

from qualnet_tf import invertible
from qualnet_tf.invertible import irevnet, rolling
from qualnet_tf.invertible.sequence import InvertibleSequence

# Relative to each gradient's norm. Rebuilt activations are equal bit by bit, so
# that none falls on the other side of a ReLU; sums for batch norm's gradients
# may be in another order.
LIMITS = {"float32": 1e-5, "float64": 1e-9}
# Name: (factory, input shape).
NETWORKS = {
    "irevnet_tiny": (invertible.get("irevnet_tiny"), (4, 8, 8, 3)),
    "irevnet_small": (invertible.get("irevnet_small"), (4, 32, 32, 3)),
    # Padding and a first block whose halves are half empty.
    "irevnet_cifar": (
        lambda: _cut(invertible.get("irevnet_cifar")(), 2, 8),
        (4, 16, 16, 3),
    ),
    # A run on either side of the stride of the third stage; three blocks are
    # the first, the last and one between, which is all that a loop has.
    "slice_of_irevnet300": (
        lambda: _cut(irevnet.irevnet300(), 22, 29),
        (2, 12, 8, 192),
    ),
    # Errors that grow with the depth would show here.
    "deep_slice_of_irevnet300": (
        lambda: _cut(irevnet.irevnet300(), 15, 35),
        (2, 12, 8, 192),
    ),
}
WAYS = ("saving", "rolled", "rolled_saving")


def _cut(network, start: int, stop: int) -> InvertibleSequence:
    """Some layers of a network, between its own entries to the grid."""
    ends = network.layers[1], network.layers[-1]
    return InvertibleSequence(
        [ends[0], *network.layers[start:stop], ends[1]], name="slice"
    )


def make(name: str, seed: int = 0, dtype: str = "float32"):
    """Returns a network with statistics of a trained one, and an input."""
    keras.utils.set_random_seed(seed)
    factory, shape = NETWORKS[name]
    network = _with_dtype(factory(), dtype)
    network.build((None, *shape[1:]))
    randomize(network, seed)
    generator = np.random.default_rng(seed)
    return network, generator.uniform(size=shape).astype(dtype)


def _with_dtype(network, dtype: str):
    """Returns an un-built copy that computes in another type."""
    layers = [
        type(layer).from_config({**layer.get_config(), "dtype": dtype})
        for layer in network.layers
    ]
    return InvertibleSequence(layers, name=network.name, dtype=dtype)


def randomize(network, seed: int = 0) -> None:
    """Gives gammas and variances in [0.5, 2], betas and means around 0."""
    generator = np.random.default_rng(seed)
    for variable in network.variables:
        if variable.path.endswith(("gamma", "moving_variance")):
            variable.assign(generator.uniform(0.5, 2.0, variable.shape))
        elif variable.path.endswith(("beta", "moving_mean")):
            variable.assign(generator.normal(0.0, 0.3, variable.shape))


def variant(network, way: str):
    """Returns a copy of the network that runs in one of `WAYS`."""
    copy = rolling.roll(network) if "rolled" in way else rolling.unroll(network)
    copy.memory_saving = "saving" in way
    return copy


def gradients(network, inputs, weights, direction: str, execution: str):
    """Differentiates a linear function of the network's result.

    Args:
        network: Built network.
        inputs: NumPy array: images, or features for the inverse.
        weights: The linear function's, of the result's shape.
        direction: "train", "call" (stored statistics), "inverse" or "decode"
            (the inverse in training mode).
        execution: "eager", "graph" or "compiled" (which is "graph" on JAX).

    Returns:
        gradients: Of the input and, block by block, of all variables; zeros
            for those that are not trainable.
        values: All variables after the call, block by block.
    """

    def loss(tensor):
        if direction == "inverse":
            return ops.sum(network.inverse(tensor) * weights)
        if direction == "decode":
            return ops.sum(network.decode(tensor, training=True) * weights)
        return ops.sum(network(tensor, training=direction == "train") * weights)

    before = network.get_weights()
    on_jax = keras.backend.backend() == "jax"
    differentiate = _with_jax if on_jax else _with_tensorflow
    of_input, of_variables = differentiate(network, loss, inputs, execution)
    values = rolling.values_by_block(network)
    found = {
        id(variable): np.asarray(gradient)
        for variable, gradient in zip(
            network.trainable_variables, of_variables, strict=True
        )
    }
    for variable in network.variables:
        variable.assign(found.get(id(variable), np.zeros(variable.shape)))
    blocks = rolling.values_by_block(network)
    network.set_weights(before)
    flat = [array for block in blocks for array in block]
    return [np.asarray(of_input), *flat], values


def _with_tensorflow(network, loss, inputs, execution):
    import tensorflow as tf

    tensor = tf.constant(inputs)
    sources = [tensor, *(v.value for v in network.trainable_variables)]

    def step():
        with tf.GradientTape() as tape:
            tape.watch(tensor)
            value = loss(tensor)
        return tape.gradient(value, sources)

    if execution != "eager":
        step = tf.function(step, jit_compile=execution == "compiled")
    of_input, *of_variables = step()
    return of_input, of_variables


def _with_jax(network, loss, inputs, execution):
    import jax

    fixed = network.non_trainable_variables

    # Constants would be folded into the single blocks, but not into a loop.
    def of_values(tensor, values, old):
        pairs = zip(
            [*network.trainable_variables, *fixed], [*values, *old], strict=True
        )
        with keras.StatelessScope(state_mapping=list(pairs)) as scope:
            value = loss(tensor)
        return value, [scope.get_current_value(v) for v in fixed]

    step = jax.grad(of_values, argnums=(0, 1), has_aux=True)
    if execution != "eager":
        step = jax.jit(step)
    values = [variable.value for variable in network.trainable_variables]
    old = [variable.value for variable in fixed]
    (of_input, of_variables), moved = step(inputs, values, old)
    for variable, value in zip(fixed, moved, strict=True):
        variable.assign(value)
    return of_input, of_variables


def check(
    name: str,
    direction: str,
    execution: str,
    ways=WAYS,
    dtype: str = "float32",
) -> None:
    """Raises AssertionError where a way differs from plain differentiation.

    Every gradient must agree to the type's limit, and so must every variable
    after the call: statistics move once, by the same step.
    """
    network, x = make(name, dtype=dtype)
    limit = LIMITS[dtype]
    features = np.asarray(network(x, training=False))
    backwards = direction in ("inverse", "decode")
    inputs, result = (features, x) if backwards else (x, features)
    if backwards:
        # As of a connector: not the features of an image, where a layer pads.
        noise = np.random.default_rng(2).normal(size=features.shape)
        inputs = inputs + 0.1 * noise.astype(dtype)
    weights = np.random.default_rng(1).normal(size=result.shape)
    weights = weights.astype(dtype)
    plain = variant(network, "plain")
    expected, values = gradients(plain, inputs, weights, direction, execution)
    for way in ways:
        found, moved = gradients(
            variant(network, way), inputs, weights, direction, execution
        )
        errors = [
            relative_error(a, b) for a, b in zip(expected, found, strict=True)
        ]
        worst = max(errors)
        where = errors.index(worst)
        _require(
            worst <= limit,
            f"{name}, {direction}, {execution}, {way}: gradient {where} of "
            f"{len(errors)} is off by {worst:.1e}",
        )
        for block, (old, new) in enumerate(zip(values, moved, strict=True)):
            for one, other in zip(old, new, strict=True):
                _require(
                    relative_error(one, other) <= limit,
                    f"{name}, {way}: a variable of block {block} moved "
                    "otherwise",
                )


def relative_error(expected, found) -> float:
    """Returns |expected - found| / |expected|, both Euclidean."""
    norm = np.linalg.norm(expected)
    return float(np.linalg.norm(expected - found) / (norm or 1.0))


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise AssertionError(message)


def main() -> None:
    """Checks all networks on the backend of this process."""
    for name in ("irevnet_small", "irevnet_cifar", "slice_of_irevnet300"):
        for direction in ("train", "call", "inverse", "decode"):
            check(name, direction, "graph", ("rolled_saving",))
    check("deep_slice_of_irevnet300", "train", "graph", ("rolled_saving",))
    check("irevnet_tiny", "train", "graph")
    check("irevnet_tiny", "inverse", "eager")
    print(f"gradients agree on {keras.backend.backend()}")


if __name__ == "__main__":
    main()
