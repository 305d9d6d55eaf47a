"""Paths that differ are refused, with what to do about it."""

import numpy as np
import pytest

from qualnet_tf.datasets.arrays import array_source
from qualnet_tf.evaluation import preprocessing_check
from qualnet_tf.evaluation.shown_images import View
from qualnet_tf.subjects.subject import Subject


def _subject(ask):
    return Subject(
        address="net",
        kind="function",
        image_size=16,
        pixel_range="unit",
        class_names=(),
        ask=ask,
        outputs="logits",
    )


def _images(count=4):
    return np.random.default_rng(0).random((count, 16, 16, 3), np.float32)


def _source(height, width, count=3):
    pixels = np.random.default_rng(0).integers(
        0, 256, (count, height, width, 3), dtype=np.uint8
    )
    return array_source(f"{height}x{width}", pixels, np.zeros(count, int), "a")


def test_an_answer_that_depends_on_the_batch_is_refused():
    def normalized(image):
        values = image.mean(axis=(1, 2))
        return (values - values.mean(0)) / (values.std(0) + 1e-3)

    with pytest.raises(ValueError, match="alone and among 3 others.*inference"):
        preprocessing_check.check_subject(_subject(normalized), _images())


def test_an_answer_of_its_own_passes():
    subject = _subject(lambda image: image.mean(axis=(1, 2)))
    preprocessing_check.check_subject(subject, _images())


def test_clean_images_must_come_through_unchanged():
    image = _images()
    preprocessing_check.check_made(image, image.copy())
    changed = image.copy()
    changed[2, 3, 4, 0] += 1e-6
    with pytest.raises(ValueError, match="leaves as they are"):
        preprocessing_check.check_made(changed, image)


@pytest.mark.parametrize(
    ("clean", "stored", "stored_size", "image_size"),
    [
        ((32, 32), (32, 32), 32, 32),  # CIFAR
        ((40, 50), (16, 16), 16, 16),  # released crops
        ((40, 50), (16, 16), 16, 24),  # the same, resized for the network
        ((40, 50), (40, 50), 16, 16),  # whole pictures, cropped alike
    ],
)
def test_paths_that_agree(clean, stored, stored_size, image_size):
    view = View(stored_size=stored_size, image_size=image_size, batch_size=2)
    preprocessing_check.check_stored(_source(*clean), _source(*stored), view)


@pytest.mark.parametrize("stored", [(24, 24), (24, 16)])
def test_pictures_that_would_be_cropped_twice_are_refused(stored):
    view = View(stored_size=16, image_size=16, batch_size=2)
    with pytest.raises(ValueError, match="a second time; pass --stored_size="):
        preprocessing_check.check_stored(
            _source(40, 50), _source(*stored), view
        )
