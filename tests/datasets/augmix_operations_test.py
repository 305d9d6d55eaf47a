"""AugMix operations: contract for every name, then pixels against Pillow."""

import numpy as np
import pytest
import skimage.data
import tensorflow as tf
from PIL import Image, ImageOps

from qualnet_tf.datasets.augmix_operations import OPERATIONS

_MOVEMENTS = ("rotate", "shear_x", "shear_y", "translate_x", "translate_y")
# The ends of the range, where whole numbers change (2.5 of 10 is a bit of
# posterize, 1 is 3 degrees), severities 1 and 3, and some in between.
_LEVELS = (0.1, 0.37, 1.0, 2.4999, 2.5, 2.9, 3.0, 5.0, 6.66, 7.5, 9.99, 10.0)


def _random(height, width, low=0, high=256):
    generator = np.random.default_rng(0)
    return generator.integers(low, high, (height, width, 3), dtype=np.uint8)


def _smooth(height, width):
    picture = Image.fromarray(_random(6, 7, 30, 220))
    return np.asarray(picture.resize((width, height), Image.Resampling.BICUBIC))


_PICTURES = {
    "random": _random(32, 32),
    "oblong": _random(47, 61),
    "smooth": _smooth(40, 24),
    "photograph": np.asarray(skimage.data.cat()[::4, ::4]),
    "few_levels": 100 + 3 * _random(24, 40, 0, 9),
    "two_levels": _random(20, 30, 77, 79),
    "one_level": np.full((20, 30, 3), 77, np.uint8),
    # So many of the darkest that equalize has no step, or a table past 255.
    "nearly_black": np.where(_random(16, 16) < 250, 0, _random(16, 16)),
    "bright_half": np.where(_random(32, 32) < 128, 255, _random(32, 32)),
}


def _unit(picture):
    return tf.constant(picture.astype(np.float32) / 255)


def _levels(image):
    levels = np.asarray(image) * 255
    np.testing.assert_allclose(levels, np.round(levels), atol=1e-4)
    return np.round(levels).astype(np.uint8)


def _operate(name, picture, level, sign=1.0):
    return _levels(OPERATIONS[name](_unit(picture), np.float32(level), sign))


def _pillow(name, picture, level, sign):
    """What the released AugMix code does, on a picture of any size."""
    picture = Image.fromarray(picture)
    width, height = picture.size

    def whole(at_most):
        return int(level * at_most / 10)

    def moved(*matrix):
        return picture.transform(
            (width, height),
            Image.Transform.AFFINE,
            matrix,
            resample=Image.Resampling.BILINEAR,
        )

    shear = sign * (level * 0.3 / 10)
    results = {
        "autocontrast": lambda: ImageOps.autocontrast(picture),
        "equalize": lambda: ImageOps.equalize(picture),
        "posterize": lambda: ImageOps.posterize(picture, 4 - whole(4)),
        "rotate": lambda: picture.rotate(
            sign * whole(30), resample=Image.Resampling.BILINEAR
        ),
        "solarize": lambda: ImageOps.solarize(picture, 256 - whole(256)),
        "shear_x": lambda: moved(1, shear, 0, 0, 1, 0),
        "shear_y": lambda: moved(1, 0, 0, shear, 1, 0),
        "translate_x": lambda: moved(1, 0, sign * whole(width / 3), 0, 1, 0),
        "translate_y": lambda: moved(1, 0, 0, 0, 1, sign * whole(height / 3)),
    }
    return np.asarray(results[name]())


def test_the_operations_are_the_nine_that_imagenet_c_does_not_test():
    assert list(OPERATIONS) == [
        "autocontrast",
        "equalize",
        "posterize",
        "rotate",
        "solarize",
        "shear_x",
        "shear_y",
        "translate_x",
        "translate_y",
    ]


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("name", OPERATIONS)
def test_images_keep_shape_range_and_whole_levels(name, sign):
    for picture in _PICTURES.values():
        image = OPERATIONS[name](_unit(picture), tf.constant(10.0), sign)
        assert image.shape == picture.shape and image.dtype == tf.float32
        assert tf.reduce_min(image) >= 0.0 and tf.reduce_max(image) <= 1.0
        _levels(image)


@pytest.mark.parametrize("picture", _PICTURES)
@pytest.mark.parametrize("name", OPERATIONS)
def test_pixels_are_those_of_pillow(name, picture):
    picture = _PICTURES[picture]
    for level in map(float, np.float32(_LEVELS)):
        for sign in (1, -1):
            np.testing.assert_array_equal(
                _operate(name, picture, level, float(sign)),
                _pillow(name, picture, level, sign),
                err_msg=f"level {level}, sign {sign}",
            )


@pytest.mark.parametrize("name", OPERATIONS)
def test_pixels_are_those_of_pillow_in_tf_data(name):
    # Graph optimisation reorders sums and replaces quotients.
    picture = _PICTURES["oblong"]
    draws = [(np.float32(x), s) for x in _LEVELS for s in (1.0, -1.0)]
    levels, signs = map(np.float32, zip(*draws, strict=True))
    stream = tf.data.Dataset.from_tensor_slices((levels, signs)).map(
        lambda level, sign: OPERATIONS[name](_unit(picture), level, sign)
    )
    assert stream.element_spec.shape == picture.shape
    for image, (level, sign) in zip(stream, draws, strict=True):
        np.testing.assert_array_equal(
            _levels(image),
            _pillow(name, picture, float(level), int(sign)),
            err_msg=f"level {level}, sign {sign}",
        )


@pytest.mark.parametrize("name", _MOVEMENTS)
def test_every_angle_and_distance_is_pillows(name):
    picture = _PICTURES["random"]
    for level in map(float, np.float32(np.arange(1, 31) / 3 + 0.001)):
        level = min(level, 10.0)
        for sign in (1, -1):
            np.testing.assert_array_equal(
                _operate(name, picture, level, float(sign)),
                _pillow(name, picture, level, sign),
                err_msg=f"level {level}, sign {sign}",
            )


@pytest.mark.parametrize("name", OPERATIONS)
def test_only_movements_look_at_the_sign(name):
    picture = _PICTURES["random"]
    same = np.array_equal(
        _operate(name, picture, 5.0, 1.0), _operate(name, picture, 5.0, -1.0)
    )
    assert same == (name not in _MOVEMENTS)


@pytest.mark.parametrize("name", ["posterize", "solarize", *_MOVEMENTS])
def test_a_higher_level_changes_more(name):
    picture = _PICTURES["photograph"]

    def change(level):
        result = _operate(name, picture, level).astype(float)
        return np.abs(result - picture).mean()

    # The four bits that posterize keeps are already a change.
    assert change(0.1) < change(3.0) < change(9.0)


def test_a_positive_sign_moves_left_up_and_counter_clockwise():
    picture = np.zeros((30, 30, 3), np.uint8)
    picture[10, 15] = 255
    places = {
        name: tuple(np.argwhere(_operate(name, picture, 3.0)[..., 0] > 60)[0])
        for name in ("translate_x", "translate_y", "rotate")
    }
    # Level 3 of 10, of a third of 30 pixels, is 3 pixels.
    assert places["translate_x"] == (10, 12)
    assert places["translate_y"] == (7, 15)
    row, column = places["rotate"]
    assert row >= 10 and column < 15
