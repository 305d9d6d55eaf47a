"""The statistics move with corruption as they are meant to."""

import numpy as np
import pytest
import tensorflow as tf

from qualnet_tf.exporters.picture_statistics import (
    MIN_SIDE,
    picture_statistics,
)

(
    MEAN,
    CONTRAST,
    BLACK,
    WHITE,
    COLOUR,
    DETAIL,
    TAIL,
) = range(7)
DIRECTION, BLOCKS = -2, -1


@pytest.fixture
def image(photograph):
    pixels = [photograph(64, 64, seed) for seed in range(4)]
    return np.float32(pixels) / 255


def statistics(image):
    return picture_statistics(tf.constant(np.float32(image))).numpy()


@pytest.mark.parametrize("side", [MIN_SIDE, 33, 224])
@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_are_finite_even_of_an_empty_picture(side, value):
    found = statistics(np.full((2, side, side, 3), value))
    assert np.isfinite(found).all()
    assert found.shape == statistics(np.zeros((2, 16, 16, 3))).shape


def test_belong_to_one_picture_each(image):
    for place in range(len(image)):
        alone = statistics(image[place : place + 1])
        np.testing.assert_allclose(
            alone[0], statistics(image)[place], atol=1e-5
        )


def test_brightness_contrast_and_colour_by_numpy(image):
    found = statistics(image)
    grey = image @ np.float32([0.299, 0.587, 0.114])
    np.testing.assert_allclose(found[:, MEAN], grey.mean((1, 2)), atol=1e-6)
    deviation = np.log(grey.std((1, 2)) + 1 / 510)
    np.testing.assert_allclose(found[:, CONTRAST], deviation, atol=1e-4)
    colour = np.abs(image - grey[..., np.newaxis]).mean((1, 2, 3))
    np.testing.assert_allclose(
        found[:, COLOUR], np.log(colour + 1 / 510), atol=1e-5
    )


def test_noise_adds_detail_without_a_tail(image):
    noise = np.random.default_rng(0).normal(0, 0.1, image.shape)
    found = statistics(np.clip(image + noise, 0, 1)) - statistics(image)
    assert (found[:, DETAIL] > 0.5).all()


def test_blur_takes_detail_away(image):
    sharp = np.round(image * 4) / 4  # with edges
    blurred = tf.nn.avg_pool2d(sharp, 5, 1, "SAME").numpy()
    found = statistics(blurred) - statistics(sharp)
    assert (found[:, DETAIL] < 0).all()
    assert (found[:, TAIL] < 0).all()


def test_clipped_pixels_are_counted():
    image = np.full((1, 16, 16, 3), 0.5)
    image[0, :4] = 0
    image[0, 4:6] = 1
    found = statistics(image)[0]
    assert found[[BLACK, WHITE]] == pytest.approx([4 / 16, 2 / 16])


def test_stripes_have_a_direction():
    image = np.zeros((2, 32, 32, 3))
    image[0, ::2] = 1  # changes from row to row
    image[1, :, ::2] = 1
    found = statistics(image)[:, DIRECTION]
    assert found[0] > 1 and found[1] < -1


def test_blocks_of_jpeg_show(encode, photograph):
    pixels = photograph(64, 64)
    noise = np.random.default_rng(0).integers(-20, 20, pixels.shape)
    pixels = np.clip(pixels + noise, 0, 255).astype(np.uint8)
    coarse = tf.io.decode_jpeg(encode(pixels, "RGB", "JPEG", quality=5))
    found = statistics(np.stack([pixels, coarse]) / 255)[:, BLOCKS]
    assert found[1] > found[0] + 0.3
