"""Tests of the file of example pictures."""

import numpy as np
import pytest

from qualnet_tf.evaluation import results as results_lib
from qualnet_tf.evaluation.results import ConditionPictures, Pictures


def _batch(value, shape=(2, 8, 6, 3)):
    return np.full(shape, value, np.uint8)


@pytest.mark.parametrize("reconstructed", [False, True])
def test_save_and_load(tmp_path, reconstructed):
    more = {}
    if reconstructed:
        more = {
            "reconstruction_of_clean": _batch(3),
            "reconstruction_of_corrupted": _batch(4),
        }
    pictures = Pictures(_batch(1), _batch(2), ("fog 3", "snow 5"), **more)
    path = tmp_path / "results" / "pictures.npz"
    results_lib.save_pictures(pictures, path)
    loaded = results_lib.load_pictures(path)
    assert loaded.caption == ("fog 3", "snow 5")
    assert loaded.arrays().keys() == pictures.arrays().keys()
    for name, array in pictures.arrays().items():
        np.testing.assert_array_equal(loaded.arrays()[name], array)
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_reconstructions_may_be_smaller_by_a_whole_factor():
    small = {
        "reconstruction_of_clean": _batch(3, (2, 4, 3, 3)),
        "reconstruction_of_corrupted": _batch(4, (2, 4, 3, 3)),
    }
    pictures = Pictures(_batch(1), _batch(2), ("fog 3", "snow 5"), **small)
    assert pictures.decoder_downscale == 2
    assert Pictures(_batch(1), _batch(2), ("a", "b")).decoder_downscale == 1
    small["reconstruction_of_corrupted"] = _batch(4)
    with pytest.raises(ValueError, match=r"expected uint8 \(2, 4, 3, 3\)"):
        Pictures(_batch(1), _batch(2), ("fog 3", "snow 5"), **small)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"corrupted": _batch(1, (2, 8, 8, 3))}, "corrupted is uint8"),
        ({"corrupted": _batch(1).astype(np.float32)}, "expected uint8"),
        ({"caption": ("fog 3",)}, r"expected uint8 \(1, 8, 6, 3\)"),
        ({"reconstruction_of_clean": _batch(1)}, "one reconstruction without"),
        (
            {"reconstruction_of_clean": _batch(1, (2, 5, 4, 3))},
            r"reconstruction_of_clean is uint8 \(2, 5, 4, 3\)",
        ),
    ],
)
def test_arrays_that_do_not_fit_are_refused(changes, message):
    values = {
        "clean": _batch(1),
        "corrupted": _batch(2),
        "caption": ("fog 3", "snow 5"),
    }
    with pytest.raises(ValueError, match=message):
        Pictures(**(values | changes))


def test_a_missing_file_says_what_to_run(tmp_path):
    with pytest.raises(ValueError, match="no pictures; evaluate the run"):
        results_lib.load_pictures(tmp_path / "pictures.npz")


def test_damaged_and_foreign_files_are_refused(tmp_path):
    path = tmp_path / "pictures.npz"
    path.write_bytes(b"PK\x03\x04 half a file")
    with pytest.raises(ValueError, match="not the pictures of an evaluation"):
        results_lib.load_pictures(path)
    np.savez(path, weights=np.zeros(3))
    with pytest.raises(ValueError, match="not the pictures of an evaluation"):
        results_lib.load_pictures(path)


def test_pictures_of_conditions_are_saved_and_checked(tmp_path):
    clean = np.full((6, 8, 3), 7, np.uint8)
    corrupted = np.arange(2 * 3 * 144, dtype=np.uint64).astype(np.uint8)
    corrupted = corrupted.reshape(2, 3, 6, 8, 3)
    names, severities = ("fog", "snow"), (1, 3, 5)
    pictures = ConditionPictures(clean, names, severities, corrupted)
    path = tmp_path / "conditions.npz"
    results_lib.save_condition_pictures(pictures, path)
    loaded = results_lib.load_condition_pictures(path)
    assert (loaded.names, loaded.severities) == (names, severities)
    np.testing.assert_array_equal(loaded.corrupted, corrupted)
    with pytest.raises(ValueError, match=r"expected uint8 \(2, 2, 6, 8, 3\)"):
        ConditionPictures(clean, names, (1, 3), corrupted)
