"""Means over runs that differ in nothing but their seed."""

import dataclasses
import json
from collections.abc import Sequence

from qualnet_tf.evaluation.results import summarize
from qualnet_tf.metrics.seed_interval import seed_interval
from qualnet_tf.reports.cells import Cell, percent
from qualnet_tf.reports.run_report import RunReport

SEED_SENTENCE = (
    "Beside a mean over seeds stands its 95 % interval by Student's t. It says "
    "nothing of other images."
)
# What runs of several seeds differ in: the seed, and folders.
_PER_SEED = ("seed", "run_dir", "stage1_run_dir", "initial_run_dir")
# Heading -> measure in `results.Summary`.
_COLUMNS = {
    "Clean": "clean_accuracy",
    "15 test corruptions": "mean_corruption_accuracy",
    "4 hold-outs": "holdout_accuracy",
    "mCE": "mce",
}


@dataclasses.dataclass(frozen=True)
class SeedTable:
    """Means over seeds.

    Attributes:
        columns: Headings of the numbers.
        rows: (names of the runs, their number, a cell per column).
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, int, tuple[Cell, ...]], ...]


def seed_table(runs: Sequence[RunReport]) -> SeedTable:
    """Returns a row for each group of at least two runs that are seeds.

    A measure that one of them lacks has a dash.
    """
    groups: dict[str, list[RunReport]] = {}
    for run in runs:
        groups.setdefault(_key(run), []).append(run)
    several = [
        group
        for group in groups.values()
        if len({run.config.get("seed") for run in group}) > 1
    ]
    measured = [
        measure
        for measure in _COLUMNS.values()
        if measure != "mce" or any(_values(g, measure) for g in several)
    ]
    headings = [h for h, measure in _COLUMNS.items() if measure in measured]
    return SeedTable(
        tuple(headings),
        tuple(
            (
                ", ".join(run.name for run in group),
                len(group),
                tuple(_cell(group, measure) for measure in measured),
            )
            for group in several
        ),
    )


def seed_lines(table: SeedTable) -> list[str]:
    """Returns the table as lines of text; none where it has no row."""
    lines = []
    for names, count, cells in table.rows:
        numbers = ", ".join(
            f"{heading} {cell}"
            for heading, cell in zip(table.columns, cells, strict=True)
        )
        lines.append(f"Mean over {count} seeds ({names}): {numbers}.")
    return [*lines, SEED_SENTENCE] if lines else []


def _key(run: RunReport) -> str:
    """Returns a text that runs share which differ in their seed alone."""
    config = {k: v for k, v in run.config.items() if k not in _PER_SEED}
    return json.dumps([config, run.results.adaptation], sort_keys=True)


def _values(group: Sequence[RunReport], measure: str) -> list[float]:
    """Returns one number per run, or none where a run lacks it."""
    found = [getattr(summarize(run.results), measure) for run in group]
    return [] if None in found else found


def _cell(group: Sequence[RunReport], measure: str) -> Cell:
    values = _values(group, measure)
    if not values:
        return Cell(percent(None))
    mean, low, high = seed_interval(values)
    return Cell(percent(mean), interval=f"{percent(low)} to {percent(high)}")
