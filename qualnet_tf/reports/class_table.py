"""The classes that a run recognises least under corruption."""

import dataclasses
from collections.abc import Sequence

from qualnet_tf.evaluation.results import ClassAccuracy, ClassificationResults
from qualnet_tf.reports.cells import percent


@dataclasses.dataclass(frozen=True)
class ClassRow:
    """One class as it is printed.

    Attributes:
        name: Of the class.
        num_images: How many images of it there are.
        clean: Accuracy without corruption, per cent.
        corrupted: Mean accuracy under the test corruptions, per cent.
    """

    name: str
    num_images: str
    clean: str
    corrupted: str


@dataclasses.dataclass(frozen=True)
class ClassTable:
    """The worst classes of one run.

    Attributes:
        run: Name of the run.
        num_classes: How many classes these are the worst of.
        rows: From the lowest accuracy under corruption upwards.
    """

    run: str
    num_classes: int
    rows: tuple[ClassRow, ...]


def class_tables(
    results: Sequence[ClassificationResults], count: int = 10
) -> list[ClassTable]:
    """Returns a table per run that was measured by class.

    Args:
        results: The runs; those without the data are left out.
        count: Rows of a table, fewer where there are fewer classes.

    Raises:
        ValueError: If `count` is below 1.
    """
    if count < 1:
        raise ValueError(
            f"count: expected at least 1 class, received {count}; 10 is usual"
        )
    return [
        ClassTable(
            each.run,
            len(each.class_accuracies),
            tuple(_row(one) for one in _worst(each, count)),
        )
        for each in results
        if each.class_accuracies
    ]


def _worst(results: ClassificationResults, count: int) -> list[ClassAccuracy]:
    """Returns the worst; classes that tie stand in the order of the labels."""
    return sorted(
        results.class_accuracies, key=lambda each: each.corrupted_accuracy
    )[:count]


def _row(measured: ClassAccuracy) -> ClassRow:
    return ClassRow(
        name=measured.name,
        num_images=str(measured.num_images),
        clean=percent(measured.clean_accuracy),
        corrupted=percent(measured.corrupted_accuracy),
    )
