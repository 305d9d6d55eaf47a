"""Bootstrap intervals over images of what an evaluation averages.

Names of the measures: `clean_accuracy`, `mean_corruption_accuracy`,
`holdout_accuracy`, `mce` and `relative_mce` as in `results.Summary`; a family
or a corruption with `_accuracy` behind it; a group of conditions (`clean`,
`test`, `holdout`) with a dot and a field of `ConditionQuality`, such as
`test.brier_score`.
"""

from collections.abc import Mapping

import numpy as np

from qualnet_tf.evaluation.answers import Answers
from qualnet_tf.evaluation.measured import MeanInterval
from qualnet_tf.metrics.alexnet_errors import (
    ALEXNET_CLEAN_ERROR,
    ALEXNET_ERRORS,
    HOLDOUT_CONDITIONS,
    SEVERITIES,
    TEST_CONDITIONS,
    TEST_CORRUPTIONS,
    TEST_FAMILIES,
)
from qualnet_tf.metrics.bootstrap import bootstrap_intervals

Condition = tuple[str | None, int]
_CLEAN = (None, 0)
# Measure -> the conditions whose accuracy it averages.
_ACCURACIES = {
    "clean_accuracy": (_CLEAN,),
    "mean_corruption_accuracy": TEST_CONDITIONS,
    "holdout_accuracy": HOLDOUT_CONDITIONS,
    **{
        f"{family}_accuracy": tuple((n, s) for n in names for s in SEVERITIES)
        for family, names in TEST_FAMILIES.items()
    },
    **{
        f"{name}_accuracy": tuple((name, s) for s in SEVERITIES)
        for name in ALEXNET_ERRORS
    },
}
_GROUPS = {
    "clean": (_CLEAN,),
    "test": TEST_CONDITIONS,
    "holdout": HOLDOUT_CONDITIONS,
}
# Field of `ConditionQuality` -> of `Answers`. A calibration error is no mean
# over images.
_FIELDS = {
    "top5_accuracy": "in_top5",
    "negative_log_likelihood": "likelihood",
    "brier_score": "brier",
}


def mean_intervals(
    answers: Mapping[Condition, Answers], seed: int = 0, with_mce: bool = False
) -> tuple[MeanInterval, ...]:
    """Returns the 95 % interval of each mean whose conditions are all there.

    An image is drawn with all its conditions: the answers under them are not
    independent, and taking them for that would make intervals far too narrow.

    Args:
        answers: (corruption, severity) -> answers in one order of images;
            (None, 0) is clean, whose images may come in another order.
        seed: Of the bootstrap's draws.
        with_mce: Whether errors are divided by AlexNet's as well.
    """
    values = _per_image(answers)
    if with_mce and all(each in answers for each in TEST_CONDITIONS):
        values |= _errors_per_image(answers)
    found = []
    # Clean images may be more or fewer than corrupted ones.
    for count in {len(each) for each in values.values()}:
        names = [name for name, each in values.items() if len(each) == count]
        together = np.stack([values[name] for name in names], axis=1)
        ends = bootstrap_intervals(together, seed)
        found += [
            MeanInterval(name, low, high)
            for name, (_, low, high) in zip(names, ends, strict=True)
        ]
    order = list(values)
    return tuple(sorted(found, key=lambda each: order.index(each.measure)))


def _per_image(
    answers: Mapping[Condition, Answers],
) -> dict[str, np.ndarray]:
    """Returns measure -> mean of each image over its conditions."""
    wanted = {
        measure: (conditions, "is_right")
        for measure, conditions in _ACCURACIES.items()
    } | {
        f"{group}.{field}": (conditions, source)
        for group, conditions in _GROUPS.items()
        for field, source in _FIELDS.items()
    }
    return {
        measure: np.mean(
            [getattr(answers[c], field) for c in conditions],
            axis=0,
            dtype=np.float64,
        )
        for measure, (conditions, field) in wanted.items()
        if all(condition in answers for condition in conditions)
    }


def _errors_per_image(
    answers: Mapping[Condition, Answers],
) -> dict[str, np.ndarray]:
    """Returns mCE and relative mCE as means over images.

    Both are linear in the errors of an image. The relative one needs the clean
    answer to the same image.
    """
    wrong = {c: 1.0 - each.is_right for c, each in answers.items()}
    errors = {
        name: np.sum([wrong[name, s] for s in SEVERITIES], axis=0)
        for name in TEST_CORRUPTIONS
    }
    alexnet = {
        name: sum(ALEXNET_ERRORS[name].values()) for name in TEST_CORRUPTIONS
    }
    found = {
        "mce": np.mean(
            [errors[name] / alexnet[name] for name in TEST_CORRUPTIONS], axis=0
        )
    }
    clean, first = answers[_CLEAN], answers[TEST_CONDITIONS[0]]
    if np.array_equal(clean.labels, first.labels):
        count = len(SEVERITIES)
        found["relative_mce"] = np.mean(
            [
                (errors[name] - count * wrong[_CLEAN])
                / (alexnet[name] - count * ALEXNET_CLEAN_ERROR)
                for name in TEST_CORRUPTIONS
            ],
            axis=0,
        )
    return found
