"""Tests of the file of embeddings at two qualities."""

import dataclasses

import numpy as np
import pytest

from qualnet_tf.evaluation.feature_pairs_file import (
    FeaturePairs,
    load_feature_pairs,
    save_feature_pairs,
)


def make(**changes):
    values = {
        "positions_hq": np.arange(6.0).reshape(3, 2),
        "positions_lq": -np.arange(6.0).reshape(3, 2),
        "labels": [0, 1, 1],
        "class_names": ("cat", "dog"),
        "num_images": 50,
        "distance_ratio": 0.25,
        "purity": 0.75,
        "low_side": 16,
        "num_classes": 10,
    }
    return FeaturePairs(**(values | changes))


def test_save_and_load(tmp_path):
    path = tmp_path / "results" / "feature_pairs.npz"
    save_feature_pairs(make(), path)
    loaded = load_feature_pairs(path)
    for field in dataclasses.fields(FeaturePairs):
        expected = getattr(make(), field.name)
        received = getattr(loaded, field.name)
        assert type(received) is type(expected)
        np.testing.assert_array_equal(received, expected)
    assert loaded.positions_hq.dtype == np.float32
    assert loaded.labels.dtype == np.int32
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_an_older_file_stays_when_writing_fails(tmp_path, monkeypatch):
    path = tmp_path / "feature_pairs.npz"
    save_feature_pairs(make(purity=0.5), path)

    def fail(file, **arrays):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez_compressed", fail)
    with pytest.raises(OSError, match="feature_pairs.npz"):
        save_feature_pairs(make(), path)
    assert load_feature_pairs(path).purity == 0.5
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"positions_hq": np.zeros((3, 3))}, r"positions_hq is \(3, 3\)"),
        ({"positions_lq": np.zeros((2, 2))}, r"expected \(3, 2\) of finite"),
        ({"positions_lq": np.full((3, 2), np.nan)}, "of finite numbers"),
        ({"labels": [[0], [1], [1]]}, r"labels is \(3, 1\)"),
        ({"labels": [0, 1, 2]}, r"labels is \[0 1 2\], out of range"),
        ({"labels": [0, 1, -1]}, r"labels is \[ 0  1 -1\]"),
        ({"class_names": ("cat",)}, "labels is"),
        ({"num_images": 2}, "num_images is 2"),
        ({"num_classes": 1}, r"class_names is \('cat', 'dog'\)"),
        ({"distance_ratio": np.nan}, "distance_ratio is nan"),
        ({"distance_ratio": np.inf}, "distance_ratio is inf"),
        ({"distance_ratio": -0.1}, "distance_ratio is -0.1"),
        ({"purity": 1.1}, "purity is 1.1"),
        ({"purity": np.nan}, "purity is nan"),
        ({"low_side": 0}, "low_side is 0"),
    ],
)
def test_values_that_do_not_fit_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        make(**changes)


def test_no_image_is_refused():
    nothing = np.zeros((0, 2))
    with pytest.raises(ValueError, match=r"labels is \[\]"):
        make(positions_hq=nothing, positions_lq=nothing, labels=[])


def test_a_missing_file_says_what_to_do(tmp_path):
    with pytest.raises(ValueError, match="no feature pairs; evaluate the run"):
        load_feature_pairs(tmp_path / "feature_pairs.npz")


def test_damaged_and_foreign_files_are_refused(tmp_path):
    path = tmp_path / "feature_pairs.npz"
    path.write_bytes(b"PK\x03\x04 half a file")
    with pytest.raises(ValueError, match="not the feature pairs"):
        load_feature_pairs(path)
    np.savez(path, weights=np.zeros(3))
    with pytest.raises(ValueError, match="not the feature pairs"):
        load_feature_pairs(path)
