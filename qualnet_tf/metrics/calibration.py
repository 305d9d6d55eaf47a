"""How far predicted probabilities can be trusted: NLL, Brier score and ECE.

All take logits, since a probability that was rounded to 1 in half precision
has lost what the logarithm needs. Values per image come with the means, for
intervals over images (`bootstrap`).
"""

import numpy as np

# Guo et al., "On Calibration of Modern Neural Networks" (ICML 2017), section 5.
NUM_BINS = 15


def negative_log_likelihoods(logits, labels) -> np.ndarray:
    """Returns each image's -log p(label), in nats.

    Args:
        logits: [images, classes].
        labels: Integers [images], 0 to classes - 1.

    Raises:
        ValueError: If the shapes do not fit, a label has no class or a logit
            is not finite.
    """
    logits, labels = _checked(logits, labels)
    logarithms = _log_softmax(logits)
    return -logarithms[np.arange(len(labels)), labels]


def brier_scores(logits, labels) -> np.ndarray:
    """Returns each image's squared distance of prediction and label.

    The sum over classes of (probability - 1{class is the label})^2, from 0 to
    2 (Brier, "Verification of forecasts expressed in terms of probability",
    1950). Libraries for two classes often print half of it.

    Args:
        logits: [images, classes].
        labels: Integers [images].

    Raises:
        ValueError: As `negative_log_likelihoods`.
    """
    logits, labels = _checked(logits, labels)
    errors = np.exp(_log_softmax(logits))
    errors[np.arange(len(labels)), labels] -= 1.0
    return np.sum(errors**2, axis=1)


def in_top_k(logits, labels, k: int) -> np.ndarray:
    """Returns for each image whether its label is among the k best classes.

    A class that ties with the label counts as better only where its number is
    lower, as a stable sort has it.

    Args:
        logits: [images, classes].
        labels: Integers [images].
        k: From 1 to the number of classes.

    Raises:
        ValueError: As `negative_log_likelihoods`, or if k is out of range.
    """
    logits, labels = _checked(logits, labels)
    if not 1 <= k <= logits.shape[1]:
        raise ValueError(
            f"top {k}: expected 1 to the {logits.shape[1]} classes; lower k"
        )
    own = logits[np.arange(len(labels)), labels][:, None]
    earlier = np.arange(logits.shape[1]) < labels[:, None]
    better = (logits > own) | ((logits == own) & earlier)
    return better.sum(axis=1) < k


def confidences(logits, labels) -> np.ndarray:
    """Returns each image's highest probability.

    Args:
        logits: [images, classes].
        labels: Integers [images]; only checked.

    Raises:
        ValueError: As `negative_log_likelihoods`.
    """
    logits, labels = _checked(logits, labels)
    return np.exp(_log_softmax(logits).max(axis=1))


def expected_calibration_error(
    confidence, is_right, num_bins: int = NUM_BINS
) -> float:
    """Returns the mean distance of confidence and accuracy.

        ECE = sum_b n_b / n * |accuracy(b) - confidence(b)|

    over bins of equal width on the highest probability; a bin has its upper
    edge, not its lower one (Guo et al., 2017, Equation 3). With few images it
    is biased upwards.

    Args:
        confidence: Highest probability of each image, in [0, 1].
        is_right: bool [images], whether its class is the label.
        num_bins: Number of bins on [0, 1].

    Raises:
        ValueError: If the shapes do not fit, or without a bin.
    """
    return float(
        sum(
            share * abs(accuracy - mean)
            for share, accuracy, mean in reliability(
                confidence, is_right, num_bins
            )
        )
    )


def reliability(
    confidence, is_right, num_bins: int = NUM_BINS
) -> list[tuple[float, float, float]]:
    """Returns (share of images, accuracy, mean confidence) of each full bin.

    What a reliability diagram shows; empty bins are left out.

    Args:
        confidence: See `expected_calibration_error`.
        is_right: As well.
        num_bins: As well.

    Raises:
        ValueError: As well.
    """
    confidence = np.asarray(confidence, np.float64)
    is_right = np.asarray(is_right, bool)
    if num_bins < 1:
        raise ValueError(
            f"num_bins: expected at least 1, received {num_bins}; 15 is usual"
        )
    if confidence.ndim != 1 or confidence.shape != is_right.shape:
        raise ValueError(
            "expected a confidence and an answer of each image, received "
            f"{confidence.shape} and {is_right.shape}"
        )
    edges = np.linspace(0.0, 1.0, num_bins + 1)
    # Rounding can lift a probability of 1 above the last edge.
    places = np.searchsorted(edges, np.minimum(confidence, 1.0)) - 1
    bins = []
    for place in range(num_bins):
        members = places == place
        if members.any():
            bins.append(
                (
                    float(members.mean()),
                    float(is_right[members].mean()),
                    float(confidence[members].mean()),
                )
            )
    return bins


def _log_softmax(logits: np.ndarray) -> np.ndarray:
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def _checked(logits, labels) -> tuple[np.ndarray, np.ndarray]:
    logits, labels = np.asarray(logits, np.float64), np.asarray(labels)
    if logits.ndim != 2 or labels.shape != logits.shape[:1] or not len(labels):
        raise ValueError(
            "expected logits [images, classes] and labels [images] of at least "
            f"one image, received {logits.shape} and {labels.shape}"
        )
    if not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(
            f"labels: expected integers, received {labels.dtype}; give the "
            "numbers of the classes"
        )
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError(
            f"labels: expected 0 to {logits.shape[1] - 1}, received "
            f"{labels.min()} to {labels.max()}; they are of another set of "
            "classes"
        )
    if not np.isfinite(logits).all():
        bad = int(np.argmin(np.isfinite(logits).all(axis=1)))
        raise ValueError(
            f"logits: expected finite numbers, received {logits[bad].max()} "
            f"for image {bad}; the model or its input is damaged"
        )
    return logits, labels
