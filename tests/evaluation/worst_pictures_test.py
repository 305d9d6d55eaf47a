"""The worst pictures are those whose labels were least likely."""

import numpy as np
import pytest

from qualnet_tf.evaluation import worst_pictures
from qualnet_tf.evaluation.answers import read_answers
from qualnet_tf.evaluation.predictions import Predictions, to_half

NAMES = ("ant", "bee", "cat")
LABELS = np.array([0, 1, 2, 0], np.int32)


def _answers(logits):
    return read_answers(
        Predictions(to_half(np.array(logits, float)), LABELS, np.arange(4))
    )


# Of the four pictures the last is the worst, then the second.
ANSWERS = {
    (None, 0): _answers([[0, 9, 0]] * 4),
    ("fog", 1): _answers([[5, 0, 0], [0, 0, 2], [0, 0, 5], [0, 9, 0]]),
    ("fog", 2): _answers([[5, 0, 0], [0, 3, 0], [0, 0, 5], [0, 9, 0]]),
    ("fog", 3): _answers([[5, 0, 0], [2, 0, 0], [0, 0, 5], [0, 0, 9]]),
}


def _found(count=2):
    places = worst_pictures.find_worst(ANSWERS, count)
    clean = np.full((len(places), 4, 4, 3), 7, np.uint8)
    return places, worst_pictures.describe(ANSWERS, places, clean, NAMES)


def test_the_least_likely_labels_come_first():
    places, found = _found()
    assert places == [3, 1]
    assert found.labels == ("ant", "bee")
    assert found.mistaken_for == ("bee", "ant")
    np.testing.assert_allclose(found.wrong_share, [1, 2 / 3])


def test_no_more_than_there_are_and_none_without_corruption():
    assert len(worst_pictures.find_worst(ANSWERS, 9)) == 4
    clean = {(None, 0): ANSWERS[None, 0]}
    assert worst_pictures.find_worst(clean, 9) == []


def test_they_come_back_as_they_were_saved(tmp_path):
    _, found = _found()
    worst_pictures.save_worst_pictures(found, tmp_path / "worst.npz")
    back = worst_pictures.load_worst_pictures(tmp_path / "worst.npz")
    assert back.labels == found.labels
    assert back.mistaken_for == found.mistaken_for
    np.testing.assert_array_equal(back.clean, found.clean)
    np.testing.assert_array_equal(back.wrong_share, found.wrong_share)


def test_arrays_that_do_not_fit_are_refused():
    _, found = _found()
    with pytest.raises(ValueError, match="expected uint8 .n, height"):
        worst_pictures.WorstPictures(
            found.clean[:1],
            found.labels,
            found.mistaken_for,
            found.wrong_share,
        )
