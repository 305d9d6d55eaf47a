"""From kept predictions to the results of an evaluation."""

from collections.abc import Mapping, Sequence

import numpy as np

from qualnet_tf.evaluation.answers import Answers
from qualnet_tf.evaluation.measured import (
    ClassAccuracy,
    ConditionResult,
    ReliabilityBin,
)
from qualnet_tf.metrics import calibration
from qualnet_tf.metrics.alexnet_errors import TEST_CORRUPTIONS

Condition = tuple[str | None, int]
_CLEAN = (None, 0)


def measures(
    answers: Mapping[Condition, Answers], class_names: Sequence[str]
) -> dict:
    """Returns the measured fields of `ClassificationResults`, but intervals.

    Args:
        answers: Of every condition, `(None, 0)` among them.
        class_names: In the order of the labels.
    """
    corrupted = {c: a for c, a in answers.items() if c != _CLEAN}
    return {
        "num_images": len(answers[_CLEAN].labels),
        "clean_accuracy": answers[_CLEAN].is_right.mean(),
        "conditions": tuple(
            ConditionResult(*condition, each.is_right.mean())
            for condition, each in corrupted.items()
        ),
        "qualities": tuple(
            each.quality(*condition) for condition, each in answers.items()
        ),
        "reliability": reliability_bins(answers),
        "class_accuracies": class_accuracies(answers, class_names),
    }


def reliability_bins(
    answers: Mapping[Condition, Answers],
) -> tuple[ReliabilityBin, ...]:
    """Returns the bins of a reliability diagram for each severity.

    The test corruptions of a severity are taken together; clean is 0.
    """
    by_severity: dict[int, list[Answers]] = {}
    for (name, severity), each in answers.items():
        if name is None or name in TEST_CORRUPTIONS:
            by_severity.setdefault(severity, []).append(each)
    return tuple(
        ReliabilityBin(severity, share, accuracy, confidence)
        for severity, found in sorted(by_severity.items())
        for share, accuracy, confidence in calibration.reliability(
            np.concatenate([each.confidence for each in found]),
            np.concatenate([each.is_right for each in found]),
        )
    )


def class_accuracies(
    answers: Mapping[Condition, Answers], class_names: Sequence[str]
) -> tuple[ClassAccuracy, ...]:
    """Returns the accuracy on each class that has images.

    Empty where no test corruption was evaluated.
    """
    corrupted = [
        a for (name, _), a in answers.items() if name in TEST_CORRUPTIONS
    ]
    if not corrupted:
        return ()
    clean = answers[_CLEAN]
    counts = np.bincount(clean.labels, minlength=len(class_names))
    clean_shares = _shares(clean, len(class_names))
    shares = np.mean([_shares(a, len(class_names)) for a in corrupted], axis=0)
    return tuple(
        ClassAccuracy(name, counts[i], clean_shares[i], shares[i])
        for i, name in enumerate(class_names)
        if counts[i]
    )


def _shares(answers: Answers, num_classes: int) -> np.ndarray:
    """Returns the share of right answers of each class; 0 without images."""
    counts = np.bincount(answers.labels, minlength=num_classes)
    right = np.bincount(
        answers.labels, answers.is_right.astype(float), num_classes
    )
    return right / np.maximum(counts, 1)


def check_pairing(
    labels: Mapping[Condition, np.ndarray], ids: Mapping[Condition, np.ndarray]
) -> None:
    """Checks that all corrupted conditions show the same images in one order.

    Intervals draw an image with all of its conditions, so they would mean
    nothing otherwise. The clean set may have an order of its own.

    Raises:
        ValueError: If a condition has other labels or ids than the first one.
    """
    corrupted = [c for c in labels if c != _CLEAN]
    for condition in corrupted[1:]:
        for what, values in (("labels", labels), ("images", ids)):
            if not np.array_equal(values[corrupted[0]], values[condition]):
                name, severity = condition
                raise ValueError(
                    f"{name} {severity}: expected the {what} of "
                    f"{corrupted[0][0]} {corrupted[0][1]} in its order "
                    f"({len(values[corrupted[0]])} images), received others "
                    f"({len(values[condition])} images); complete the "
                    "corrupted set"
                )
