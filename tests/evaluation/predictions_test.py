"""Predictions come back as they were kept, each question in its folder."""

import json

import numpy as np
import pytest

from qualnet_tf.evaluation.predictions import (
    PredictionFiles,
    Predictions,
    to_half,
)

FOG = ("fog", 3)


def _predictions(start, count):
    return Predictions(
        logits=np.arange(count * 2, dtype=np.float16).reshape(count, 2),
        labels=np.arange(start, start + count, dtype=np.int32),
        ids=np.array([f"a/{i}" for i in range(start, start + count)]),
    )


def test_blocks_are_joined_in_order(tmp_path):
    files = PredictionFiles(tmp_path, {"seed": 0})
    files.write(FOG, 1, _predictions(3, 2))
    assert not files.has(FOG, 0)
    files.write(FOG, 0, _predictions(0, 3))
    assert files.has(FOG, 0)
    found = files.read(FOG, 2)
    np.testing.assert_array_equal(found.labels, range(5))
    assert found.ids.tolist() == [f"a/{i}" for i in range(5)]
    assert found.logits.dtype == np.float16
    assert found.logits.shape == (5, 2)


def test_another_question_has_another_folder(tmp_path):
    first = PredictionFiles(tmp_path, {"seed": 0, "size": 32})
    same = PredictionFiles(tmp_path, {"size": 32, "seed": 0})
    other = PredictionFiles(tmp_path, {"seed": 1, "size": 32})
    first.write(FOG, 0, _predictions(0, 3))
    assert same.has(FOG, 0)
    assert not other.has(FOG, 0)
    assert not first.has((None, 0), 0)
    protocol = json.loads((tmp_path / first.key / "protocol.json").read_text())
    assert protocol == {"seed": 0, "size": 32}


def test_a_damaged_file_is_one_clear_line(tmp_path):
    files = PredictionFiles(tmp_path, {})
    files.write(FOG, 0, _predictions(0, 3))
    (path,) = (tmp_path / files.key).glob("fog-3*")
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ValueError, match="damaged file.*remove it and eval"):
        files.read(FOG, 1)


def test_halved_logits_keep_what_decides():
    logits = np.array([[1e6, 1e6 - 1, -1e30], [3, 3.0001, 2]], np.float32)
    half = to_half(logits)
    assert np.isfinite(half).all()
    np.testing.assert_array_equal(half.max(axis=1), 0)
    assert half[0, 1] == -1
    np.testing.assert_array_equal(half.argmax(axis=1), logits.argmax(axis=1))
    assert half[1, 0] < 0
