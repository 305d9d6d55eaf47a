"""What a conversion takes away: losses against the first, by corruption."""

import dataclasses
from collections.abc import Sequence

from qualnet_tf.evaluation.results import PairedLoss
from qualnet_tf.metrics.alexnet_errors import (
    HOLDOUT_CORRUPTIONS,
    TEST_CORRUPTIONS,
)
from qualnet_tf.reports.cells import ABSENT, Cell, percent
from qualnet_tf.reports.naming import spoken
from qualnet_tf.reports.run_report import RunReport

SENTENCE = (
    "Points of accuracy lost, with the 95 % bootstrap interval over images; "
    "all were shown the same ones. Below 0, accuracy was won."
)
_MEANS = {
    "clean": "Clean",
    "test": "15 test corruptions",
    "holdout": "4 hold-outs",
}
_ORDER = (*_MEANS, *TEST_CORRUPTIONS, *HOLDOUT_CORRUPTIONS)


@dataclasses.dataclass(frozen=True)
class LossTable:
    """Losses, a row per corruption.

    Attributes:
        reference: The classifier that the others are compared with.
        columns: The others' names.
        rows: (corruption or mean, a cell per column).
        changes: (corruption or mean, the share of answers that changed per
            column, as per cent), of the means alone.
    """

    reference: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    changes: tuple[tuple[str, tuple[Cell, ...]], ...]


def loss_table(runs: Sequence[RunReport]) -> LossTable:
    """Returns the table; without rows where nothing was compared.

    Args:
        runs: The first one first. One that was compared with another than
            that, or with none, has no column.
    """
    reference = runs[0].name
    columns = {
        run.name: {each.measure: each for each in run.paired_losses.losses}
        for run in runs
        if run.paired_losses and run.paired_losses.reference == reference
    }
    measures = {m for by_measure in columns.values() for m in by_measure}
    ordered = [m for m in _ORDER if m in measures]
    ordered += sorted(measures.difference(_ORDER))
    rows = {
        measure: [each.get(measure) for each in columns.values()]
        for measure in ordered
    }
    return LossTable(
        reference,
        tuple(columns),
        tuple(
            (_title(measure), tuple(map(_loss, losses)))
            for measure, losses in rows.items()
        ),
        tuple(
            (_title(measure), tuple(map(_change, losses)))
            for measure, losses in rows.items()
            if measure in _MEANS
        ),
    )


def loss_text(table: LossTable) -> str:
    """Returns the table as aligned text; empty where it has no row.

    An empty line comes first, and a line break last.
    """
    if not table.rows:
        return ""
    lines = [(f"Points lost to {table.reference}", *table.columns)]
    lines += [(title, *map(str, cells)) for title, cells in table.rows]
    lines += [
        (f"Answers changed, {title}", *map(str, cells))
        for title, cells in table.changes
    ]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    text = [_aligned(line, widths) for line in lines]
    text.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(["", *text, "", SENTENCE, ""])


def _title(measure: str) -> str:
    return _MEANS.get(measure) or spoken(measure)


def _loss(loss: PairedLoss | None) -> Cell:
    if loss is None:
        return Cell(ABSENT)
    ends = f"{_points(loss.low)} to {_points(loss.high)}"
    return Cell(_points(loss.loss), interval=ends)


def _points(value: float) -> str:
    # "-0.0" would look like a gain.
    return percent(value).replace("-0.0", "0.0")


def _change(loss: PairedLoss | None) -> Cell:
    return Cell(ABSENT if loss is None else f"{percent(loss.changed)} %")


def _aligned(line: Sequence[str], widths: Sequence[int]) -> str:
    # Names to the left, numbers to the right.
    texts = [
        text.ljust(width) if column < 1 else text.rjust(width)
        for column, (text, width) in enumerate(zip(line, widths, strict=True))
    ]
    return "  ".join(texts).rstrip()
