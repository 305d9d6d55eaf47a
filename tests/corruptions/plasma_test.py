"""The plasma equals a plain diamond-square on a torus."""

import numpy as np
import pytest
import tensorflow as tf

from qualnet_tf.corruptions import plasma


def plain_diamond_square(draws, decay, size):
    """Point by point, on the final grid."""
    grid, used = np.zeros((size, size)), 0
    step, amplitude = size, 1.0
    while step >= 2:
        half = step // 2
        cells = [
            (r, c) for r in range(0, size, step) for c in range(0, size, step)
        ]
        for shift in ((half, half), (0, half), (half, 0)):
            if shift == (half, half):
                around = [(-half, -half), (-half, half), (half, -half)]
                around.append((half, half))
            else:
                around = [(-half, 0), (half, 0), (0, -half), (0, half)]
            for row, column in cells:
                row, column = row + shift[0], column + shift[1]
                total = sum(
                    grid[(row + r) % size, (column + c) % size]
                    for r, c in around
                )
                grid[row, column] = total / 4 + amplitude * draws[used]
                used += 1
        step, amplitude = half, amplitude / decay**2
    assert used == len(draws)
    return (grid - grid.min()) / (grid.max() - grid.min())


@pytest.mark.parametrize(("size", "decay"), [(8, 3.0), (16, 1.5), (32, 2.0)])
def test_equals_plain_diamond_square(size, decay):
    random = np.random.default_rng(size)
    draws = random.uniform(-1, 1, plasma.num_draws(size)).astype(np.float32)
    ours = plasma.plasma(tf.constant(draws), tf.constant(decay), size)
    expected = plain_diamond_square(draws, decay, size)
    np.testing.assert_allclose(ours, expected, atol=1e-5)


def test_spans_0_to_1():
    draws = np.random.default_rng(0).uniform(-1, 1, plasma.num_draws(64))
    cloud = plasma.plasma(tf.constant(draws, tf.float32), 2.0, 64).numpy()
    assert cloud.min() == 0.0 and cloud.max() == 1.0
