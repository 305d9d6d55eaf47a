"""What a report needs to know of one run, read from its folder."""

import csv
import dataclasses
import json
import os
import pathlib
from typing import Any

from qualnet_tf.evaluation import results as results_lib
from qualnet_tf.evaluation.results import (
    ClassificationResults,
    ConditionPictures,
    Pictures,
)
from qualnet_tf.run_dir import RunDir


@dataclasses.dataclass(frozen=True)
class RunReport:
    """One evaluated run.

    Attributes:
        name: As the report calls it.
        results: Accuracies per condition.
        pictures: Examples, or None where the evaluation kept none.
        conditions: One picture under every condition, or None likewise.
        config: Every knob, from config.json.
        run_info: Versions, device and the like, from run.json.
        metrics: A row per epoch, from metrics.csv: column -> number, without
            the columns that are empty in that row.
    """

    name: str
    results: ClassificationResults
    pictures: Pictures | None = None
    conditions: ConditionPictures | None = None
    config: dict[str, Any] = dataclasses.field(default_factory=dict)
    run_info: dict[str, Any] = dataclasses.field(default_factory=dict)
    metrics: list[dict[str, float]] = dataclasses.field(default_factory=list)


def load_run(path: str | os.PathLike) -> RunReport:
    """Reads an evaluated run; only pictures and metrics may be absent.

    Raises:
        ValueError: If the folder is no run, was not evaluated, or holds a
            damaged file.
    """
    run = RunDir(path)
    if not run.config.is_file():
        raise ValueError(
            f"{run.path}: expected a run folder with {run.config.name}; "
            "check --run_dir"
        )
    pictures = run.pictures.is_file()
    conditions = run.condition_pictures
    return RunReport(
        name=run.name,
        results=results_lib.load(run.results),
        pictures=results_lib.load_pictures(run.pictures) if pictures else None,
        conditions=results_lib.load_condition_pictures(conditions)
        if conditions.is_file()
        else None,
        config=_read_object(run.config),
        run_info=_read_object(run.run_info),
        metrics=_read_metrics(run.metrics) if run.metrics.is_file() else [],
    )


def _read_object(path: pathlib.Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ValueError(
            f"{path}: not readable ({error}); train the run again"
        ) from error
    if not isinstance(value, dict):
        raise ValueError(
            f"{path}: expected a JSON object, received "
            f"{type(value).__name__}; train the run again"
        )
    return value


def _read_metrics(path: pathlib.Path) -> list[dict[str, float]]:
    with open(path, newline="") as file:
        try:
            return [
                {name: float(text) for name, text in row.items() if text}
                for row in csv.DictReader(file, strict=True)
            ]
        except (TypeError, ValueError, csv.Error) as error:
            raise ValueError(
                f"{path}: expected columns of numbers ({error}); train the "
                "run again"
            ) from error
