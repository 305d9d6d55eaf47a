"""Accuracy under the four families of corruptions."""

import dataclasses
from collections.abc import Sequence

from qualnet_tf.evaluation.results import ClassificationResults, summarize
from qualnet_tf.metrics import corruption_error
from qualnet_tf.metrics.alexnet_errors import TEST_FAMILIES
from qualnet_tf.reports.cells import Cell, column_cells


@dataclasses.dataclass(frozen=True)
class FamilyTable:
    """Mean accuracy over a family's corruptions and five severities.

    Attributes:
        columns: Names of the families.
        rows: (run, a cell per family) in the order of the runs; none where no
            run has a whole family.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]


def family_table(results: Sequence[ClassificationResults]) -> FamilyTable:
    """Returns the means; a dash where a condition of a family is missing."""
    means = {
        family: [_mean_or_none(each, names) for each in results]
        for family, names in TEST_FAMILIES.items()
    }
    if all(mean is None for column in means.values() for mean in column):
        return FamilyTable(tuple(means), ())
    intervals = [summarize(each).intervals for each in results]
    columns = [
        column_cells(
            column,
            [each.get(f"{family}_accuracy") for each in intervals],
            ranked=[each.adaptation == "none" for each in results],
        )
        for family, column in means.items()
    ]
    rows = zip(results, zip(*columns, strict=True), strict=True)
    return FamilyTable(
        tuple(means), tuple((each.run, cells) for each, cells in rows)
    )


def _mean_or_none(
    results: ClassificationResults, names: tuple[str, ...]
) -> float | None:
    accuracies = results.accuracies()
    if corruption_error.missing_conditions(accuracies, names):
        return None
    return corruption_error.mean_corruption_accuracy(accuracies, names)
