"""What classifiers cost to store and run, beside how well they recognise."""

import dataclasses
from collections.abc import Sequence

from qualnet_tf.evaluation.results import (
    ClassificationResults,
    Deployment,
    summarize,
)
from qualnet_tf.reports.cells import ABSENT, Cell, percent
from qualnet_tf.reports.run_report import RunReport

COLUMNS = (
    "Size, MB",
    "Latency, ms",
    "9 of 10 within, ms",
    "Clean",
    "15 test corruptions",
    "4 hold-outs",
)
_MEASURES = (
    "clean_accuracy",
    "mean_corruption_accuracy",
    "holdout_accuracy",
)


@dataclasses.dataclass(frozen=True)
class DeploymentTable:
    """Cost and accuracy, a row per classifier.

    Attributes:
        columns: Headings of the numbers.
        rows: (name, kind, a cell per column); in brackets beside a cost stands
            its ratio to the first row's, beside an accuracy its interval.
        notes: Sentences that belong under the table.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, str, tuple[Cell, ...]], ...]
    notes: tuple[str, ...]


def deployment_table(runs: Sequence[RunReport]) -> DeploymentTable:
    """Returns a row for each classifier whose cost was measured."""
    known = [(run, run.deployment) for run in runs if run.deployment]
    if not known:
        return DeploymentTable(COLUMNS, (), ())
    first = known[0][1]
    return DeploymentTable(
        COLUMNS,
        tuple(
            (run.name, run.results.method, _cells(run.results, cost, first))
            for run, cost in known
        ),
        _notes([cost for _, cost in known]),
    )


def deployment_text(table: DeploymentTable) -> str:
    """Returns the table as aligned text; empty where it has no row.

    An empty line comes first, and a line break last.
    """
    if not table.rows:
        return ""
    lines = [("Classifier", "Kind", *table.columns)] + [
        (name, kind, *map(str, cells)) for name, kind, cells in table.rows
    ]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    text = [_aligned(line, widths) for line in lines]
    text.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(["", *text, "", *table.notes, ""])


def _cells(
    results: ClassificationResults, cost: Deployment, first: Deployment
) -> tuple[Cell, ...]:
    summary = summarize(results)
    compares = cost.session == first.session
    accuracies = [
        Cell(
            percent(getattr(summary, measure)),
            interval=" to ".join(
                map(percent, summary.intervals.get(measure, ()))
            ),
        )
        for measure in _MEASURES
    ]
    return (
        _cost(cost.num_bytes / 1e6, first.num_bytes / 1e6),
        _cost(cost.latency_ms, first.latency_ms if compares else 0.0),
        _cost(cost.latency_p90_ms, 0.0),
        *accuracies,
    )


def _cost(value: float, first: float) -> Cell:
    """Returns a number of three digits and its ratio to the first one."""
    if not value:
        return Cell(ABSENT)
    ratio = f"{value / first:.2f} x" if first else ""
    return Cell(_three_digits(value), interval=ratio)


def _three_digits(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:#.3g}".rstrip(".")


def _notes(costs: Sequence[Deployment]) -> tuple[str, ...]:
    threads = sorted({each.num_threads for each in costs})
    calls = sorted({each.num_calls for each in costs})
    notes = [
        "Latency is the median of one image from pixels to logits, on "
        f"{' or '.join(map(str, threads))} threads, of "
        f"{' or '.join(map(str, calls))} calls; the ratios are to the first "
        "row."
    ]
    if len({each.session for each in costs}) > 1:
        notes.append(
            "Not all were timed beside each other: latencies have no ratio "
            "then, and depend on what else ran."
        )
    return tuple(notes)


def _aligned(line: Sequence[str], widths: Sequence[int]) -> str:
    # Names to the left, numbers to the right.
    texts = [
        text.ljust(width) if column < 2 else text.rjust(width)
        for column, (text, width) in enumerate(zip(line, widths, strict=True))
    ]
    return "  ".join(texts).rstrip()
