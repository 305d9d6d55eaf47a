"""The made-up data set: fixed, split, and easy."""

import numpy as np

from qualnet_tf import datasets


def _read(split, **options):
    source = datasets.open_source("synthetic", split, **options)
    examples = [source.decode(e) for e in source.elements()]
    images = np.stack([e["image"] for e in examples]).astype(np.float64)
    return images, np.array([e["label"] for e in examples])


def test_pictures_are_the_same_every_time_and_all_different():
    images, labels = _read("train", max_images=40)
    again, _ = _read("train", max_images=40)
    np.testing.assert_array_equal(images, again)
    assert images.shape == (40, 32, 32, 3)
    np.testing.assert_array_equal(np.bincount(labels), [10] * 4)
    others, _ = _read("validation", max_images=40)
    assert len({x.tobytes() for x in (*images, *others)}) == 80


def test_the_mean_colour_of_training_tells_the_validation_classes():
    images, labels = _read("train", max_images=200)
    others, other_labels = _read("validation")
    means = images.mean((1, 2))
    means /= means.sum(1, keepdims=True)
    centres = np.stack([means[labels == c].mean(0) for c in range(4)])
    found = others.mean((1, 2))
    found /= found.sum(1, keepdims=True)
    distances = np.linalg.norm(found[:, None] - centres, axis=-1)
    assert np.mean(distances.argmin(1) == other_labels) > 0.98
