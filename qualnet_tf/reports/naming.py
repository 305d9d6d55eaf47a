"""Conditions as people read them: families in order, names in words."""

from collections.abc import Sequence

from qualnet_tf.evaluation.results import ClassificationResults
from qualnet_tf.metrics.alexnet_errors import (
    HOLDOUT_CORRUPTIONS,
    SEVERITIES,
    TEST_FAMILIES,
)

_SPELLED = {
    "jpeg": "JPEG",
    "deepcorrect": "DeepCorrect",
    "auxtraining": "AuxTraining",
}


def families_of(
    results: Sequence[ClassificationResults],
) -> dict[str, tuple[str, ...]]:
    """Returns family -> the corruptions of it that any of the runs has."""
    present = {c.corruption for each in results for c in each.conditions}
    families = {**TEST_FAMILIES, "hold-out": HOLDOUT_CORRUPTIONS}
    known = {name for names in families.values() for name in names}
    families["other"] = tuple(sorted(present - known))
    kept = {
        family: tuple(name for name in names if name in present)
        for family, names in families.items()
    }
    return {family: names for family, names in kept.items() if names}


def severities_of(
    results: Sequence[ClassificationResults],
) -> tuple[int, ...]:
    """Returns 1 to 5, or to the highest severity that any of the runs has."""
    present = [c.severity for each in results for c in each.conditions]
    return tuple(range(1, max([*SEVERITIES, *present]) + 1))


def spoken(name: str) -> str:
    """Returns "jpeg_compression" as "JPEG compression"."""
    words = name.replace("_", " ")
    first, space, rest = words.partition(" ")
    return _SPELLED.get(first, first[:1].upper() + first[1:]) + space + rest
