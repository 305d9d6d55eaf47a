"""The noise generator starts close to Gaussian noise and keeps its size."""

import keras
import numpy as np
import pytest

from qualnet_tf.models.noise_generator import (
    build_noise_generator,
    reverse_gradient,
    scale_noise,
)


def _noise(side=10):
    return np.random.default_rng(0).normal(size=(2, side, side, 3))


@pytest.mark.parametrize(("kernel_size", "border"), [(1, 0), (3, 1)])
def test_starts_close_to_its_input(kernel_size, border):
    keras.utils.set_random_seed(0)
    noise = _noise().astype("float32")
    made = np.asarray(
        build_noise_generator(10 - kernel_size + 1, kernel_size)(noise)
    )
    inner = noise[:, border : 10 - border, border : 10 - border]
    assert made.shape == inner.shape
    assert np.std(made - inner) < 0.3
    assert np.std(made - inner) > 0.001


def test_only_3x3_looks_at_neighbours():
    for kernel_size, expected in ((1, 1), (3, 9)):
        keras.utils.set_random_seed(0)
        generator = build_noise_generator(10 - kernel_size + 1, kernel_size)
        noise = _noise().astype("float32")
        other = noise.copy()
        other[0, 5, 5] += 1.0
        moved = np.any(generator(noise) != generator(other), axis=-1)
        assert moved.sum() == expected


def test_layers_are_those_of_the_release():
    generator = build_noise_generator(8, 3)
    shapes = [w.shape for w in generator.weights if w.name == "kernel"]
    assert [tuple(shape) for shape in shapes] == [
        (1, 1, 3, 20),
        (3, 3, 20, 20),
        (1, 1, 20, 20),
        (1, 1, 20, 3),
    ]


def test_size_is_the_root_mean_square_of_each_image():
    noise = _noise() * np.array([1.0, 50.0])[:, None, None, None]
    scaled = np.asarray(scale_noise(noise, 0.35))
    sizes = np.sqrt(np.mean(scaled**2, axis=(1, 2, 3)))
    np.testing.assert_allclose(sizes, [0.35, 0.35], rtol=1e-5)


@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow",
    reason="takes gradients with TensorFlow's tape",
)
def test_reversal_keeps_values_and_turns_gradients():
    import tensorflow as tf

    x = tf.constant([1.5, -2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = reverse_gradient(x, 0.5)
        loss = tf.reduce_sum(y * tf.constant([3.0, 7.0]))
    np.testing.assert_allclose(y, x, rtol=1e-6)
    np.testing.assert_allclose(tape.gradient(loss, x), [-1.5, -3.5])


def test_other_kernels_are_refused():
    with pytest.raises(ValueError, match="kernel_size: expected 1 or 3"):
        build_noise_generator(8, 5)
