"""The tables of a report: averages per run, and accuracy per condition.

Each table is plain data first; the terminal and the page print the same one.
"""

import dataclasses
from collections.abc import Sequence

from qualnet_tf.evaluation.results import ClassificationResults, summarize
from qualnet_tf.metrics.alexnet_errors import (
    HOLDOUT_CORRUPTIONS,
    TEST_CORRUPTIONS,
)
from qualnet_tf.metrics.level_mean import NUM_LEVELS
from qualnet_tf.reports.cells import Cell, column_cells, percent
from qualnet_tf.reports.naming import families_of, severities_of, spoken

# They stand beside every robustness number we print.
HONEST_SENTENCES = (
    "The 15 test corruptions are also the training corruptions (the paper's "
    "setting).",
    "The 4 hold-out corruptions are not.",
)
MCE_SENTENCE = (
    "mCE and relative mCE are divided by AlexNet's errors on the released "
    "ImageNet-C files; from corruptions made on the fly they cannot be "
    "compared with published values."
)
ADAPTED_SENTENCE = (
    "Adapted: batch norms took the statistics of the test images, without "
    "their labels; a setting of its own, not to be compared with plain numbers."
)
INTERVAL_SENTENCE = (
    "Beside a mean stands its 95 % bootstrap interval over images. It says "
    "nothing of other seeds."
)

# Heading of a column -> its measure in `results.Summary`.
_COLUMNS = {
    "Clean": "clean_accuracy",
    "15 test corruptions": "mean_corruption_accuracy",
    "4 hold-outs": "holdout_accuracy",
}

# The same, of the means that exist only where AlexNet was measured.
_ALEXNET_COLUMNS = {"mCE": "mce", "Relative mCE": "relative_mce"}

# Results that differ in one of these were not measured alike.
_PROTOCOL = {
    "dataset": "data set",
    "split": "split",
    "num_images": "pictures",
    "image_size": "side in pixels",
    "severity_table": "severity table",
    "corruption_variant": "variant of corruptions",
    "frost_textures": "frost textures",
    "imagenet_c_jpeg": "JPEG step",
    "seed": "seed",
    "conditions_from": "corrupted images",
}


@dataclasses.dataclass(frozen=True)
class SummaryRow:
    """The averages of one run, a cell per column of the table."""

    run: str
    method: str
    cells: tuple[Cell, ...]


@dataclasses.dataclass(frozen=True)
class SummaryTable:
    """The averages of several runs.

    Attributes:
        columns: Headings of the numbers, without run and method.
        rows: One per run, in the order given.
        notes: Sentences that belong under the table.
    """

    columns: tuple[str, ...]
    rows: tuple[SummaryRow, ...]
    notes: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class HeatCell:
    """The accuracy of one run under one condition.

    Attributes:
        text: Per cent, or a dash where it was not measured.
        strength: 0 for the lowest accuracy of the table, 1 for the highest;
            None where it was not measured.
    """

    text: str
    strength: float | None


@dataclasses.dataclass(frozen=True)
class HeatTable:
    """Accuracy per corruption and severity, runs side by side.

    Attributes:
        columns: Headings under each run.
        families: (family, [(corruption, cells of all runs)]).
        lowest: Per cent, as printed.
        highest: Per cent, as printed.
    """

    columns: tuple[str, ...]
    families: tuple[
        tuple[str, tuple[tuple[str, tuple[HeatCell, ...]], ...]], ...
    ]
    lowest: str
    highest: str


def summary_table(results: Sequence[ClassificationResults]) -> SummaryTable:
    """Returns clean accuracy and the averages under corruption.

    Intervals follow their means; the best is one of the plain runs. `mCE` and
    `Relative mCE` columns stand there only where a run has them.
    """
    summaries = [summarize(each) for each in results]
    columns = dict(_COLUMNS)
    if any(summary.mce is not None for summary in summaries):
        columns |= _ALEXNET_COLUMNS
    cells = [
        column_cells(
            [getattr(summary, measure) for summary in summaries],
            [summary.intervals.get(measure) for summary in summaries],
            lower_is_better=measure in _ALEXNET_COLUMNS.values(),
            ranked=[each.adaptation == "none" for each in results],
        )
        for measure in columns.values()
    ]
    rows = zip(results, zip(*cells, strict=True), strict=True)
    return SummaryTable(
        tuple(columns),
        tuple(SummaryRow(each.run, each.method, row) for each, row in rows),
        _notes(results, summaries, "mCE" in columns),
    )


def terminal_table(results: Sequence[ClassificationResults]) -> str:
    """Returns the summary as aligned text, with its sentences below."""
    table = summary_table(results)
    lines = [("Run", "Method", *table.columns)] + [
        (row.run, row.method, *map(str, row.cells)) for row in table.rows
    ]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    text = [_aligned(line, widths) for line in lines]
    text.insert(1, "  ".join("-" * width for width in widths))
    notes = ("Accuracy in per cent.", *HONEST_SENTENCES, *table.notes)
    return "\n".join([*text, "", *notes])


def heat_table(results: Sequence[ClassificationResults]) -> HeatTable:
    """Returns every accuracy: corruptions down, runs x severities across."""
    every = [c.accuracy for each in results for c in each.conditions] or [0.0]
    low, high = min(every), max(every)
    severities = severities_of(results)
    accuracies = [each.accuracies() for each in results]
    families = []
    for family, names in families_of(results).items():
        rows = []
        for name in names:
            cells = [
                cell
                for each in accuracies
                for cell in _heat_cells(
                    each.get(name, {}), severities, low, high
                )
            ]
            rows.append((spoken(name), tuple(cells)))
        families.append((family, tuple(rows)))
    return HeatTable(
        columns=(*map(str, severities), "mean"),
        families=tuple(families),
        lowest=percent(low),
        highest=percent(high),
    )


def protocol(
    results: Sequence[ClassificationResults],
) -> dict[str, tuple[str, ...]]:
    """Returns how the runs were measured: heading -> the different values."""
    return {
        heading: tuple(
            dict.fromkeys(str(getattr(each, field)) for each in results)
        )
        for field, heading in _PROTOCOL.items()
    }


def _notes(results, summaries, has_mce: bool) -> tuple[str, ...]:
    made = any(each.conditions_from == "made" for each in results)
    notes = [MCE_SENTENCE] if has_mce and made else []
    if any(each.adaptation != "none" for each in results):
        notes.append(ADAPTED_SENTENCE)
    if any(summary.intervals for summary in summaries):
        notes.append(INTERVAL_SENTENCE)
    for each, summary in zip(results, summaries, strict=True):
        missing = (*summary.missing_test, *summary.missing_holdout)
        if missing:
            spelled = (
                *_or_all(summary.missing_test, TEST_CORRUPTIONS, "15 test"),
                *_or_all(
                    summary.missing_holdout, HOLDOUT_CORRUPTIONS, "4 hold-out"
                ),
            )
            notes.append(
                f"Not measured for {each.run}: {', '.join(spelled)}. A mean "
                "stands only where all of its conditions were measured."
            )
        left_out = [name for name in each.left_out if name not in missing]
        if left_out:
            notes.append(f"Left out for {each.run}: {', '.join(left_out)}.")
        notes += [
            f"{spoken(name)} for {each.run}: {percent(mean)}, mean of "
            f"{NUM_LEVELS} levels, the clean one included."
            for name, mean in summary.level_means.items()
        ]
    different = [
        f"{heading} ({' / '.join(values)})"
        for heading, values in protocol(results).items()
        if len(values) > 1
    ]
    if different:
        notes.append(
            f"The runs were not measured alike: {', '.join(different)}."
        )
    return tuple(notes)


def _or_all(missing, names, count: str) -> tuple[str, ...]:
    """What is missing; one phrase where nothing of a group was measured."""
    if set(missing) == set(names):
        return (f"the {count} corruptions",)
    return tuple(missing)


def _aligned(line: Sequence[str], widths: Sequence[int]) -> str:
    # Names to the left, numbers to the right.
    texts = [
        text.ljust(width) if column < 2 else text.rjust(width)
        for column, (text, width) in enumerate(zip(line, widths, strict=True))
    ]
    return "  ".join(texts).rstrip()


def _heat_cells(
    by_severity, severities, low: float, high: float
) -> list[HeatCell]:
    values = [by_severity.get(severity) for severity in severities]
    mean = None if None in values else sum(values) / len(values)
    return [
        HeatCell(
            percent(value),
            None if value is None else (value - low) / ((high - low) or 1),
        )
        for value in (*values, mean)
    ]
