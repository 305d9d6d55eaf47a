"""What the two backends do differently: loops, rows, gradients, order."""

import keras
import numpy as np
import pytest

from qualnet_tf.invertible import backend_primitives

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow",
    reason="compares TensorFlow's eager, graph and compiled execution",
)


@pytest.mark.parametrize("execution", ["eager", "graph", "compiled"])
@pytest.mark.parametrize("reverse", [False, True])
def test_scan_runs_in_order_and_fills_its_rows(reverse, execution):
    import tensorflow as tf

    weights = tf.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])

    def run(start):
        def body(row, state):
            (total,) = state
            total = 10 * total + weights[row][0]
            return [total], [weights[row] * 2]

        return backend_primitives.scan(3, body, [start], [weights], reverse)

    if execution != "eager":
        run = tf.function(run, jit_compile=execution == "compiled")
    (total,), (rows,) = run(tf.constant(0.0))
    assert float(total) == (531.0 if reverse else 135.0)
    np.testing.assert_array_equal(rows, 2 * weights)


@pytest.mark.parametrize("compiled", [False, True])
def test_convolution_has_the_gradients_of_the_plain_one(compiled):
    """Compiled on a CPU it writes them itself, see `convolve`."""
    import tensorflow as tf

    generator = np.random.default_rng(0)
    inputs = tf.constant(generator.normal(size=(2, 5, 4, 3)), tf.float32)
    kernel = tf.constant(generator.normal(size=(3, 3, 3, 2)), tf.float32)
    weights = tf.constant(generator.normal(size=(2, 5, 4, 2)), tf.float32)

    def gradients(convolve):
        with tf.GradientTape() as tape:
            tape.watch([inputs, kernel])
            loss = tf.reduce_sum(convolve(inputs, kernel) * weights)
        return tape.gradient(loss, [inputs, kernel])

    def plain(inputs, kernel):
        return tf.nn.conv2d(inputs, kernel, 1, "SAME")

    ours = tf.function(
        lambda: gradients(backend_primitives.convolve), jit_compile=compiled
    )
    for found, expected in zip(ours(), gradients(plain), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_no_influence_is_a_gradient_of_zero():
    x, unused = np.float32([2.0, 3.0]), np.float32([1.0])
    tensors = [keras.ops.convert_to_tensor(each) for each in (x, unused)]
    output, beside, pull_back = backend_primitives.vector_jacobian_product(
        lambda x, _: (x * x, "beside"), tensors
    )
    of_x, of_unused = pull_back(keras.ops.ones_like(tensors[0]))
    assert beside == "beside"
    np.testing.assert_array_equal(output, x * x)
    np.testing.assert_array_equal(of_x, 2 * x)
    np.testing.assert_array_equal(of_unused, [0.0])


@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow",
    reason="takes gradients with TensorFlow's tape",
)
@pytest.mark.parametrize("compiled", [False, True], ids=["graph", "xla"])
def test_channel_moments_and_their_gradient(compiled):
    """XLA on a CPU takes another way to the same numbers."""
    import tensorflow as tf

    x = np.random.default_rng(0).normal(1.0, 2.0, size=(3, 4, 5, 2))
    weights = np.array([[0.3, -1.0], [2.0, 0.5]])

    @tf.function(jit_compile=compiled)
    def moments(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            mean, variance = backend_primitives.channel_moments(x)
            value = tf.reduce_sum(mean * weights[0] + variance * weights[1])
        return mean, variance, tape.gradient(value, x)

    mean, variance, gradient = moments(tf.constant(x))
    np.testing.assert_allclose(mean, x.mean(axis=(0, 1, 2)), rtol=1e-12)
    np.testing.assert_allclose(variance, x.var(axis=(0, 1, 2)), rtol=1e-12)
    expected = (weights[0] + 2 * weights[1] * (x - x.mean(axis=(0, 1, 2)))) / 60
    np.testing.assert_allclose(gradient, expected, rtol=1e-9, atol=1e-12)
