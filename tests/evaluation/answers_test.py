"""Answers keep what each image's logits say, whatever the batches."""

import numpy as np
import pytest

from qualnet_tf.evaluation.answers import Answers
from qualnet_tf.metrics import calibration

RANDOM = np.random.default_rng(0)
LOGITS = RANDOM.normal(size=(2, 9, 7)) * 2
LABELS = RANDOM.integers(0, 7, 9)


def _filled(batch_size):
    """Both conditions of nine images, in an order of their own."""
    answers = Answers(2, 9)
    places = np.random.default_rng(1).permutation(18)
    for start in range(0, 18, batch_size):
        condition, index = np.divmod(places[start : start + batch_size], 9)
        answers.add(
            LOGITS[condition, index],
            {
                "condition": condition,
                "index": index,
                "label": LABELS[index],
            },
        )
    return answers


@pytest.mark.parametrize("batch_size", [1, 5, 18])
def test_measures_are_those_of_all_images_at_once(batch_size):
    answers = _filled(batch_size)
    for place in (0, 1):
        logits = LOGITS[place]
        is_right = logits.argmax(axis=1) == LABELS
        np.testing.assert_array_equal(answers.is_right[place], is_right)
        found = answers.quality(place, "fog", 3)
        best = np.argsort(-logits, axis=1)[:, :5]
        assert found.top5_accuracy == pytest.approx(
            np.mean(
                [label in row for label, row in zip(LABELS, best, strict=True)]
            )
        )
        nll = calibration.negative_log_likelihoods(logits, LABELS).mean()
        assert found.negative_log_likelihood == pytest.approx(nll, rel=1e-6)
        brier = calibration.brier_scores(logits, LABELS).mean()
        assert found.brier_score == pytest.approx(brier, rel=1e-6)
        error = calibration.expected_calibration_error(
            calibration.confidences(logits, LABELS), is_right
        )
        assert found.calibration_error == pytest.approx(error, rel=1e-5)
        assert (found.corruption, found.severity) == ("fog", 3)


def test_few_classes_are_all_among_the_five():
    answers = Answers(1, 2)
    batch = {
        "condition": np.zeros(2, int),
        "index": np.arange(2),
        "label": np.array([0, 1]),
    }
    answers.add(np.eye(2), batch)
    found = answers.quality(0, None, 0)
    assert found.top5_accuracy == 1.0
    assert found.corruption == "clean"


def test_a_model_that_says_nan_is_refused():
    batch = {"condition": [0], "index": [0], "label": np.array([0])}
    with pytest.raises(ValueError, match="the model or its input is damaged"):
        Answers(1, 1).add(np.full((1, 3), np.nan), batch)
