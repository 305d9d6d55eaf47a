"""How good the predicted probabilities are, clean and under corruption."""

import dataclasses
from collections.abc import Sequence

from qualnet_tf.evaluation.results import (
    ClassificationResults,
    ConditionQuality,
)
from qualnet_tf.metrics.alexnet_errors import (
    HOLDOUT_CONDITIONS,
    TEST_CONDITIONS,
)
from qualnet_tf.reports.cells import Cell, percent

# Heading -> field of `ConditionQuality` and how it is printed.
_COLUMNS = {
    "Top-5 accuracy": ("top5_accuracy", percent),
    "Calibration error": ("calibration_error", percent),
    "Neg. log-likelihood": ("negative_log_likelihood", "{:.3f}".format),
    "Brier score": ("brier_score", "{:.3f}".format),
}
# Heading -> name in the measures of intervals, and its conditions.
_GROUPS = {
    "clean": ("clean", (("clean", 0),)),
    "15 test corruptions": ("test", TEST_CONDITIONS),
    "4 hold-outs": ("holdout", HOLDOUT_CONDITIONS),
}


@dataclasses.dataclass(frozen=True)
class QualityTable:
    """Means over conditions.

    Attributes:
        columns: Headings of the measures.
        groups: (group of conditions, [(run, cell per column)]); a run has no
            row where one of the conditions was not evaluated.
    """

    columns: tuple[str, ...]
    groups: tuple[tuple[str, tuple[tuple[str, tuple[Cell, ...]], ...]], ...]


def quality_table(results: Sequence[ClassificationResults]) -> QualityTable:
    """Returns the table; without groups where nothing was measured."""
    groups = []
    for group, (short, conditions) in _GROUPS.items():
        rows = [
            (each.run, _cells([known[c] for c in conditions], each, short))
            for each in results
            for known in [_by_condition(each)]
            if all(condition in known for condition in conditions)
        ]
        if rows:
            groups.append((group, tuple(rows)))
    return QualityTable(tuple(_COLUMNS), tuple(groups))


def _by_condition(
    results: ClassificationResults,
) -> dict[tuple[str, int], ConditionQuality]:
    return {(q.corruption, q.severity): q for q in results.qualities}


def _cells(
    qualities: Sequence[ConditionQuality],
    results: ClassificationResults,
    group: str,
) -> tuple[Cell, ...]:
    intervals = {e.measure: (e.low, e.high) for e in results.intervals}
    cells = []
    for field, text in _COLUMNS.values():
        mean = sum(getattr(q, field) for q in qualities) / len(qualities)
        ends = intervals.get(f"{group}.{field}", ())
        cells.append(Cell(text(mean), interval=" to ".join(map(text, ends))))
    return tuple(cells)
