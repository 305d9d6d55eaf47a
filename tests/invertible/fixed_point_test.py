"""Rounding to a grid: exact sums, the identity's gradient, bad steps."""

import keras
import numpy as np
import pytest

from qualnet_tf.invertible import fixed_point, rolling
from qualnet_tf.invertible.coupling import AdditiveCoupling
from qualnet_tf.invertible.fixed_point import FixedPoint
from qualnet_tf.invertible.sequence import InvertibleSequence
from tests.invertible import gradient_cases

STEP = fixed_point.DEFAULT_STEP


def _noise(shape, scale=1.0, seed=0):
    generator = np.random.default_rng(seed)
    return generator.normal(0, scale, shape).astype("float32")


def test_rounds_to_the_nearest_multiple_and_ties_to_even():
    values = np.array([0.0, 0.3, 0.5, 0.7, 1.5, 2.5, -0.5, -0.6]) * STEP
    rounded = np.asarray(fixed_point.round_to(values.astype("float32"), STEP))
    np.testing.assert_array_equal(rounded / STEP, [0, 0, 0, 1, 2, 2, 0, -1])


def test_rounding_twice_is_rounding_once():
    once = fixed_point.round_to(_noise((1000,), 100.0), STEP)
    np.testing.assert_array_equal(fixed_point.round_to(once, STEP), once)


def test_no_step_leaves_the_tensor_alone():
    values = _noise((10,))
    assert fixed_point.round_to(values, None) is values


def test_sums_on_the_grid_are_exact_below_1024():
    stream = np.asarray(fixed_point.round_to(_noise((10000,), 200.0), STEP))
    added = np.asarray(fixed_point.round_to(_noise((10000,), 7.0, 1), STEP))
    kept = np.abs(stream + added) < 1024
    assert kept.mean() > 0.99
    np.testing.assert_array_equal((stream + added - added)[kept], stream[kept])
    np.testing.assert_array_equal(
        (stream + added)[kept],
        (stream.astype("float64") + added)[kept],
    )


@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow",
    reason="takes gradients with TensorFlow's tape",
)
@pytest.mark.parametrize("graph", [False, True], ids=["eager", "graph"])
def test_gradient_is_that_of_the_identity(graph):
    import tensorflow as tf

    layer = FixedPoint()
    x, weights = tf.constant(_noise((2, 4, 4, 3))), _noise((2, 4, 4, 3), seed=1)

    def differentiate(function):
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(function(x) * weights)
        return tape.gradient(loss, x)

    layer(x)
    for function in (layer, layer.inverse):
        step = tf.function(differentiate) if graph else differentiate
        np.testing.assert_array_equal(step(function), weights)


@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow",
    reason="traces a TensorFlow graph",
)
def test_a_graph_does_not_join_the_rounding_with_the_sums_around_it():
    """It would, were it a sum of the tensor and what rounding adds to it."""
    import tensorflow as tf

    network, x = _blocks(4, shape=(8, 32, 32, 32))

    @tf.function
    def without_the_last_rounding(tensor):
        for layer in network.layers[:-1]:
            tensor = layer(tensor, training=False)
        return tensor

    z = np.asarray(without_the_last_rounding(x))
    # A few in a hundred thousand sums would be off the grid.
    np.testing.assert_array_equal(np.round(z / STEP) * np.float32(STEP), z)


def _blocks(number, dtype=None, shape=(2, 6, 6, 16)):
    """Coupling blocks between two roundings, and an input off the grid."""
    keras.utils.set_random_seed(0)
    blocks = [
        AdditiveCoupling(
            shape[-1] // 2, residual_dtype=dtype, step=STEP, name=f"block{i}"
        )
        for i in range(number)
    ]
    network = InvertibleSequence(
        [FixedPoint(name="first"), *blocks, FixedPoint(name="last")]
    )
    x = _noise(shape)
    network.build(x.shape)
    gradient_cases.randomize(network)
    return network, x


@pytest.mark.parametrize("dtype", [None, "float16", "bfloat16"])
def test_blocks_between_two_roundings_lose_nothing(dtype):
    network, x = _blocks(20, dtype)
    z = np.asarray(network(x, training=False))
    back = network.inverse(z)
    np.testing.assert_array_equal(back, fixed_point.round_to(x, STEP))
    features = _noise(z.shape, seed=2)
    again = network(network.inverse(features), training=False)
    np.testing.assert_array_equal(again, fixed_point.round_to(features, STEP))


def test_a_run_has_the_step_of_its_blocks():
    network, _ = gradient_cases.make("irevnet_tiny")
    rolled = rolling.roll(network)
    steps = [layer.block.step for layer in rolled.layers if _is_run(layer)]
    assert steps == [STEP]
    blocks = rolling.unroll(rolled).layers[3:-1]
    assert [block.step for block in blocks] == [STEP] * 3


def _is_run(layer):
    return hasattr(layer, "num_blocks")


@pytest.mark.parametrize("step", [0, -0.5, 0.3, 2**-14 * 3, "fine"])
@pytest.mark.parametrize("make", [FixedPoint, AdditiveCoupling])
def test_steps_that_are_no_power_of_two_are_refused(make, step):
    arguments = {} if make is FixedPoint else {"half_width": 4}
    with pytest.raises(ValueError, match="step: expected a power of two"):
        make(step=step, **arguments)


@pytest.mark.parametrize("step", [2**-14, 2.0**-20, 1, 0.5, 2])
def test_powers_of_two_are_taken(step):
    layer = FixedPoint(step)
    assert FixedPoint.from_config(layer.get_config()).step == step


def test_shape_must_be_that_of_images():
    with pytest.raises(ValueError, match="expected a shape .batch, height"):
        FixedPoint().build((None, 3))
