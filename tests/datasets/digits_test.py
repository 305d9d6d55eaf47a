"""The embedded digits: counts as published, pixels as Pillow enlarges them."""

import numpy as np
from PIL import Image

from qualnet_tf import datasets
from qualnet_tf.datasets import digits

# Images per class in the test part, from the page of UCI data set 80.
_PUBLISHED_COUNTS = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def _read(split, **options):
    source = datasets.open_source("digits", split, **options)
    examples = [source.decode(e) for e in source.elements()]
    images = np.stack([e["image"] for e in examples])
    return images, np.array([e["label"] for e in examples])


def test_both_splits_together_are_the_published_set():
    train, validation = (_read(split) for split in datasets.SPLITS)
    counts = np.bincount(np.concatenate([train[1], validation[1]]))
    np.testing.assert_array_equal(counts, _PUBLISHED_COUNTS)
    assert len(validation[1]) == 500
    assert np.ptp(np.bincount(validation[1])) <= 3
    train_images = {image.tobytes() for image in train[0]}
    assert not any(image.tobytes() in train_images for image in validation[0])


def test_images_are_grey_32_pixel_copies_of_the_scans():
    images, _ = _read("train", max_images=20)
    assert images.shape == (20, 32, 32, 3)
    np.testing.assert_array_equal(images[..., 0], images[..., 1])
    np.testing.assert_array_equal(images[..., 0], images[..., 2])
    assert images.min() == 0 and images.max() == 255


def test_the_enlargement_is_cubic_as_in_pillow():
    with np.load(digits._FILE) as arrays:
        scans = arrays["images"][:5]
    for scan, image in zip(scans, digits._enlarge(scans), strict=True):
        picture = Image.fromarray(scan.astype(np.float32) * 255 / 16)
        cubic = picture.resize((32, 32), Image.Resampling.BICUBIC)
        expected = np.clip(np.asarray(cubic), 0, 255)
        np.testing.assert_allclose(image[..., 0], expected, atol=0.51)


def test_the_split_does_not_move_with_the_seed():
    held_out = [
        {image.tobytes() for image in _read("validation", seed=seed)[0]}
        for seed in (0, 1)
    ]
    assert held_out[0] == held_out[1]
