"""Answers are kept block by block, and only what is missing is asked."""

import io

import numpy as np
import pytest
from tqdm import tqdm

from qualnet_tf.datasets import blocks, pipeline
from qualnet_tf.datasets.arrays import array_source
from qualnet_tf.evaluation.asking import Asked, ask, in_equal_pieces
from qualnet_tf.evaluation.predictions import PredictionFiles
from qualnet_tf.evaluation.shown_images import MadeImages, ReadImages, View
from qualnet_tf.subjects.subject import Subject

CONDITIONS = (pipeline.CLEAN, ("contrast", 2), ("brightness", 5))
COUNT = 11


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """Blocks of four images of 16 pixels."""
    monkeypatch.setattr(blocks, "_BYTES", 4 * 16 * 16 * 12)


def _source(seed=0):
    pixels = np.random.default_rng(seed).integers(
        0, 256, (COUNT, 16, 16, 3), dtype=np.uint8
    )
    return array_source("random", pixels, np.arange(COUNT) % 3, "abc")


def _images(batch_size=5):
    return MadeImages(
        _source(),
        CONDITIONS,
        View(stored_size=16, image_size=16, batch_size=batch_size),
    )


def _read_images():
    return ReadImages(
        _source(),
        CONDITIONS,
        View(stored_size=16, image_size=16, batch_size=5),
        lambda name, severity: _source(severity),
    )


class Recorder:
    """Answers with the mean of each channel, and counts what it saw."""

    def __init__(self, fails_after=None):
        self.seen, self._fails_after = 0, fails_after

    def __call__(self, image):
        self.seen += len(image)
        if self._fails_after is not None and self.seen > self._fails_after:
            raise ValueError("the server is gone")
        return 10 * image.mean(axis=(1, 2))


def _asked(folder, recorder, columns=None):
    subject = Subject(
        address="net",
        kind="recorder",
        image_size=16,
        pixel_range="unit",
        class_names=(),
        ask=recorder,
        outputs="logits",
    )
    return Asked(subject, PredictionFiles(folder, {}), columns)


def _ask(images, *everyone):
    with tqdm(total=0, file=io.StringIO()) as progress:
        return ask(everyone, images, progress)


@pytest.mark.parametrize("batch_size", [1, 3, 5, 100])
def test_pieces_are_of_one_condition_and_of_equal_length(batch_size):
    images = _images(batch_size)
    wanted = np.ones((3, 3), bool)
    wanted[1, 2] = wanted[0, 0] = False
    pieces = list(in_equal_pieces(images.batches(wanted), images, wanted))
    by_block = {}
    for piece in pieces:
        assert set(piece.batch["condition"]) == {piece.place}
        assert set(piece.batch["index"] // 4) == {piece.block}
        assert len(piece.batch["label"]) <= batch_size
        by_block.setdefault((piece.block, piece.place), []).append(piece)
    assert list(by_block) == [tuple(each) for each in np.argwhere(wanted)]
    for (block, _), members in by_block.items():
        sizes = [len(piece.batch["label"]) for piece in members]
        assert max(sizes) - min(sizes) <= 1
        assert sum(sizes) == (4, 4, 3)[block]
        assert [piece.is_last for piece in members] == [False] * (
            len(members) - 1
        ) + [True]
        assert members[0].is_first == (block == 0)


@pytest.mark.parametrize("make", [_images, _read_images])
def test_what_is_kept_is_what_was_said_of_each_image(tmp_path, make):
    images = make()
    asked = _asked(tmp_path, Recorder())
    first = _ask(images, asked)
    wanted = np.ones(images.lengths.shape, bool)
    whole = list(images.batches(wanted))
    joined = {
        name: np.concatenate([batch[name] for batch in whole])
        for name in ("image", "label", "index", "condition")
    }
    for place, condition in enumerate(CONDITIONS):
        found = asked.files.read(condition, len(images.lengths))
        rows = np.flatnonzero(joined["condition"] == place)
        rows = rows[np.argsort(joined["index"][rows])]
        logits = 10 * joined["image"][rows].mean(axis=(1, 2))
        np.testing.assert_allclose(
            found.logits, logits - logits.max(1, keepdims=True), atol=5e-3
        )
        np.testing.assert_array_equal(found.labels, np.arange(COUNT) % 3)
        np.testing.assert_array_equal(found.ids, np.arange(COUNT))
        np.testing.assert_array_equal(first[place], joined["image"][rows[0]])
    np.testing.assert_array_equal(images.first([1])[1], first[1])


@pytest.mark.parametrize("make", [_images, _read_images])
def test_it_goes_on_where_it_was_stopped(tmp_path, make):
    images = make()
    whole = _asked(tmp_path / "whole", Recorder())
    _ask(images, whole)
    # Within the second condition of the first block, or of all images.
    stopped = 6 if make is _images else COUNT + 6
    cut = _asked(tmp_path / "cut", Recorder(fails_after=stopped))
    with pytest.raises(ValueError, match="the server is gone"):
        _ask(images, cut)
    assert cut.files.has(pipeline.CLEAN, 0)
    assert not cut.files.has(CONDITIONS[1], 0)
    again = Recorder()
    _ask(images, _asked(tmp_path / "cut", again))
    assert again.seen == 3 * COUNT - int(images.lengths[0, 0])
    for condition in CONDITIONS:
        for name in ("logits", "labels", "ids"):
            np.testing.assert_array_equal(
                getattr(cut.files.read(condition, len(images.lengths)), name),
                getattr(whole.files.read(condition, len(images.lengths)), name),
            )


def test_nothing_is_asked_twice(tmp_path):
    images = _images()
    _ask(images, _asked(tmp_path, Recorder()))
    again = Recorder()
    assert _ask(images, _asked(tmp_path, again)) == {}
    assert again.seen == 0


def test_columns_are_the_classes_of_the_data(tmp_path):
    images = _images()
    plain = _asked(tmp_path / "plain", Recorder())
    turned = _asked(tmp_path / "turned", Recorder(), np.array([2, 0]))
    _ask(images, plain, turned)
    first = plain.files.read(pipeline.CLEAN, 3).logits.astype(float)
    second = turned.files.read(pipeline.CLEAN, 3).logits.astype(float)
    np.testing.assert_allclose(
        second[:, 0] - second[:, 1], first[:, 2] - first[:, 0], atol=1e-2
    )


def test_the_share_of_waiting_is_printed(tmp_path, capsys):
    _ask(_images(), _asked(tmp_path, Recorder()))
    assert "waited for images" in capsys.readouterr().out


def test_clean_images_that_the_path_changes_are_refused(tmp_path, monkeypatch):
    images = _images()
    batches = images.batches

    def changed(wanted):
        for batch in batches(wanted):
            yield {**batch, "image": batch["image"] * 0.99}

    monkeypatch.setattr(images, "batches", changed)
    with pytest.raises(ValueError, match="the corrupted path leaves as they"):
        _ask(images, _asked(tmp_path, Recorder()))
