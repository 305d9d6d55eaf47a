"""Runs evaluated on faces as a single HTML file that needs no network."""

import dataclasses
import pathlib
from collections.abc import Sequence

import jinja2

from qualnet_tf.reports import plot_style, resolution_curves, settings
from qualnet_tf.reports.cells import ABSENT, Cell, column_cells, percent
from qualnet_tf.reports.face_tables import FaceRun, face_table
from qualnet_tf.reports.face_text import protocol_lines
from qualnet_tf.reports.published_faces import FACE_TABLES

_TEMPLATES = pathlib.Path(__file__).parent
_RANKS = ("rank1", "rank5", "rank10", "rank20", "mean_average_precision")


@dataclasses.dataclass(frozen=True)
class SetTable:
    """What all runs do on one set.

    Attributes:
        title: Set, and convention of pairs.
        columns: Headings, resolutions first where they differ.
        rows: (run, note, cells).
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, str, tuple[Cell | str, ...]], ...]


def build_face_page(runs: Sequence[FaceRun]) -> str:
    """Returns the report as HTML; the same runs give the same text.

    Args:
        runs: The runs to compare, in this order.

    Raises:
        ValueError: If there is no run.
    """
    if not runs:
        raise ValueError("no run to report on: name at least one run folder")
    results = [dataclasses.replace(run.results, run=run.name) for run in runs]
    papers = [face_table(number, runs) for number in FACE_TABLES]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("face_page.html").render(
        names=[run.name for run in runs],
        keys=[plot_style.legend_key(i) for i in range(len(runs))],
        key_view_box=plot_style.KEY_VIEW_BOX,
        palette=plot_style.RUN_COLORS,
        curves=resolution_curves.resolution_panels(results),
        verifications=verification_tables(runs),
        identifications=identification_tables(runs),
        protocol=protocol_lines([run.results for run in runs]),
        papers=papers,
        paper_rows=[
            [(line.row, line.runs, line.cells) for line in table.lines]
            for table in papers
        ],
        settings=settings.compare([run.config for run in runs]),
    )


def verification_tables(runs: Sequence[FaceRun]) -> list[SetTable]:
    """Returns tables of runs and resolutions: accuracy and TAR per set."""
    keys = dict.fromkeys(
        (row.set, row.convention)
        for run in runs
        for row in run.results.verifications
    )
    tables, rated = [], set()
    for name, convention in keys:
        found = [
            {
                (row.left_resolution, row.right_resolution): row
                for row in run.results.verifications
                if (row.set, row.convention) == (name, convention)
            }
            for run in runs
        ]
        tables.append(
            _table(
                f"{name}, {convention}",
                runs,
                found,
                lambda row: row.accuracy,
                lambda row: f"+- {percent(row.deviation)}",
            )
        )
        if name not in rated:  # whatever the convention
            rated.add(name)
            rate = next(iter(next(filter(None, found)).values()))
            tables.append(
                _table(
                    f"{name}, true acceptance rate at a false one of "
                    f"{rate.false_acceptance_rate:g}",
                    runs,
                    found,
                    lambda row: row.true_acceptance_rate,
                )
            )
    return tables


def identification_tables(runs: Sequence[FaceRun]) -> list[SetTable]:
    """Returns rates per run and resolutions, a table per set and measure."""
    names = dict.fromkeys(
        row.set for run in runs for row in run.results.identifications
    )
    tables = []
    for name in names:
        found = [
            {
                (row.gallery_resolution, row.probe_resolution): row
                for row in run.results.identifications
                if row.set == name
            }
            for run in runs
        ]
        for measure in _RANKS:
            spoken = measure.replace("rank", "rank ").replace("_", " ")
            tables.append(
                _table(
                    f"{name}, {spoken}",
                    runs,
                    found,
                    lambda row, measure=measure: getattr(row, measure),
                )
            )
    return tables


def _table(title, runs, found, value_of, note_of=None) -> SetTable:
    sides = list(dict.fromkeys(side for rows in found for side in rows))
    columns = []
    for side in sides:
        rows = [each.get(side) for each in found]
        cells = column_cells(
            [value_of(row) if row else None for row in rows],
            [None] * len(rows),
        )
        if note_of is not None:
            cells = [
                dataclasses.replace(cell, interval=note_of(row))
                if row and cell.text != ABSENT
                else cell
                for cell, row in zip(cells, rows, strict=True)
            ]
        columns.append(cells)
    heads = tuple(
        str(left) if left == right else f"{left} against {right}"
        for left, right in sides
    )
    return SetTable(
        title,
        heads,
        tuple(
            (run.name, "", tuple(column[place] for column in columns))
            for place, run in enumerate(runs)
        ),
    )
