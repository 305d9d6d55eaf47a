"""Calibration pictures are training images, each under every condition."""

from collections import Counter

import numpy as np
import pytest

from qualnet_tf.datasets import pipeline
from qualnet_tf.training import calibration_pictures, inputs
from tests.training.tiny_runs import config

NUM_IMAGES = 24


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    made = config(tmp_path_factory.mktemp("run"))
    batches = list(
        calibration_pictures.calibration_batches(made, NUM_IMAGES, seed=3)
    )
    arrays = [np.concatenate(each) for each in zip(*batches, strict=True)]
    return made, calibration_pictures.CalibrationBatch(*arrays)


def test_every_image_is_there_under_every_condition(found):
    _, pictures = found
    counts = Counter(pictures.place.tolist())
    assert counts[0] == NUM_IMAGES
    assert {counts[place] for place in range(1, 16)} == {3 * NUM_IMAGES}
    assert len(calibration_pictures.NAMES) == 16
    assert Counter(pictures.index.tolist()) == dict.fromkeys(
        range(NUM_IMAGES), 46
    )


def test_clean_ones_are_the_training_images(found):
    made, pictures = found
    source = inputs.open_split(made, "train")
    batch = next(
        iter(
            pipeline.evaluation_batches(
                source, batch_size=NUM_IMAGES, image_size=made.image_size
            )
        )
    )
    clean = pictures.place == 0
    order = np.argsort(pictures.index[clean])
    np.testing.assert_array_equal(pictures.image[clean][order], batch["image"])


def test_the_mixture_has_every_image_once_and_half_of_them_clean(found):
    _, pictures = found
    mixed = pictures.is_mixed
    assert sorted(pictures.index[mixed]) == list(range(NUM_IMAGES))
    places = pictures.place[mixed]
    assert (places == 0).sum() == NUM_IMAGES / 2
    # In turn, so that no corruption comes a second time before its turn.
    assert max(Counter(places[places > 0].tolist()).values()) <= 3
