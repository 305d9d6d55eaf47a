"""The mean accuracy over all levels of a distortion, the clean one included.

As Borkar and Karam report it, "DeepCorrect: Correcting DNN Models Against Image
Distortions" (IEEE TIP 2019): the undistorted image is level 0 of seven.
"""

from collections.abc import Mapping

import numpy as np

NUM_LEVELS = 7


def level_mean(
    clean_accuracy: float, by_severity: Mapping[int, float]
) -> float | None:
    """Returns the mean over the clean level and severities 1 to 6.

    Args:
        clean_accuracy: In [0, 1].
        by_severity: Severity -> accuracy, in [0, 1].

    Returns:
        The mean, or None where a severity is missing.
    """
    severities = range(1, NUM_LEVELS)
    if any(severity not in by_severity for severity in severities):
        return None
    return float(
        np.mean([clean_accuracy, *(by_severity[s] for s in severities)])
    )
