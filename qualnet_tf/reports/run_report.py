"""What a report needs to know of one run, read from its folder."""

import csv
import dataclasses
import json
import os
import pathlib
from collections.abc import Callable, Sequence
from typing import Any

from qualnet_tf.evaluation import results as results_lib
from qualnet_tf.evaluation.results import (
    ClassificationResults,
    ConditionPictures,
    Deployment,
    FeaturePairs,
    PairedLosses,
    Pictures,
    WorstPictures,
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
        worst: The pictures recognised least, or None.
        features: Features of clean and of low-resolution pictures, or None.
        adapted: Results with batch norms adapted to the test images, or None.
        deployment: What it costs to store and to run, or None.
        paired_losses: How far it falls behind another one, or None.
    """

    name: str
    results: ClassificationResults
    pictures: Pictures | None = None
    conditions: ConditionPictures | None = None
    config: dict[str, Any] = dataclasses.field(default_factory=dict)
    run_info: dict[str, Any] = dataclasses.field(default_factory=dict)
    metrics: list[dict[str, float]] = dataclasses.field(default_factory=list)
    worst: WorstPictures | None = None
    features: FeaturePairs | None = None
    adapted: ClassificationResults | None = None
    deployment: Deployment | None = None
    paired_losses: PairedLosses | None = None


def load_run(path: str | os.PathLike) -> RunReport:
    """Reads an evaluated run; only its results and settings must be there.

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
    return RunReport(
        name=run.name,
        results=results_lib.load(run.results),
        pictures=_if_there(results_lib.load_pictures, run.pictures),
        conditions=_if_there(
            results_lib.load_condition_pictures, run.condition_pictures
        ),
        config=_read_object(run.config),
        run_info=_read_object(run.run_info),
        metrics=_if_there(_read_metrics, run.metrics) or [],
        worst=_if_there(results_lib.load_worst_pictures, run.worst_pictures),
        features=_if_there(results_lib.load_feature_pairs, run.feature_pairs),
        adapted=_if_there(results_lib.load, run.adapted_results),
        deployment=_if_there(results_lib.load_deployment, run.deployment),
        paired_losses=_if_there(
            results_lib.load_paired_losses, run.paired_losses
        ),
    )


def with_adapted(runs: Sequence[RunReport]) -> list[RunReport]:
    """Returns the runs, each with its adapted results as a run behind it."""
    found = []
    for run in runs:
        found.append(run)
        if run.adapted is not None:
            found.append(
                RunReport(
                    name=run.adapted.run,
                    results=run.adapted,
                    config=run.config,
                    run_info=run.run_info,
                )
            )
    return found


def _if_there(load: Callable[[pathlib.Path], Any], path: pathlib.Path) -> Any:
    return load(path) if path.is_file() else None


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
