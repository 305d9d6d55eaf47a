"""Arrays in the layout of CIFAR-10-C, whole or absent."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from qualnet_tf.datasets import cifar_copy
from qualnet_tf.datasets.cifar_copy import copy_as_arrays
from qualnet_tf.datasets.copied_pictures import FolderPictures, Picture
from qualnet_tf.datasets.corrupted_copy import copy_pictures
from qualnet_tf.datasets.picture_corrupter import (
    CopySettings,
    PictureCorrupter,
)

SETTINGS = CopySettings(("contrast", "gaussian_noise"), seed=3)


def pictures(sizes=((20, 16),) * 3, labels=(2, 0, 1)):
    generator = np.random.default_rng(0)
    found = []
    for index, size in enumerate(sizes):
        pixels = generator.integers(0, 256, (*size, 3), dtype=np.uint8)
        encoded = tf.io.encode_png(pixels).numpy()
        found.append(
            Picture(index, labels[index], "a", f"{index}.png", encoded)
        )
    return FolderPictures(tuple(found), {})


def test_blocks_are_severities_in_order(tmp_path):
    outcome = copy_as_arrays(pictures(), str(tmp_path), SETTINGS)
    assert (outcome.written, outcome.kept) == (30, 0)
    assert outcome.tables == {"cifar_c": 3}
    array = np.load(tmp_path / "gaussian_noise.npy")
    assert (array.dtype, array.shape) == (np.uint8, (15, 20, 16, 3))
    corrupter = PictureCorrupter(SETTINGS)
    for row, picture in enumerate(pictures()):
        expected = corrupter.levels(
            corrupter.read(picture),
            corrupter.seed_of(picture),
            "gaussian_noise",
            (1, 2, 3, 4, 5),
        )
        np.testing.assert_array_equal(array[row::3], expected)


def test_both_layouts_have_the_same_pixels(tmp_path):
    copy_as_arrays(pictures(), str(tmp_path / "arrays"), SETTINGS)
    copy_pictures(pictures(), str(tmp_path / "files"), SETTINGS)
    array = np.load(tmp_path / "arrays" / "contrast.npy")
    for severity in (1, 5):
        path = tmp_path / "files" / "contrast" / str(severity) / "a" / "2.png"
        with Image.open(path) as picture:
            row = (severity - 1) * 3 + 2
            np.testing.assert_array_equal(np.asarray(picture), array[row])


def test_labels_are_repeated_as_bytes(tmp_path):
    copy_as_arrays(pictures(), str(tmp_path), SETTINGS)
    labels = np.load(tmp_path / "labels.npy")
    assert labels.dtype == np.uint8
    np.testing.assert_array_equal(labels, [2, 0, 1] * 5)


def test_many_classes_do_not_overflow(tmp_path):
    many = pictures(labels=(2, 999, 1))
    copy_as_arrays(many, str(tmp_path), CopySettings(("contrast",)))
    assert np.load(tmp_path / "labels.npy")[1] == 999


def test_finished_arrays_are_kept(tmp_path):
    (tmp_path / "contrast.npy").write_bytes(b"untouched")
    outcome = copy_as_arrays(pictures(), str(tmp_path), SETTINGS)
    assert (outcome.written, outcome.kept) == (15, 15)
    assert (tmp_path / "contrast.npy").read_bytes() == b"untouched"


def test_an_interrupted_array_gets_no_name(tmp_path, monkeypatch):
    def interrupt(array, *_):
        array[0] = 1
        raise KeyboardInterrupt

    monkeypatch.setattr(cifar_copy, "_fill", interrupt)
    with pytest.raises(KeyboardInterrupt):
        copy_as_arrays(pictures(), str(tmp_path), SETTINGS)
    assert not list(tmp_path.iterdir())


def test_what_a_kill_left_is_written_over(tmp_path):
    (tmp_path / ".contrast.npy.part").write_bytes(b"half")
    copy_as_arrays(pictures(), str(tmp_path), SETTINGS)
    assert np.load(tmp_path / "contrast.npy").shape[0] == 15
    assert not list(tmp_path.glob(".*"))


def test_one_size_is_needed(tmp_path):
    mixed = pictures(sizes=((20, 16), (16, 20), (20, 16)))
    with pytest.raises(ValueError, match="20x16 and 16x20 pixels; pass --imag"):
        copy_as_arrays(mixed, str(tmp_path), SETTINGS)
    cropped = CopySettings(("contrast",), image_size=16)
    copy_as_arrays(mixed, str(tmp_path), cropped)
    assert np.load(tmp_path / "contrast.npy").shape == (15, 16, 16, 3)


def test_all_severities_are_needed(tmp_path):
    some = CopySettings(("contrast",), severities=(1, 3))
    with pytest.raises(ValueError, match="1,2,3,4,5, received 1,3"):
        copy_as_arrays(pictures(), str(tmp_path), some)
