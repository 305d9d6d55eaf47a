"""A table of the paper with our numbers beside the published ones.

The table is plain data; `table_formats` prints it.
"""

import dataclasses
from collections.abc import Mapping, Sequence

from qualnet_tf.metrics.level_mean import NUM_LEVELS
from qualnet_tf.reports import published, tables
from qualnet_tf.reports.cells import ABSENT, Cell
from qualnet_tf.reports.paper_entries import Entry, find_entries
from qualnet_tf.reports.published import PublishedRow, PublishedTable
from qualnet_tf.reports.run_report import RunReport

NOT_RUN = "not run"

UNIT_SENTENCE = (
    "Accuracy and mCE in per cent. Corruption accuracy is the mean over the 15 "
    "test corruptions and their five severities."
)
STAND_IN_SENTENCE = (
    "Numbers on another data set, at another size (pixels, images, epochs) or "
    "of another network cannot be compared with the paper's"
)
SEEDS_SENTENCE = (
    "Beside a mean over seeds stand the lowest and the highest; they say "
    "nothing of other images."
)
UNKNOWN_SENTENCE = "A dash below Paper: no published number is known to us."
MISSING_SENTENCE = (
    "A dash beside a run of ours: a mean stands only where all of its "
    "conditions were measured."
)

# Measure -> how its column is headed, in the order of columns.
_HEADINGS = {
    "clean_accuracy": "clean",
    "mce": "mCE",
    "mean_corruption_accuracy": "corruption accuracy",
    "level_mean": f"{NUM_LEVELS} levels",
    "holdout_accuracy": "4 hold-outs",
}


@dataclasses.dataclass(frozen=True)
class PaperLine:
    """A row of the paper, or one of several lines of it.

    Attributes:
        row: Name of the row.
        runs: Names of our runs; empty where none is that row.
        cells: One per column of the table.
    """

    row: str
    runs: str
    cells: tuple[Cell, ...]


@dataclasses.dataclass(frozen=True)
class PaperTable:
    """A table of the paper, filled.

    Attributes:
        number: The paper's.
        title: The number, the data set and what is compared.
        columns: Headings of the numbers, the paper's first.
        lines: In the order of the rows. Our runs of one row that differ in
            more than their seed have a line each.
        notes: Sentences that belong under the table.
    """

    number: int
    title: str
    columns: tuple[str, ...]
    lines: tuple[PaperLine, ...]
    notes: tuple[str, ...]


def paper_table(number: int, runs: Sequence[RunReport]) -> PaperTable:
    """Returns a table of the paper beside the runs that are one of its rows.

    Which row a run is, its configuration says. Runs on the paper's data set
    stand below "Ours", stand-ins below their data set, size and network.

    Args:
        number: 1, 2, 3 or 6.
        runs: Evaluated runs, in any order; notes name those of no row.

    Raises:
        ValueError: If there is no such table.
    """
    table = published.get(number)
    entries = find_entries(table, runs)
    papers = _papers_measures(table)
    settings = _measures(table, entries)
    headings = [f"Paper: {_HEADINGS[measure]}" for measure in papers]
    for setting, measures in settings.items():
        headings += [f"{_label(setting)}: {_HEADINGS[m]}" for m in measures]
    lines = [
        line
        for row in table.rows
        for line in _lines(row, papers, settings, entries)
    ]
    return PaperTable(
        number=number,
        title=f"Table {number}, {table.dataset}: {table.title}",
        columns=tuple(headings),
        lines=tuple(lines),
        notes=_notes(table, runs, entries),
    )


def _papers_measures(table: PublishedTable) -> list[str]:
    """Returns clean accuracy and the measures that have published numbers."""
    known = {_measure(row) for row in table.rows if row.number}
    return [m for m in _HEADINGS if m == "clean_accuracy" or m in known]


def _measure(row: PublishedRow) -> str:
    """The column of a row's second number."""
    return row.measure if row.measure in _HEADINGS else "level_mean"


def _measures(
    table: PublishedTable, entries: Sequence[Entry]
) -> dict[str, list[str]]:
    """Returns setting -> measures of its entries; the paper's setting first."""
    if not entries:
        return {"": ["clean_accuracy", table.measure]}
    found: dict[str, set[str]] = {}
    for entry in sorted(entries, key=lambda entry: entry.setting):
        found.setdefault(entry.setting, set()).update(entry.numbers)
    return {
        setting: [measure for measure in _HEADINGS if measure in measures]
        for setting, measures in found.items()
    }


def _lines(
    row: PublishedRow,
    papers: Sequence[str],
    settings: Mapping[str, Sequence[str]],
    entries: Sequence[Entry],
) -> list[PaperLine]:
    """Returns the row: a line, or one for each entry of the fullest setting."""
    own = {
        setting: [e for e in entries if (e.row, e.setting) == (row, setting)]
        for setting in settings
    }
    lines = []
    for place in range(max(1, *map(len, own.values()))):
        cells = _papers_cells(row, papers)
        names: dict[str, None] = {}
        for setting, found in own.items():
            numbers = {} if found else {"clean_accuracy": Cell(NOT_RUN)}
            for entry in found[place : place + 1]:
                numbers = entry.numbers
                names |= dict.fromkeys(run.name for run in entry.runs)
            cells += [numbers.get(m, Cell(ABSENT)) for m in settings[setting]]
        lines.append(PaperLine(row.name, ", ".join(names), tuple(cells)))
    return lines


def _papers_cells(row: PublishedRow, measures: Sequence[str]) -> list[Cell]:
    numbers = {"clean_accuracy": row.clean_accuracy, _measure(row): row.number}
    return [Cell(numbers.get(measure) or ABSENT) for measure in measures]


def _label(setting: str) -> str:
    return setting or "Ours"


def _notes(
    table: PublishedTable,
    runs: Sequence[RunReport],
    entries: Sequence[Entry],
) -> tuple[str, ...]:
    """Returns the sentences that hold: what to compare first, then the rest."""
    settings = sorted({entry.setting for entry in entries})
    stand_ins = "; ".join(filter(None, settings))
    placed = {id(run) for entry in entries for run in entry.runs}
    others = [run.name for run in runs if id(run) not in placed]
    weights = _other_weights(table, entries)
    cells = [c for entry in entries for c in entry.numbers.values()]
    single = [entry for entry in entries if len(entry.runs) == 1]
    sentences = {
        UNIT_SENTENCE: True,
        f"{STAND_IN_SENTENCE}: {stand_ins}.": stand_ins,
        **dict.fromkeys((*table.notes, *tables.HONEST_SENTENCES), True),
        tables.MCE_SENTENCE: any("mce" in e.numbers for e in entries),
        tables.INTERVAL_SENTENCE: any(
            cell.interval for e in single for cell in e.numbers.values()
        ),
        SEEDS_SENTENCE: len(single) < len(entries),
        f"Another quality weight than the paper's {table.quality_weight:g}: "
        f"{', '.join(weights)}.": weights,
        UNKNOWN_SENTENCE: any(row.number is None for row in table.rows),
        MISSING_SENTENCE: any(cell.text == ABSENT for cell in cells),
        **{_protocol(setting, entries): True for setting in settings},
        f"In no row of this table: {', '.join(dict.fromkeys(others))}.": others,
    }
    return tuple(sentence for sentence, holds in sentences.items() if holds)


def _other_weights(
    table: PublishedTable, entries: Sequence[Entry]
) -> list[str]:
    """Returns "qualnet (1)" for every run whose weight is not the table's."""
    usual = (None, 0, table.quality_weight)
    weights = [
        (run.name, run.config.get("quality_weight"))
        for entry in entries
        for run in entry.runs
    ]
    shown = [f"{name} ({w:g})" for name, w in weights if w not in usual]
    return list(dict.fromkeys(shown))


def _protocol(setting: str, entries: Sequence[Entry]) -> str:
    """Returns how the runs of a setting were measured, as a sentence."""
    results = [
        run.results
        for entry in entries
        if entry.setting == setting
        for run in entry.runs
    ]
    facts = [
        f"{heading} {' / '.join(values)}"
        for heading, values in tables.protocol(results).items()
    ]
    if any(each.adaptation != "none" for each in results):
        facts.append("batch norms adapted to the test images")
    return f"{_label(setting)} was measured with {', '.join(facts)}."
