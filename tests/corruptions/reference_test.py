"""Agreement with the published implementations, by exact images and numbers.

The data lies in shared/ beside the repository; without it these tests skip.
"""

import json
import pathlib

import numpy as np
import pytest
import tensorflow as tf

from qualnet_tf import corruptions

_ROOT = pathlib.Path(__file__).resolve().parents[3]
_DATA = _ROOT / "shared" / "reference" / "corruptions"

pytestmark = pytest.mark.skipif(
    not _DATA.is_dir(), reason="shared/reference/corruptions is absent"
)

# Mean and largest absolute difference allowed, in levels.
_TOLERANCES = {
    "jpeg_compression": (0.0, 0),
    "pixelate": (0.0, 0),
    "contrast": (0.05, 1),
    "brightness": (0.05, 1),
    "saturate": (0.25, 1),
    "defocus_blur": (0.05, 1),
    "gaussian_blur": (0.01, 1),
    "zoom_blur": (0.01, 1),
}


def _read(path):
    return tf.io.decode_png(path.read_bytes()).numpy()


def _levels(image, name, severity, seed):
    image = image.astype(np.float32) / 255
    result = corruptions.apply(image, name, severity, seed).numpy()
    return np.round(result * 255).astype(int)


@pytest.mark.parametrize("name", _TOLERANCES)
def test_deterministic_corruptions_equal_the_reference(name):
    mean, largest = _TOLERANCES[name]
    for photo in ("astronaut", "china"):
        clean = _read(_DATA / "clean" / f"{photo}_224.png")
        for severity in range(1, 6):
            path = _DATA / "exact" / f"{photo}__{name}__s{severity}.png"
            error = np.abs(_levels(clean, name, severity, 0) - _read(path))
            assert error.mean() <= mean and error.max() <= largest, path.name


def _difference_of_means(label, size, name, num_seeds):
    """Returns ours - reference and its standard error, [severity]."""
    numbers = np.load(_DATA / f"stats_{label}.npz")
    index = json.loads((_DATA / f"stats_{label}.json").read_text())
    place = index["corruptions"].index(name)
    mean = numbers[f"{size}__mad__mean"][:, place, :, 0].mean(axis=0)
    std = numbers[f"{size}__mad__std"][:, place, :, 0]
    photos = [photo["name"] for photo in index["images"]]
    cleans = [_read(_DATA / "clean" / f"{p}_{size}.png") for p in photos]
    ours = np.zeros((len(cleans), 5))
    signature = [
        tf.TensorSpec([size, size, 3]),
        tf.TensorSpec([], tf.int32),
        tf.TensorSpec([2], tf.int32),
    ]

    @tf.function(input_signature=signature, autograph=False)
    def difference(image, severity, seed):
        corrupted = corruptions.apply(image, name, severity, seed)
        return tf.reduce_mean(tf.abs(corrupted - image)) * 255.0

    for photo, severity in np.ndindex(ours.shape):
        image = tf.constant(cleans[photo] / 255, tf.float32)
        ours[photo, severity] = np.mean(
            [
                difference(image, severity + 1, [photo, seed])
                for seed in range(num_seeds)
            ]
        )
    spread = np.sqrt((std**2).mean(axis=0) / len(photos))
    error = np.maximum(spread, 0.3) * np.sqrt(1 / 8 + 1 / num_seeds)
    return np.mean(ours, axis=0) - mean, error


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [n for n in corruptions.GROUPS["all"] if n not in _TOLERANCES],
)
def test_random_corruptions_have_the_reference_strength(name):
    difference, error = _difference_of_means("cifar_c", 32, name, num_seeds=4)
    assert np.all(np.abs(difference) <= 4 * error), (difference, error)
