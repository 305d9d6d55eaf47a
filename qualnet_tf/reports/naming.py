"""Conditions as people read them: families in order, names in words."""

from collections.abc import Sequence

from qualnet_tf.evaluation.results import ClassificationResults
from qualnet_tf.metrics.alexnet_errors import (
    HOLDOUT_CORRUPTIONS,
    TEST_FAMILIES,
)


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


def spoken(name: str) -> str:
    """Returns "jpeg_compression" as "JPEG compression"."""
    words = name.replace("_", " ")
    if words.startswith("jpeg"):
        return "JPEG" + words[4:]
    return words[:1].upper() + words[1:]
