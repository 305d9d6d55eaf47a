"""Heads are fitted to some images and examined on others."""

from typing import NamedTuple

import numpy as np
import pytest
import tensorflow as tf

from qualnet_tf.exporters import fitting

NAMES = ("clean", "dark")


class Batch(NamedTuple):
    image: np.ndarray
    place: np.ndarray
    index: np.ndarray
    is_mixed: np.ndarray


def batches(difference, num_images=64):
    """Grey images, and the same made darker; one of both is mixed."""
    generator = np.random.default_rng(0)
    level = generator.uniform(0.5, 0.9, num_images).astype(np.float32)
    index = np.arange(num_images)
    for place in (0, 1):
        image = np.ones((num_images, 4, 4, 3), np.float32)
        image *= (level - place * difference)[:, None, None, None]
        yield Batch(
            image, np.full(num_images, place), index, index % 2 == place
        )


def mean_of(image):
    return tf.reduce_mean(image, (2, 3))


@pytest.mark.parametrize(("difference", "auroc"), [(0.45, 1.0), (0.0, 0.5)])
def test_evidence_is_that_of_images_kept_back(difference, auroc):
    fitted = fitting.fit(batches(difference), NAMES, {"mean": mean_of})
    evidence = fitted.evidence["mean"]
    assert evidence.num_images == 16
    assert evidence.auroc == {"dark": pytest.approx(auroc, abs=0.05)}
    assert set(evidence.named) == set(NAMES)
    if auroc == 1.0:
        assert evidence.named == {"clean": 1.0, "dark": 1.0}


def test_the_exported_head_has_seen_every_image():
    fitted = fitting.fit(batches(0.3), NAMES, {"mean": mean_of})
    statistics = np.concatenate([mean_of(b.image) for b in batches(0.3)])
    np.testing.assert_allclose(
        fitted.heads["mean"].mean, statistics.mean(0), rtol=1e-5
    )


def test_int8_images_are_the_mixture_and_no_head_is_made_unasked():
    fitted = fitting.fit(batches(0.3), NAMES, {})
    assert fitted.int8_images.shape == (64, 4, 4, 3)
    assert fitted.heads == fitted.evidence == {}
