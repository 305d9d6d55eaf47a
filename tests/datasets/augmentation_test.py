"""Crops and flips: contract for every name, then pixels against Pillow."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from qualnet_tf import datasets
from qualnet_tf.datasets import augmentation

_SEED = tf.constant([1, 2])
_RANDOM = [n for n in datasets.augmentation_names() if n != "none"]
# Flipped or not is all that can happen.
_NUM_RESULTS = {"flip": 2}


def _picture(height, width):
    generator = np.random.default_rng(0)
    return generator.integers(0, 256, (height, width, 3), dtype=np.uint8)


def _augment(name, picture, image_size, seed=_SEED):
    image = datasets.get_augmentation(name)(
        tf.constant(picture), image_size, seed
    )
    return image.numpy()


@pytest.mark.parametrize("size", [(16, 16), (40, 25), (9, 30)])
@pytest.mark.parametrize("name", datasets.augmentation_names())
def test_results_are_square_and_in_range(name, size):
    image = _augment(name, _picture(*size), 16)
    assert image.shape == (16, 16, 3)
    assert image.dtype == np.float32
    assert image.min() >= 0.0 and image.max() <= 1.0


@pytest.mark.parametrize("name", datasets.augmentation_names())
def test_the_same_seed_gives_the_same_pixels_in_tf_data(name):
    picture = _picture(24, 20)
    augment = datasets.get_augmentation(name)
    # Decoded files have no static size.
    stream = tf.data.Dataset.from_generator(
        lambda: [picture],
        output_signature=tf.TensorSpec((None, None, 3), tf.uint8),
    ).map(lambda image: augment(image, 16, _SEED))
    assert stream.element_spec.shape == (16, 16, 3)
    # Fused multiplications may differ in the last bit.
    np.testing.assert_allclose(
        next(iter(stream)), _augment(name, picture, 16), atol=1e-6
    )


@pytest.mark.parametrize("name", _RANDOM)
def test_other_seeds_give_other_pixels(name):
    picture = _picture(24, 24)
    results = {
        _augment(name, picture, 16, tf.constant([0, s])).tobytes()
        for s in range(8)
    }
    assert len(results) >= _NUM_RESULTS.get(name, 5)


def test_an_image_of_the_right_size_stays_as_it_is():
    picture = _picture(16, 16)
    image = augmentation.evaluation_crop(tf.constant(picture), 16)
    np.testing.assert_array_equal(image, picture.astype(np.float32) / 255)
    np.testing.assert_array_equal(
        augmentation.evaluation_crop(image, 16), image
    )


def test_the_evaluation_crop_is_the_centre_of_the_picture_pillow_resizes():
    picture = _picture(90, 60)
    image = augmentation.evaluation_crop(tf.constant(picture), 28)
    # 28 / (224 / 256) = 32 for the shorter side.
    expected = np.stack(
        [
            Image.fromarray(picture[..., c].astype(np.float32)).resize(
                (32, 48), Image.Resampling.BILINEAR
            )
            for c in range(3)
        ],
        axis=-1,
    )[10:38, 2:30]
    np.testing.assert_allclose(image, expected / 255, atol=2e-3)


def test_a_shift_moves_by_an_eighth_at_most_and_repeats_the_edge():
    picture = _picture(16, 16)
    unit = picture.astype(np.float32) / 255
    padded = np.pad(unit, ((2, 2), (2, 2), (0, 0)), mode="edge")
    windows = {
        padded[y : y + 16, x : x + 16].tobytes(): (y, x)
        for y in range(5)
        for x in range(5)
    }
    found = [
        windows[_augment("shift", picture, 16, tf.constant([0, s])).tobytes()]
        for s in range(60)
    ]
    assert {y for y, _ in found} == {x for _, x in found} == set(range(5))


def test_half_of_the_images_are_flipped():
    # Rows of one value each tell a shift; columns rise unless flipped.
    picture = np.tile(np.arange(16, dtype=np.uint8), (16, 1))
    picture = np.repeat(picture[..., None], 3, axis=-1)
    for name in ("shift_flip", "imagenet"):
        flips = [
            image[0, 0, 0] > image[0, -1, 0]
            for image in (
                _augment(name, picture, 16, tf.constant([5, s]))
                for s in range(40)
            )
        ]
        assert 10 <= sum(flips) <= 30


def test_the_imagenet_crop_keeps_to_its_areas_and_aspects():
    # The red channel counts rows, the green one columns, so that differences
    # between neighbours tell the size of the crop.
    rows, columns = np.mgrid[:80, :80].astype(np.float32) / 80
    picture = np.stack([rows, columns, rows], axis=-1)
    areas = []
    for s in range(60):
        image = _augment("imagenet", picture, 16, tf.constant([0, s]))
        height = abs(image[9, 8, 0] - image[6, 8, 0]) / 3 * 16
        width = abs(image[8, 9, 1] - image[8, 6, 1]) / 3 * 16
        areas.append(height * width)
        assert 0.7 < width / height < 1.42
    assert min(areas) > 0.07 and max(areas) < 1.01
    assert min(areas) < 0.3 and max(areas) > 0.7


def test_an_unknown_augmentation_is_refused():
    with pytest.raises(ValueError, match="'cutout': expected one of none, fl"):
        datasets.get_augmentation("cutout")
