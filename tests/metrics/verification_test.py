"""Verification against published numbers and by hand."""

import numpy as np
import pytest

from qualnet_tf.metrics.verification import (
    CONVENTIONS,
    consecutive_folds,
    join_flipped,
    pair_cosines,
    true_acceptance_rate,
    verification_accuracy,
)
from tests.metrics import orl_pixels


def _pairs(num=200, size=8, seed=0, noise=0.3):
    generator = np.random.default_rng(seed)
    left = generator.normal(size=(num, size))
    is_same = np.arange(num) % 2 == 0
    right = np.where(is_same[:, None], left, generator.normal(size=left.shape))
    return left, right + noise * generator.normal(size=left.shape), is_same


@pytest.fixture(scope="module")
def orl():
    pixels, rows = orl_pixels.pixels(), orl_pixels.rows("pairs.csv")
    left, right = (
        np.stack([pixels[row[side]] for row in rows])
        for side in ("left", "right")
    )
    is_same = np.array([row["same"] == "1" for row in rows])
    return left, right, is_same, np.array([int(row["fold"]) for row in rows])


@orl_pixels.needs_faces
class TestOrl:
    """Numbers of the pixels, measured independently of this code."""

    @pytest.mark.parametrize(
        ("convention", "accuracy"),
        [("euclidean", 0.8558), ("centred", 0.8650), ("cosine", 0.8517)],
    )
    def test_accuracy(self, orl, convention, accuracy):
        result = verification_accuracy(*orl, convention)
        assert result.accuracy == pytest.approx(accuracy, abs=5e-5)
        assert result.convention == convention
        assert len(result.fold_accuracies) == 10

    def test_deviation_and_threshold(self, orl):
        result = verification_accuracy(*orl, "euclidean")
        assert result.deviation == pytest.approx(0.0384, abs=5e-5)
        assert np.mean(result.fold_thresholds) == pytest.approx(0.71, abs=5e-4)

    @pytest.mark.parametrize(("far", "tar"), [(1e-2, 0.5450), (1e-1, 0.7917)])
    def test_rates(self, orl, far, tar):
        left, right, is_same, _ = orl
        rate = true_acceptance_rate(pair_cosines(left, right), is_same, far)
        assert rate == pytest.approx(tar, abs=5e-5)


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_easy_pairs_are_all_told_apart(convention):
    left, right, is_same = _pairs(size=64, noise=0.01)
    folds = consecutive_folds(200)
    result = verification_accuracy(left, right, is_same, folds, convention)
    assert result.accuracy == 1.0 and result.deviation == 0.0


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_random_labels_are_chance(convention):
    left, right, _ = _pairs(2000)
    labels = np.random.default_rng(3).integers(0, 2, 2000)
    folds = consecutive_folds(2000)
    result = verification_accuracy(left, right, labels, folds, convention)
    assert result.accuracy == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("convention", ("euclidean", "cosine"))
def test_lengths_do_not_matter(convention):
    left, right, is_same = _pairs()
    folds = consecutive_folds(200)
    scale = np.random.default_rng(1).uniform(0.1, 9, (200, 1))
    first = verification_accuracy(left, right, is_same, folds, convention)
    again = verification_accuracy(
        left * scale, right, is_same, folds, convention
    )
    assert first.accuracy == again.accuracy


def test_a_shift_of_all_embeddings_does_not_matter_when_centred():
    left, right, is_same = _pairs()
    folds = consecutive_folds(200)
    results = [
        verification_accuracy(
            left + shift, right + shift, is_same, folds, "centred"
        )
        for shift in (0, 5)
    ]
    assert results[0].accuracy == pytest.approx(results[1].accuracy, abs=0.01)


def test_the_threshold_comes_from_the_other_folds():
    """A fold whose scores lie elsewhere is judged by the others' threshold."""
    angles = np.array([0.1, 1.0] * 4 + [1.0, 2.0])
    left = np.tile([1.0, 0.0], (10, 1))
    right = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    folds = np.repeat(np.arange(5), 2)
    is_same = np.tile([True, False], 5)
    result = verification_accuracy(left, right, is_same, folds, "cosine")
    assert result.fold_accuracies == (1.0, 1.0, 1.0, 1.0, 0.5)


def test_consecutive_folds():
    assert list(consecutive_folds(7, 3)) == [0, 0, 0, 1, 1, 2, 2]
    with pytest.raises(ValueError, match="at least 10 pairs .* received 9"):
        consecutive_folds(9)


def test_rate_never_exceeds_the_false_ones():
    scores = np.array([0.9, 0.8, 0.7, 0.95, 0.8, 0.1, 0.0])
    is_same = np.array([1, 1, 1, 0, 0, 0, 0], bool)
    # No false one: above 0.95. One of four: above 0.8.
    assert true_acceptance_rate(scores, is_same, 0.0) == 0.0
    assert true_acceptance_rate(scores, is_same, 0.25) == pytest.approx(1 / 3)
    assert true_acceptance_rate(scores, is_same, 0.5) == 1.0


def test_flips():
    a, b = np.ones((3, 2)), 2 * np.ones((3, 2))
    assert np.array_equal(join_flipped(a, b, "none"), a)
    assert np.array_equal(join_flipped(a, b, "sum"), 3 * a)
    assert join_flipped(a, b, "concatenate").shape == (3, 4)
    with pytest.raises(ValueError, match="expected one of none, sum, concat"):
        join_flipped(a, b, "both")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"left": np.ones((3, 2))}, r"of one shape, received \(3, 2\)"),
        ({"is_same": np.ones(4)}, r"each of 200 pairs, received \(4,\)"),
        ({"folds": np.zeros(200)}, "at least 2 folds, received 1"),
        ({"left": np.full((200, 8), np.nan)}, "received NaN or infinity"),
        ({"convention": "best"}, "expected one of euclidean, centred, cosine"),
    ],
)
def test_bad_arguments(change, message):
    left, right, is_same = _pairs()
    given = {"left": left, "right": right, "is_same": is_same}
    given |= {"folds": consecutive_folds(200)} | change
    with pytest.raises(ValueError, match=message):
        verification_accuracy(**given)


@pytest.mark.parametrize(
    ("is_same", "rate", "message"),
    [
        ([1, 1], 0.1, "received one kind alone"),
        ([0, 0], 0.1, "received one kind alone"),
        ([0, 1], 1.0, "below 1, received 1.0"),
        ([0, 1], -0.1, "at least 0"),
    ],
)
def test_bad_rates(is_same, rate, message):
    with pytest.raises(ValueError, match=message):
        true_acceptance_rate([0.1, 0.2], is_same, rate)
