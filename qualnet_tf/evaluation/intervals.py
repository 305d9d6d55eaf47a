"""Bootstrap intervals over images of what an evaluation averages."""

from collections.abc import Mapping

import numpy as np

from qualnet_tf.evaluation.results import AccuracyInterval
from qualnet_tf.metrics.alexnet_errors import (
    HOLDOUT_CONDITIONS,
    TEST_CONDITIONS,
)
from qualnet_tf.metrics.bootstrap import bootstrap_interval

Condition = tuple[str | None, int]
_CLEAN = (None, 0)
# Measure, as in `results.Summary` -> the conditions that it averages.
_CONDITIONS = {
    "clean_accuracy": (_CLEAN,),
    "mean_corruption_accuracy": TEST_CONDITIONS,
    "holdout_accuracy": HOLDOUT_CONDITIONS,
}


def accuracy_intervals(
    is_right: Mapping[Condition, np.ndarray], seed: int = 0
) -> tuple[AccuracyInterval, ...]:
    """Returns the 95 % interval of each mean whose conditions are all there.

    An image is drawn with all its conditions: the answers under them are not
    independent, and taking them for that would make intervals far too narrow.

    Args:
        is_right: (corruption, severity) -> bool [images] in one order of
            images; (None, 0) is clean.
        seed: Of the bootstrap's draws.
    """
    found = []
    for measure, conditions in _CONDITIONS.items():
        if all(condition in is_right for condition in conditions):
            each = np.mean([is_right[c] for c in conditions], axis=0)
            _, low, high = bootstrap_interval(each, seed)
            found.append(AccuracyInterval(measure, low, high))
    return tuple(found)
