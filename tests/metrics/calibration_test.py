"""Likelihood, Brier score and calibration against loops over numbers."""

import numpy as np
import pytest
import scipy.special
import sklearn.calibration
import sklearn.metrics

from qualnet_tf.metrics import calibration

RANDOM = np.random.default_rng(0)
LOGITS = RANDOM.normal(size=(200, 5)) * 3
LABELS = np.where(
    RANDOM.random(200) < 0.6, LOGITS.argmax(axis=1), RANDOM.integers(0, 5, 200)
)
CHANCES = scipy.special.softmax(LOGITS, axis=1)


def test_likelihood_is_that_of_the_label():
    found = calibration.negative_log_likelihoods(LOGITS, LABELS)
    expected = [-np.log(row[i]) for row, i in zip(CHANCES, LABELS, strict=True)]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_certain_and_wrong_is_large_but_finite():
    logits = np.array([[0.0, 1000.0]])
    (found,) = calibration.negative_log_likelihoods(logits, [0])
    assert found == 1000.0
    assert calibration.brier_scores(logits, [0]).tolist() == [2.0]
    assert calibration.brier_scores(logits, [1]).tolist() == [0.0]


def test_brier_score_is_the_squared_distance():
    found = calibration.brier_scores(LOGITS, LABELS)
    expected = [
        sum((p - (k == label)) ** 2 for k, p in enumerate(row))
        for row, label in zip(CHANCES, LABELS, strict=True)
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def _answers(logits, labels):
    confidence = calibration.confidences(logits, labels)
    return confidence, calibration.in_top_k(logits, labels, 1)


def test_confidence_is_the_highest_probability():
    found = calibration.confidences(LOGITS, LABELS)
    np.testing.assert_allclose(found, CHANCES.max(axis=1), rtol=1e-12)


@pytest.mark.parametrize("num_bins", [1, 10, 15])
def test_calibration_error_by_a_loop_over_images(num_bins):
    highest, right = CHANCES.max(axis=1), CHANCES.argmax(axis=1) == LABELS
    total = 0.0
    for number in range(num_bins):
        low, high = number / num_bins, (number + 1) / num_bins
        inside = [i for i, c in enumerate(highest) if low < c <= high]
        if inside:
            accuracy = sum(right[i] for i in inside) / len(inside)
            confidence = sum(highest[i] for i in inside) / len(inside)
            total += len(inside) / 200 * abs(accuracy - confidence)
    found = calibration.expected_calibration_error(
        *_answers(LOGITS, LABELS), num_bins
    )
    assert found == pytest.approx(total, rel=1e-9)
    assert found > 0.01


def test_a_calibrated_model_has_a_small_error():
    """Labels drawn from the predictions themselves."""
    logits = np.random.default_rng(1).normal(size=(50000, 4)) * 2
    chances = scipy.special.softmax(logits, axis=1).cumsum(axis=1)
    draws = np.random.default_rng(2).random((50000, 1))
    labels = np.minimum((chances < draws).sum(axis=1), 3)
    error = calibration.expected_calibration_error
    assert error(*_answers(logits, labels)) < 0.01
    assert error(*_answers(3 * logits, labels)) > 0.1


def test_certainty_is_in_the_last_bin():
    found = calibration.reliability([1.0 + 1e-12, 0.05], [True, False], 10)
    assert found == [(0.5, 0.0, 0.05), (0.5, 1.0, pytest.approx(1.0))]


def test_reliability_shares_add_up():
    bins = calibration.reliability(*_answers(LOGITS, LABELS))
    assert sum(share for share, _, _ in bins) == pytest.approx(1.0)
    accuracy = sum(share * right for share, right, _ in bins)
    assert accuracy == pytest.approx(np.mean(LOGITS.argmax(1) == LABELS))
    confidences = [confidence for _, _, confidence in bins]
    assert confidences == sorted(confidences)


@pytest.mark.parametrize("k", [1, 2, 5])
def test_top_k_is_a_place_in_the_order(k):
    order = np.argsort(-LOGITS, axis=1, kind="stable")
    expected = [
        label in row[:k] for row, label in zip(order, LABELS, strict=True)
    ]
    assert calibration.in_top_k(LOGITS, LABELS, k).tolist() == expected


def test_ties_go_to_the_lower_class():
    logits = np.zeros((3, 3))
    found = calibration.in_top_k(logits, [0, 1, 2], 2)
    assert found.tolist() == [True, True, False]


@pytest.mark.parametrize(
    ("logits", "labels", "message"),
    [
        (LOGITS, LABELS[:-1], r"expected logits .* received \(200, 5\) and"),
        (LOGITS[0], LABELS[:1], r"expected logits \[images, classes\]"),
        (LOGITS[:0], LABELS[:0], "of at least one image"),
        (LOGITS, LABELS + 1, "labels: expected 0 to 4, received 1 to 5"),
        (LOGITS, LABELS * 1.0, "labels: expected integers"),
        (LOGITS * np.nan, LABELS, "received nan for image 0"),
    ],
)
def test_what_does_not_fit_is_refused(logits, labels, message):
    with pytest.raises(ValueError, match=message):
        calibration.negative_log_likelihoods(logits, labels)


def test_numbers_out_of_range_are_refused():
    with pytest.raises(ValueError, match="top 6: expected 1 to the 5 classes"):
        calibration.in_top_k(LOGITS, LABELS, 6)
    with pytest.raises(ValueError, match="num_bins: expected at least 1"):
        calibration.expected_calibration_error([0.5], [True], 0)
    with pytest.raises(ValueError, match=r"received \(1,\) and \(2,\)"):
        calibration.expected_calibration_error([0.5], [True, False])


def test_scikit_learn_agrees():
    answers = [calibration.negative_log_likelihoods, calibration.brier_scores]
    received = [measure(LOGITS, LABELS).mean() for measure in answers]
    classes = np.arange(CHANCES.shape[1])
    expected = [
        sklearn.metrics.log_loss(LABELS, CHANCES, labels=classes),
        sklearn.metrics.brier_score_loss(
            LABELS, CHANCES, labels=classes, scale_by_half=False
        ),
    ]
    np.testing.assert_allclose(received, expected, rtol=1e-9)


@pytest.mark.parametrize("num_bins", [5, 15])
def test_scikit_learn_agrees_on_the_bins(num_bins):
    confidence = CHANCES.max(axis=1)
    is_right = CHANCES.argmax(axis=1) == LABELS
    accuracies, means = sklearn.calibration.calibration_curve(
        is_right, confidence, n_bins=num_bins, strategy="uniform"
    )
    counts, _ = np.histogram(confidence, num_bins, (0, 1))
    shares = counts[counts > 0] / len(confidence)
    assert calibration.expected_calibration_error(
        confidence, is_right, num_bins
    ) == pytest.approx(np.sum(shares * np.abs(accuracies - means)))
