"""Tables 4 and 5 of the paper with our numbers beside the published ones."""

import dataclasses
import json
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

from qualnet_tf.evaluation import results as results_lib
from qualnet_tf.evaluation.results import FaceResults
from qualnet_tf.reports.cells import ABSENT, Cell, percent
from qualnet_tf.reports.face_text import protocol_lines
from qualnet_tf.reports.paper_tables import NOT_RUN, PaperLine, PaperTable
from qualnet_tf.reports.published_faces import (
    FACE_TABLES,
    SOURCE,
    FaceColumn,
    FaceRow,
)
from qualnet_tf.run_dir import RunDir

# What the paper's face networks have in common.
_PAPERS = {"image_size": 112, "backbone": "lresnet50a_ir", "num_steps": 47_000}
_SEVERITIES = {
    "specialised_56": [1],
    "specialised_28": [3],
    "specialised_14": [5],
}
_CLEAN = "specialised_112"
_MIXED = [1, 3, 5]


@dataclasses.dataclass(frozen=True)
class FaceRun:
    """A run that was evaluated on faces.

    Attributes:
        name: Of the run.
        config: Every knob, from its config.json.
        results: What was measured.
    """

    name: str
    config: Mapping[str, Any]
    results: FaceResults


def load_face_run(path: str | pathlib.Path) -> FaceRun:
    """Reads a run that was evaluated on faces.

    Raises:
        ValueError: If the folder is no run, or was not evaluated so.
    """
    run = RunDir(path)
    if not run.config.is_file():
        raise ValueError(
            f"{run.path}: expected a run folder with {run.config.name}; check "
            "--run_dir"
        )
    config = json.loads(run.config.read_text())
    results = results_lib.load_face_results(run.face_results)
    return FaceRun(run.name, config, results)


def face_table(number: int, runs: Sequence[FaceRun]) -> PaperTable:
    """Returns Table 4 or 5 beside the runs that are one of its rows.

    A run's row follows from its configuration. Runs with another network,
    length or data than the paper's have their columns too: a note names them.

    Args:
        number: 4 or 5.
        runs: Runs that were evaluated on faces, in any order.

    Raises:
        ValueError: If there is no such table.
    """
    if number not in FACE_TABLES:
        raise ValueError(
            f"paper table {number!r}: expected "
            f"{' or '.join(map(str, FACE_TABLES))}"
        )
    table = FACE_TABLES[number]
    lines = [
        line for row in table.rows for line in _lines(row, table.columns, runs)
    ]
    placed = [run for run in runs if recipe_of(run.config) is not None]
    return PaperTable(
        number=number,
        title=f"Table {number}, faces: {table.title}",
        columns=tuple(column.heading for column in table.columns),
        lines=tuple(lines),
        notes=tuple(_notes(placed, runs)),
    )


def recipe_of(config: Mapping[str, Any]) -> str | None:
    """Returns the row that a run is by its configuration, or None."""
    clean, severities = config.get("clean_fraction"), config.get("severities")
    names = config.get("corruptions")
    method = config.get("method")
    if config.get("margin_loss", "none") == "none":
        return None
    if method == "supervised" and clean == 1:
        return _CLEAN
    if names is None or list(names) != ["resolution_nearest"]:
        return None
    if method == "supervised" and clean == 0:
        for recipe, own in _SEVERITIES.items():
            if list(severities) == own:
                return recipe
    if clean != 0.5 or list(severities) != _MIXED:
        return None
    return {"supervised": "naive", "qualnet": "qualnet"}.get(method)


def _lines(
    row: FaceRow, columns: Sequence[FaceColumn], runs: Sequence[FaceRun]
) -> list[PaperLine]:
    """Returns the paper's line, and below it one per run of the row."""
    papers = tuple(Cell(number or ABSENT) for number in row.numbers)
    own = {
        run.name: tuple(_cell(run.results, column) for column in columns)
        for run in runs
        if recipe_of(run.config) == row.recipe
    }
    own = own or {"ours": tuple(Cell(NOT_RUN) for _ in columns)}
    return [
        PaperLine(row.name, "paper", papers),
        *(PaperLine(row.name, name, cells) for name, cells in own.items()),
    ]


def _cell(results: FaceResults, column: FaceColumn) -> Cell:
    """Our number of a column; "not run" where the set was not evaluated."""
    if column.measure == "accuracy":
        found = [
            row.accuracy
            for row in results.verifications
            if row.set == column.set
            and row.left_resolution == row.right_resolution
            and row.left_resolution == column.resolution
        ]
    else:
        found = [
            getattr(row, column.measure)
            for row in results.identifications
            if row.set == column.set
            and row.gallery_resolution == row.probe_resolution
            and row.probe_resolution == results.image_size
        ]
    # Of several conventions the first that was asked for.
    return Cell(percent(found[0]) if found else NOT_RUN)


def _notes(placed: Sequence[FaceRun], runs: Sequence[FaceRun]) -> list[str]:
    notes = [
        "Per cent. Both faces of a pair are reduced to the resolution.",
        f"Published numbers: {SOURCE}; the paper says neither whether "
        "embeddings of mirrored faces are used nor how thresholds are chosen.",
        "A dash: no published number is known to us.",
    ]
    notes += protocol_lines([run.results for run in placed])
    others = [
        run.name
        for run in placed
        if any(run.config.get(k) != v for k, v in _PAPERS.items())
    ]
    if others:
        notes.append(
            "Another network, size or length than the paper's, so that their "
            f"numbers cannot be compared with its: {', '.join(others)}."
        )
    unplaced = [run.name for run in runs if run not in placed]
    if unplaced:
        notes.append(f"In no row of this table: {', '.join(unplaced)}.")
    return notes
