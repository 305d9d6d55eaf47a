"""Our numbers for a row of the paper: of one run, or of one run per seed."""

import dataclasses
import json
import pathlib
import statistics
from collections.abc import Sequence

from qualnet_tf.evaluation.results import summarize
from qualnet_tf.reports import tables
from qualnet_tf.reports.cells import ABSENT, Cell, percent
from qualnet_tf.reports.paper_rows import find_row, setting_of
from qualnet_tf.reports.published import PublishedRow, PublishedTable
from qualnet_tf.reports.run_report import RunReport

# Knobs that name other runs: the folder's name tells recipes apart, but every
# seed has such a run of its own in another folder.
_OTHER_RUNS = ("stage1_run_dir", "initial_run_dir")


@dataclasses.dataclass(frozen=True, eq=False)
class Entry:
    """Runs of one row that differ in their seed alone.

    Attributes:
        row: What they are in the paper.
        setting: See `paper_rows.setting_of`.
        runs: One per seed.
        numbers: Measure of `results.Summary`, or "level_mean" -> the number.
    """

    row: PublishedRow
    setting: str
    runs: tuple[RunReport, ...]
    numbers: dict[str, Cell]


def find_entries(
    table: PublishedTable, runs: Sequence[RunReport]
) -> list[Entry]:
    """Returns the runs that are a row of the table, other seeds together."""
    groups: dict[tuple, list[dict]] = {}
    for run in runs:
        row = find_row(table, run.config)
        if row is not None:
            key = (row, setting_of(run.config), _without_seed(run))
            _add(run, groups.setdefault(key, []))
    return [
        Entry(row, setting, members, _numbers(row, members, table))
        for (row, setting, _), by_seed in groups.items()
        for members in [tuple(group.values()) for group in by_seed]
    ]


def _add(run: RunReport, groups: list[dict]) -> None:
    """Adds a run to the first group without its seed: again is no new seed."""
    seed = run.config.get("seed")
    for group in groups:
        if seed not in group:
            group[seed] = run
            return
    groups.append({seed: run})


def _without_seed(run: RunReport) -> str:
    """Returns what runs that differ in their seed alone have in common."""
    config = dict(run.config)
    for knob in ("seed", "run_dir"):
        config.pop(knob, None)
    for knob in _OTHER_RUNS:
        config[knob] = pathlib.PurePath(config.get(knob) or "").name
    measured = tables.protocol([run.results])
    measured.pop("seed")
    also = (run.results.conditions_from, run.results.adaptation)
    return json.dumps([config, measured, also], sort_keys=True)


def _numbers(
    row: PublishedRow, runs: Sequence[RunReport], table: PublishedTable
) -> dict[str, Cell]:
    """Returns clean accuracy, the nearest to the paper's second number, more.

    Nearest is the mean of DeepCorrect's levels in its rows, else mCE where
    there is one, else the mean accuracy under the 15 test corruptions.
    """
    summaries = [summarize(run.results) for run in runs]
    measures = {"clean_accuracy": [each.clean_accuracy for each in summaries]}
    levels = [each.level_means.get(row.measure) for each in summaries]
    mces = [each.mce for each in summaries]
    if None not in levels:
        measures["level_mean"] = levels
    elif None not in mces:
        measures["mce"] = mces
    else:
        measures["mean_corruption_accuracy"] = [
            each.mean_corruption_accuracy for each in summaries
        ]
    for measure in table.own_measures:
        measures[measure] = [getattr(each, measure) for each in summaries]
    return {
        measure: _cell(values, summaries[0].intervals.get(measure))
        for measure, values in measures.items()
    }


def _cell(
    values: Sequence[float | None], interval: tuple[float, float] | None
) -> Cell:
    """A number with its interval over images, or its range over seeds."""
    if None in values:
        return Cell(ABSENT)
    seeds = ""
    if len(values) > 1:
        interval = min(values), max(values)
        seeds = f" over {len(values)} seeds"
    ends = " to ".join(map(percent, interval or ()))
    return Cell(percent(statistics.fmean(values)), interval=ends + seeds)
