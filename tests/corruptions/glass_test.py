"""The gather of glass_blur is the sequential pass of the reference."""

import numpy as np
import pytest
import tensorflow as tf

from qualnet_tf.corruptions import glass


def sequential_pass(offsets, reach):
    """Copies neighbours one by one, from the bottom right to the top left."""
    _, height, width = offsets.shape
    pixels = np.arange(height * width).reshape(height, width)
    for row in range(height - reach, reach, -1):
        for column in range(width - reach, reach, -1):
            down, right = offsets[:, row, column]
            pixels[row, column] = pixels[row + down, column + right]
    return pixels.reshape(-1)


@pytest.mark.parametrize("reach", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("shape", [(40, 40), (17, 33)])
def test_equals_the_sequential_pass(reach, shape):
    random = np.random.default_rng(reach)
    for _ in range(5):
        offsets = random.integers(-reach, reach, (2, *shape))
        ours = glass.pass_sources(tf.constant(offsets, tf.int32), reach)
        np.testing.assert_array_equal(ours, sequential_pass(offsets, reach))


def test_follows_long_chains():
    offsets = np.zeros((2, 16, 40), int)
    offsets[1] = 1  # every pixel copies its right neighbour
    ours = glass.pass_sources(tf.constant(offsets, tf.int32), 2).numpy()
    np.testing.assert_array_equal(ours, sequential_pass(offsets, 2))
