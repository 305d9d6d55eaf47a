"""Colour changes against scikit-image's HSV."""

import numpy as np
import pytest
import skimage.color
import tensorflow as tf

from qualnet_tf.corruptions import digital
from qualnet_tf.corruptions.options import Options


def colours():
    """All kinds of colours, greys, black and white among them."""
    random = np.random.default_rng(0)
    levels = random.integers(0, 256, (16, 16, 3))
    levels[0] = levels[0, :, :1]
    levels[1] = 0
    levels[2] = 255
    return (levels / 255).astype(np.float32)


def change_hsv(image, channel, factor, offset):
    hsv = skimage.color.rgb2hsv(image.astype(np.float64))
    hsv[..., channel] = np.clip(hsv[..., channel] * factor + offset, 0, 1)
    return skimage.color.hsv2rgb(hsv)


@pytest.mark.parametrize(("severity", "added"), [(1, 0.1), (5, 0.5)])
def test_brightness_equals_hsv(severity, added):
    image = colours()
    ours = digital.brightness(
        tf.constant(image), severity, 0, Options("imagenet_c")
    )
    expected = change_hsv(image, 2, 1.0, added)
    np.testing.assert_allclose(ours, expected, atol=1e-5)


@pytest.mark.parametrize(
    ("severity", "factor", "offset"), [(1, 0.3, 0), (3, 2, 0), (5, 20, 0.2)]
)
def test_saturate_equals_hsv(severity, factor, offset):
    image = colours()
    ours = digital.saturate(
        tf.constant(image), severity, 0, Options("imagenet_c")
    )
    expected = change_hsv(image, 1, factor, offset)
    np.testing.assert_allclose(ours, expected, atol=1e-5)


def test_contrast_keeps_the_mean():
    image = colours()
    ours = digital.contrast(
        tf.constant(image), 2, 0, Options("imagenet_c")
    ).numpy()
    mean = image.mean(axis=(0, 1))
    np.testing.assert_allclose(ours.mean(axis=(0, 1)), mean, atol=1e-5)
    np.testing.assert_allclose(ours - mean, 0.3 * (image - mean), atol=1e-5)


def test_pixelate_has_square_blocks():
    image = colours()
    ours = digital.pixelate(
        tf.constant(image), 5, 0, Options("imagenet_c")
    ).numpy()
    np.testing.assert_array_equal(ours[::4, ::4], ours[3::4, 3::4])
    blocks = image.reshape(4, 4, 4, 4, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(ours[::4, ::4], blocks, atol=1.01 / 255)
