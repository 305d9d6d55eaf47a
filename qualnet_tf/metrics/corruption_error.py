"""Corruption error, mCE and the mean accuracy under corruption.

`corruption_error` and `mce` are divided by AlexNet's errors and exist for
ImageNet only; the plain average is `mean_corruption_accuracy`. A condition
that is missing is an error here, never a zero.

Source: Hendrycks and Dietterich, "Benchmarking Neural Network Robustness to
Common Corruptions and Perturbations" (ICLR 2019), section 4.2.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from qualnet_tf.metrics.alexnet_errors import (
    ALEXNET_CLEAN_ERROR,
    ALEXNET_ERRORS,
    SEVERITIES,
    TEST_CORRUPTIONS,
)

BySeverity = Mapping[int, float]


def corruption_error(errors_by_severity: BySeverity, name: str) -> float:
    """Returns CE = sum_s E(s) / sum_s E_AlexNet(s) of one corruption.

    Args:
        errors_by_severity: Severity 1 to 5 -> top-1 error in [0, 1].
        name: One of the 15 test or 4 hold-out corruptions.

    Returns:
        A fraction; 1.0 is AlexNet, and values above 1 are worse than AlexNet.

    Raises:
        ValueError: If a severity is missing, a rate lies outside [0, 1] or
            AlexNet has no row of that name.
    """
    errors = _rates(errors_by_severity, name)
    return float(np.sum(errors) / np.sum(_alexnet(name)))


def mce(errors: Mapping[str, BySeverity]) -> float:
    """Returns the mean corruption error over the 15 test corruptions.

    Args:
        errors: Corruption -> severity 1 to 5 -> top-1 error in [0, 1].
            Hold-out corruptions may be present; they never count.

    Returns:
        A fraction; multiply by 100 for the figure that papers print.

    Raises:
        ValueError: If any of the 15 x 5 conditions is missing.
    """
    check_complete(errors, TEST_CORRUPTIONS)
    each = [corruption_error(errors[name], name) for name in TEST_CORRUPTIONS]
    return float(np.mean(each))


def relative_mce(errors: Mapping[str, BySeverity], clean_error: float) -> float:
    """Returns the mean over the 15 of the error that corruption adds.

    Per corruption it is sum_s [E(s) - E_clean] / sum_s [E_AlexNet(s) -
    E_AlexNet,clean], so a model that loses nothing scores 0.

    Args:
        errors: Corruption -> severity 1 to 5 -> top-1 error in [0, 1].
        clean_error: Top-1 error on the clean pictures, in [0, 1].

    Returns:
        A fraction; 1.0 is AlexNet.

    Raises:
        ValueError: If any of the 15 x 5 conditions is missing or a rate lies
            outside [0, 1].
    """
    check_complete(errors, TEST_CORRUPTIONS)
    _check_rate(clean_error, "the clean error")
    each = []
    for name in TEST_CORRUPTIONS:
        added = _rates(errors[name], name) - clean_error
        added_to_alexnet = _alexnet(name) - ALEXNET_CLEAN_ERROR
        each.append(np.sum(added) / np.sum(added_to_alexnet))
    return float(np.mean(each))


def mean_corruption_accuracy(
    accuracies: Mapping[str, BySeverity],
    names: Sequence[str] = TEST_CORRUPTIONS,
) -> float:
    """Returns the plain mean over corruptions of the mean over severities.

    Not normalised by anything: one minus this is the "mean corruption error"
    of some papers, which is not `mce`.

    Args:
        accuracies: Corruption -> severity 1 to 5 -> accuracy in [0, 1].
        names: The corruptions that count, all of them required.

    Raises:
        ValueError: If `names` is empty, any condition is missing or a rate
            lies outside [0, 1].
    """
    if not names:
        raise ValueError("no corruption to average over: give at least one")
    check_complete(accuracies, names)
    return float(np.mean([_rates(accuracies[n], n) for n in names]))


def missing_conditions(
    values: Mapping[str, BySeverity], names: Sequence[str]
) -> tuple[str, ...]:
    """Returns what is absent: "fog" altogether, "fog 3" for one severity."""
    missing = []
    for name in names:
        given = values.get(name, {})
        absent = [s for s in SEVERITIES if given.get(s) is None]
        if len(absent) == len(SEVERITIES):
            missing.append(name)
        else:
            missing.extend(f"{name} {severity}" for severity in absent)
    return tuple(missing)


def check_complete(
    values: Mapping[str, BySeverity], names: Sequence[str]
) -> None:
    """Raises ValueError naming every condition of `names` x 1-5 not given."""
    missing = missing_conditions(values, names)
    if missing:
        raise ValueError(
            f"missing conditions: {', '.join(missing)}; expected "
            f"{len(names)} corruptions at severities 1 to 5: evaluate them "
            "before averaging"
        )


def _alexnet(name: str) -> np.ndarray:
    if name not in ALEXNET_ERRORS:
        raise ValueError(
            f"AlexNet has no error for corruption {name!r}: expected one of "
            f"{', '.join(ALEXNET_ERRORS)}"
        )
    return np.array([ALEXNET_ERRORS[name][s] for s in SEVERITIES])


def _rates(by_severity: BySeverity, name: str) -> np.ndarray:
    check_complete({name: by_severity}, [name])
    for severity in SEVERITIES:
        _check_rate(by_severity[severity], f"{name} {severity}")
    return np.array([by_severity[s] for s in SEVERITIES], np.float64)


def _check_rate(value: float, what: str) -> None:
    # Written so that NaN fails too.
    if not 0 <= value <= 1:
        raise ValueError(
            f"{what} is {value}: expected a fraction in [0, 1]; divide "
            "per cent by 100"
        )
