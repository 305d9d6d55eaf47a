"""Numbers per class to logits, whether they are probabilities or not."""

import numpy as np

KINDS = ("auto", "logits", "probabilities")
# Half precision leaves sums of a thousand classes off by so much.
_SUM_TOLERANCE = 5e-3
# What a probability of 0 counts as: below float32's smallest that a softmax
# gives, so that its logarithm is finite.
_LEAST = 1e-30


def to_logits(answer: np.ndarray, kind: str, address: str) -> np.ndarray:
    """Returns logits of answers that are logits or probabilities.

    Args:
        answer: float32 [n, classes].
        kind: "logits", "probabilities", or "auto": probabilities are what
            lies in [0, 1] and sums to 1 in each row.
        address: Whose answers, for the error.

    Returns:
        The answer itself, or its logarithm.

    Raises:
        ValueError: If a number is not finite, or probabilities are none.
    """
    if not np.isfinite(answer).all():
        row = int(np.argmin(np.isfinite(answer).all(axis=1)))
        raise ValueError(
            f"{address}: expected finite numbers per class, received "
            f"{answer[row][~np.isfinite(answer[row])][0]} for image {row} of "
            "a batch; the model is damaged, or --pixel_range is not its own"
        )
    seem_probabilities = _seem_probabilities(answer)
    if kind == "probabilities" and not seem_probabilities:
        raise ValueError(
            f"{address}: expected probabilities, received numbers from "
            f"{answer.min():.3g} to {answer.max():.3g} whose sums are "
            f"{answer.sum(axis=1).min():.3g} to "
            f"{answer.sum(axis=1).max():.3g}; pass --model_outputs=logits"
        )
    if kind == "logits" or not seem_probabilities:
        return answer
    return np.log(np.maximum(answer, _LEAST))


def _seem_probabilities(answer: np.ndarray) -> bool:
    sums = answer.sum(axis=1)
    return bool(
        answer.min() >= 0
        and answer.max() <= 1 + _SUM_TOLERANCE
        and np.abs(sums - 1).max() <= _SUM_TOLERANCE
    )
