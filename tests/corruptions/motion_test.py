"""Motion blur against plain shifted copies."""

import math

import numpy as np
import pytest
import tensorflow as tf

from qualnet_tf.corruptions import motion, seeds
from qualnet_tf.corruptions.options import Options

ROWS = ((10, 3), (6, 1), (6, 1.5), (8, 2), (9, 2.5))


def shifted_copies(image, radius, sigma, angle):
    """Adds weighted copies, each read at the nearest pixel of the line."""
    height, width, _ = image.shape
    taps = np.arange(2 * radius + 1)
    weights = np.exp(-(taps**2) / (2 * sigma**2))
    weights /= weights.sum()
    total = np.zeros(image.shape)
    for tap, weight in zip(taps, weights, strict=True):
        right = math.ceil(tap * math.cos(angle) - 0.5)
        down = math.ceil(tap * math.sin(angle) - 0.5)
        rows = np.clip(np.arange(height) + down, 0, height - 1)
        columns = np.clip(np.arange(width) + right, 0, width - 1)
        total += weight * image[rows][:, columns]
    return total


@pytest.mark.parametrize("degrees", [(-45.0, 45.0), (-135.0, -45.0)])
@pytest.mark.parametrize("shape", [(32, 32, 3), (16, 40, 1)])
def test_equals_shifted_copies(degrees, shape):
    image = np.random.default_rng(0).random(shape).astype(np.float32)
    for severity in (1, 4):
        seed = seeds.as_seed(severity)
        ours = motion.blur_along_line(
            tf.constant(image), ROWS, severity, seed, degrees
        )
        angle = float(seeds.uniform(seed, [], *np.radians(degrees)))
        expected = shifted_copies(image, *ROWS[severity - 1], angle)
        expected = np.floor(expected * 255 + 1e-4) / 255
        # Taps are summed in another order: a level where it is a near tie.
        np.testing.assert_allclose(ours, expected, atol=1.01 / 255)
        assert np.mean(np.abs(ours - expected) > 1e-6) < 0.01


def test_an_even_image_stays():
    image = tf.fill([20, 20, 3], np.float32(100 / 255))
    ours = motion.motion_blur(image, 3, seeds.as_seed(1), Options("cifar_c"))
    np.testing.assert_allclose(ours, image, atol=1e-6)
