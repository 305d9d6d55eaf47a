"""Face verification: whether two pictures show one person, from embeddings.

Accuracy by 10-fold cross-validation (the protocol of LFW: Huang et al., 2007):
the threshold of a fold is the best of the other folds. Published numbers follow
several conventions, which move them by tenths of a per cent on large sets and
by more on small ones, so the convention stands in the result:

    "euclidean"  insightface's. Squared distance of unit vectors, thresholds 0
                 to 4 in steps of 0.01, the first of the best; below it is one
                 person.
    "centred"    That of Face_Pytorch and its family. The mean embedding of the
                 other folds is subtracted first; cosine, thresholds -1 to 1 in
                 steps of 0.0001, the mean of all best; a score on the threshold
                 is wrong either way.
    "cosine"     Cosine, thresholds half-way between the scores met, the first
                 of the best; above it is one person. It has no grid.
"""

import dataclasses
from collections.abc import Callable

import numpy as np

from qualnet_tf.metrics.unit_vectors import unit_vectors

CONVENTIONS = ("euclidean", "centred", "cosine")
FLIPS = ("none", "sum", "concatenate")


@dataclasses.dataclass(frozen=True)
class VerificationResult:
    """An accuracy and how it was come by.

    Args:
        accuracy: Mean over the folds, in [0, 1].
        fold_accuracies: That of each fold.
        fold_thresholds: On which threshold of the convention's own scores.
        convention: One of `CONVENTIONS`.
    """

    accuracy: float
    fold_accuracies: tuple[float, ...]
    fold_thresholds: tuple[float, ...]
    convention: str

    @property
    def deviation(self) -> float:
        """Standard deviation over the folds (divided by their number)."""
        return float(np.std(self.fold_accuracies))


def join_flipped(embeddings, flipped, how: str):
    """Joins the embeddings of pictures and of their mirror images.

    Args:
        embeddings: float [pictures, size].
        flipped: Of the mirrored pictures, the same shape; not looked at with
            "none".
        how: One of `FLIPS`.

    Returns:
        float [pictures, size], or twice as wide with "concatenate".

    Raises:
        ValueError: If there is no such way.
    """
    if how not in FLIPS:
        raise ValueError(
            f"flip: expected one of {', '.join(FLIPS)}, received {how!r}"
        )
    if how == "none":
        return np.asarray(embeddings)
    if how == "sum":
        return np.asarray(embeddings) + np.asarray(flipped)
    return np.concatenate([embeddings, flipped], axis=1)


def verification_accuracy(
    left, right, is_same, folds, convention: str = "euclidean"
) -> VerificationResult:
    """Measures embeddings of pairs by cross-validation.

    Args:
        left: float [pairs, size], not zero.
        right: The other pictures, the same shape.
        is_same: Whether each pair shows one person.
        folds: int [pairs], the fold of each; `consecutive_folds` makes those
            of sets that do not say.
        convention: One of `CONVENTIONS`.

    Raises:
        ValueError: If the arrays do not fit or are not finite, there are fewer
            than two folds, or there is no such convention.
    """
    left, right = (np.asarray(each, np.float32) for each in (left, right))
    is_same, folds = np.asarray(is_same, bool), np.asarray(folds)
    _check(left, right, is_same, folds)
    if convention not in CONVENTIONS:
        raise ValueError(
            f"convention: expected one of {', '.join(CONVENTIONS)}, received "
            f"{convention!r}"
        )
    choose, decide = _RULES[convention]
    scores = None if convention == "centred" else _cosines(left, right)
    accuracies, thresholds = [], []
    for fold in np.unique(folds):
        tested = folds == fold
        if convention == "centred":
            known = np.concatenate([left[~tested], right[~tested]])
            mean = known.mean(axis=0)
            scores = _cosines(left - mean, right - mean)
        threshold = choose(scores[~tested], is_same[~tested])
        right_answers = decide(scores[tested], is_same[tested], threshold)
        accuracies.append(float(np.mean(right_answers)))
        thresholds.append(float(threshold))
    return VerificationResult(
        float(np.mean(accuracies)),
        tuple(accuracies),
        tuple(thresholds),
        convention,
    )


def consecutive_folds(num_pairs: int, num_folds: int = 10) -> np.ndarray:
    """Returns the fold of each pair: as many pairs in a row as fit.

    The `.bin` files of insightface carry no folds; theirs are these. The first
    `num_pairs % num_folds` folds have one pair more.

    Raises:
        ValueError: If there are fewer pairs than folds.
    """
    if num_pairs < num_folds:
        raise ValueError(
            f"expected at least {num_folds} pairs for as many folds, received "
            f"{num_pairs}"
        )
    sizes = np.full(num_folds, num_pairs // num_folds)
    sizes[: num_pairs % num_folds] += 1
    return np.repeat(np.arange(num_folds), sizes)


def true_acceptance_rate(
    scores, is_same, false_acceptance_rate: float = 1e-3
) -> float:
    """Returns the share of same pairs accepted at a rate of false ones (TAR).

    The threshold is the score of the different pair number
    floor(rate * different pairs) + 1 from above, and only what lies strictly
    above it is accepted, so that the rate of false ones is never exceeded. All
    pairs are pooled.

    Args:
        scores: float [pairs], higher for more alike.
        is_same: Whether each pair shows one person.
        false_acceptance_rate: FAR, in [0, 1).

    Raises:
        ValueError: If the rate is out of range or one kind of pairs missing.
    """
    scores, is_same = np.asarray(scores), np.asarray(is_same, bool)
    if not 0 <= false_acceptance_rate < 1:
        raise ValueError(
            "false_acceptance_rate: expected a share of at least 0 and below "
            f"1, received {false_acceptance_rate}"
        )
    if is_same.all() or not is_same.any():
        raise ValueError(
            "expected pairs of one person and pairs of two, received one kind "
            "alone; a rate needs both"
        )
    impostors = np.sort(scores[~is_same])[::-1]
    # Rounded: 0.29 * 100 is 28.999999999999996.
    accepted = int(np.floor(round(false_acceptance_rate * len(impostors), 9)))
    return float(np.mean(scores[is_same] > impostors[accepted]))


def pair_cosines(left, right) -> np.ndarray:
    """Returns the cosine of each pair, float32 [pairs], of [pairs, size]."""
    left, right = (np.asarray(each, np.float32) for each in (left, right))
    return _cosines(left, right)


def _cosines(left, right):
    return np.sum(unit_vectors(left) * unit_vectors(right), axis=1)


def _euclidean_threshold(cosines, is_same):
    grid = np.arange(0, 4, 0.01)
    right = _right_at(2 - 2 * cosines, is_same, grid, "left", accept_below=True)
    return grid[np.argmax(right)]


def _euclidean_answers(cosines, is_same, threshold):
    return (2 - 2 * cosines < threshold) == is_same


def _centred_threshold(cosines, is_same):
    grid = np.arange(-10_000, 10_001) / 10_000
    same, different = np.sort(cosines[is_same]), np.sort(cosines[~is_same])
    right = (len(same) - np.searchsorted(same, grid, "right")) + (
        np.searchsorted(different, grid, "left")
    )
    return np.mean(grid[right == right.max()])


def _centred_answers(cosines, is_same, threshold):
    return np.where(is_same, cosines > threshold, cosines < threshold)


def _cosine_threshold(cosines, is_same):
    met = np.unique(cosines).astype(np.float64)
    ends = [met[0] - 1, *(met[1:] + met[:-1]) / 2, met[-1] + 1]
    right = _right_at(cosines, is_same, ends, "right", accept_below=False)
    return ends[int(np.argmax(right))]


def _cosine_answers(cosines, is_same, threshold):
    return (cosines > threshold) == is_same


def _right_at(scores, is_same, thresholds, side: str, accept_below: bool):
    """Counts right answers at each threshold."""
    below_same, below_different = (
        np.searchsorted(np.sort(scores[kind]), thresholds, side)
        for kind in (is_same, ~is_same)
    )
    num_same = np.count_nonzero(is_same)
    num_different = len(is_same) - num_same
    if accept_below:
        return below_same + num_different - below_different
    return num_same - below_same + below_different


_RULES: dict[str, tuple[Callable, Callable]] = {
    "euclidean": (_euclidean_threshold, _euclidean_answers),
    "centred": (_centred_threshold, _centred_answers),
    "cosine": (_cosine_threshold, _cosine_answers),
}


def _check(left, right, is_same, folds) -> None:
    if left.ndim != 2 or left.shape != right.shape:
        raise ValueError(
            "expected two arrays [pairs, size] of one shape, received "
            f"{left.shape} and {right.shape}; row k of both is pair k"
        )
    if is_same.shape != (len(left),) or folds.shape != (len(left),):
        raise ValueError(
            f"expected a truth value and a fold for each of {len(left)} pairs, "
            f"received {is_same.shape} and {folds.shape}"
        )
    if len(np.unique(folds)) < 2:
        raise ValueError(
            "expected at least 2 folds, received "
            f"{len(np.unique(folds))}; a threshold is chosen on the others"
        )
    if not (np.isfinite(left).all() and np.isfinite(right).all()):
        raise ValueError(
            "expected finite embeddings, received NaN or infinity; look at "
            "the network that made them"
        )
