"""Runs with made-up numbers for the tests of the report."""

import numpy as np
import pytest

from qualnet_tf.evaluation.results import (
    ClassAccuracy,
    ClassificationResults,
    ConditionPictures,
    ConditionQuality,
    ConditionResult,
    FeaturePairs,
    MeanInterval,
    Pictures,
    ReliabilityBin,
    WorstPictures,
)
from qualnet_tf.metrics.alexnet_errors import ALEXNET_ERRORS, SEVERITIES
from qualnet_tf.reports.run_report import RunReport


def _make_results(
    run="qualnet",
    loss=0.05,
    leave_out=(),
    names=tuple(ALEXNET_ERRORS),
    **changes,
):
    """Accuracy falls by `loss` a severity; `leave_out` has (name, severity)."""
    values = {
        "run": run,
        "method": "qualnet",
        "dataset": "digits",
        "split": "validation",
        "num_images": 500,
        "num_classes": 10,
        "image_size": 32,
        "seed": 0,
        "severity_table": "cifar_c",
        "frost_textures": "procedural",
        "corruption_variant": "imagenet_c",
        "imagenet_c_jpeg": "off",
        "clean_accuracy": 0.95,
        "conditions": tuple(
            ConditionResult(name, severity, 0.95 - loss * severity)
            for name in names
            for severity in SEVERITIES
            if (name, severity) not in leave_out
        ),
    }
    return ClassificationResults(**(values | changes))


def _make_pictures(decoded=True, side=8, value=0):
    shape = (2, side, side, 3)
    clean = np.arange(np.prod(shape), dtype=np.uint64).reshape(shape)
    clean = ((clean + value) % 251).astype(np.uint8)
    decodings = {}
    if decoded:
        decodings = {
            "reconstruction_of_clean": clean // 2,
            "reconstruction_of_corrupted": clean // 3,
        }
    return Pictures(clean, 255 - clean, ("fog 3", "snow 5"), **decodings)


def _make_conditions(side=8):
    clean = np.arange(side * side * 3, dtype=np.uint8).reshape(side, side, 3)
    corrupted = np.broadcast_to(255 - clean, (2, 3, *clean.shape))
    return ConditionPictures(clean, ("fog", "snow"), (1, 3, 5), corrupted)


def _make_run(name="qualnet", decoded=True, **changes):
    rows = [
        {
            "epoch": epoch,
            "step": 10.0 * epoch,
            "loss": 2.0 / epoch,
            "quality_loss": 1.0 / epoch,
            "accuracy": 1 - 0.5 / epoch,
            "val_accuracy": 1 - 0.6 / epoch,
            "learning_rate": 0.1,
        }
        for epoch in (1.0, 2.0, 3.0)
    ]
    values = {
        "name": name,
        "results": _make_results(name),
        "pictures": _make_pictures(decoded),
        "conditions": _make_conditions(),
        "config": {"dataset": "digits", "quality_weight": 0.6 * decoded},
        "run_info": {"versions": {"keras": "3.15.1"}, "device": "CPU"},
        "metrics": rows,
    }
    return RunReport(**(values | changes))


def _make_whole_run(name="qualnet", seed=0):
    """A run with everything that a report can show."""
    measured = {
        "intervals": (
            MeanInterval("clean_accuracy", 0.93, 0.97),
            MeanInterval("mean_corruption_accuracy", 0.78, 0.82),
        ),
        "qualities": tuple(
            ConditionQuality(each, severity, 0.99, 0.3, 0.2, 0.05)
            for each, severity in [
                ("clean", 0),
                *((n, s) for n in ALEXNET_ERRORS for s in SEVERITIES),
            ]
        ),
        "reliability": tuple(
            ReliabilityBin(severity, 0.5, level - 0.1, level)
            for severity in range(6)
            for level in (0.4, 0.9)
        ),
        "class_accuracies": tuple(
            ClassAccuracy(f"class {i}", 50, 0.9, 0.5 + 0.01 * i)
            for i in range(12)
        ),
    }
    random = np.random.default_rng(seed)
    return _make_run(
        name,
        results=_make_results(name, **measured),
        adapted=_make_results(
            f"{name}, adapted", 0.03, adaptation="batch_norm", **measured
        ),
        worst=WorstPictures(
            _make_pictures().clean,
            ("cat", "dog"),
            ("dog", ""),
            np.array([1.0, 0.25]),
        ),
        features=FeaturePairs(
            positions_hq=random.normal(size=(8, 2)).astype(np.float32),
            positions_lq=random.normal(size=(8, 2)).astype(np.float32),
            labels=np.arange(8) % 4,
            class_names=("ant", "bee", "cat", "dog"),
            num_images=200,
            distance_ratio=0.4,
            purity=0.8,
            low_side=16,
            num_classes=10,
        ),
        config={"method": "qualnet", "seed": seed, "run_dir": name},
    )


@pytest.fixture(scope="session")
def make_whole_run():
    return _make_whole_run


@pytest.fixture(scope="session")
def make_results():
    return _make_results


@pytest.fixture(scope="session")
def make_pictures():
    return _make_pictures


@pytest.fixture(scope="session")
def make_run():
    return _make_run
