"""Answers keep what each image's logits say."""

import numpy as np
import pytest

from qualnet_tf.evaluation.answers import read_answers
from qualnet_tf.evaluation.predictions import Predictions, to_half
from qualnet_tf.metrics import calibration

RANDOM = np.random.default_rng(0)
LOGITS = (RANDOM.normal(size=(40, 7)) * 2).astype(np.float32)
LABELS = RANDOM.integers(0, 7, 40).astype(np.int32)


def _answers(logits=LOGITS, labels=LABELS):
    ids = np.arange(len(labels))
    return read_answers(Predictions(to_half(logits), labels, ids))


def test_measures_are_those_of_the_logits_before_they_were_halved():
    answers = _answers()
    np.testing.assert_array_equal(answers.predicted, LOGITS.argmax(axis=1))
    is_right = LOGITS.argmax(axis=1) == LABELS
    np.testing.assert_array_equal(answers.is_right, is_right)
    found = answers.quality("fog", 3)
    best = np.argsort(-LOGITS, axis=1)[:, :5]
    assert found.top5_accuracy == pytest.approx(
        np.mean([label in row for label, row in zip(LABELS, best, strict=True)])
    )
    # Half precision keeps three digits of each distance to the maximum.
    nll = calibration.negative_log_likelihoods(LOGITS, LABELS).mean()
    assert found.negative_log_likelihood == pytest.approx(nll, rel=1e-3)
    brier = calibration.brier_scores(LOGITS, LABELS).mean()
    assert found.brier_score == pytest.approx(brier, rel=1e-3)
    error = calibration.expected_calibration_error(
        calibration.confidences(LOGITS, LABELS), is_right
    )
    assert found.calibration_error == pytest.approx(error, abs=1e-3)
    assert (found.corruption, found.severity) == ("fog", 3)


def test_few_classes_are_all_among_the_five():
    found = _answers(np.eye(2), np.array([0, 1])).quality(None, 0)
    assert found.top5_accuracy == 1.0
    assert found.corruption == "clean"


def test_logits_that_are_not_finite_are_refused():
    with pytest.raises(ValueError, match="the model or its input is damaged"):
        read_answers(
            Predictions(
                np.full((1, 3), np.nan, np.float16),
                np.array([0]),
                np.array([0]),
            )
        )
