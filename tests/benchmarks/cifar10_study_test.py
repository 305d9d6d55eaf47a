"""The study's runs, their order and their table; nothing is trained."""

import argparse
import subprocess
import sys

import pytest

from benchmarks import cifar10_study, cifar10_tables
from benchmarks.cifar10_study import NEEDS, ROOT, RUNS
from qualnet_tf import corruptions
from qualnet_tf.evaluation import results
from qualnet_tf.run_dir import RunDir, write_json


def test_every_flagfile_is_a_run_of_the_study():
    found = {path.stem for path in (ROOT / "configs/cifar10").glob("*.flags")}
    assert found == set(RUNS)


def test_every_run_stands_behind_what_it_needs():
    order = list(RUNS)
    for name, needs in NEEDS.items():
        for other in needs.values():
            assert order.index(other) < order.index(name)


def test_needs_are_trained_along():
    assert cifar10_study.with_needs(["qualnet18_finetuned"]) == [
        "irevnet_stage1",
        "qualnet18_clean",
        "qualnet18_finetuned",
    ]
    assert cifar10_study.with_needs(["two_stage18", "resnet18_naive"]) == [
        "resnet18_naive",
        "encoder_decoder18_clean",
        "two_stage18",
    ]


@pytest.mark.parametrize("size", list(cifar10_study.SIZES))
@pytest.mark.parametrize("name", RUNS)
def test_flags_are_legal(name, size, tmp_path):
    flags = cifar10_study.training_flags(name, tmp_path, 1, "", size)
    done = subprocess.run(
        [sys.executable, "-m", "qualnet_tf.train", *flags, "--only_check_args"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("jobs", [1, 4])
def test_runs_wait_for_those_they_need(jobs, monkeypatch):
    begun, ended = [], []

    def run(name, seed, folder, arguments):
        needed = NEEDS.get(name, {}).values()
        assert {(seed, other) for other in needed} <= set(ended)
        begun.append((seed, name))
        ended.append((seed, name))

    monkeypatch.setattr(cifar10_study, "train_and_evaluate", run)
    arguments = argparse.Namespace(
        jobs=jobs, minutes=float("inf"), runs=list(RUNS)
    )
    assert cifar10_study.study(arguments, {0: "a", 1: "b"})
    assert sorted(begun) == sorted((s, name) for s in (0, 1) for name in RUNS)


def test_nothing_begins_after_the_time(monkeypatch):
    monkeypatch.setattr(cifar10_study, "train_and_evaluate", None)
    arguments = argparse.Namespace(jobs=2, minutes=-1.0, runs=list(RUNS))
    assert not cifar10_study.study(arguments, {0: "a"})


def test_every_run_stands_in_a_table():
    shown = {name for rows in cifar10_tables.TABLES.values() for name in rows}
    assert shown == set(RUNS)


def test_tables_without_a_run_are_left_out(tmp_path):
    folders = {0: tmp_path}
    assert cifar10_tables.tables(list(RUNS), folders) == []
    _write_run(tmp_path / "resnet18_sp", 0.5)
    lines = cifar10_tables.tables(list(RUNS), folders)
    assert [line for line in lines if line.startswith("Table")] == [
        next(iter(cifar10_tables.TABLES))
    ]


def test_unknown_runs_are_refused():
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "benchmarks.cifar10_study",
            "--runs=qualnet18,nobody",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: --runs: expected some of irevnet")
    assert done.stderr.rstrip().endswith("received nobody")


def test_table_has_mean_and_range(tmp_path):
    folders = {seed: tmp_path / f"seed{seed}" for seed in range(3)}
    for seed, accuracy in ((0, 0.5), (1, 0.7)):
        _write_run(folders[seed] / "resnet18_naive", accuracy)
    lines = cifar10_tables.table(list(RUNS), folders)
    assert lines[2:] == [
        "| naive augmentation | 60.0 (50.0 to 70.0) | 40.0 (30.0 to 50.0) | "
        "50.0 (40.0 to 60.0) | 2 | 7 |"
    ]
    del folders[1]
    lines = cifar10_tables.table(list(RUNS), folders)
    assert lines[2:] == ["| naive augmentation | 50.0 | 30.0 | 40.0 | 1 | 7 |"]


def _write_run(folder, accuracy: float) -> None:
    """What an evaluated run leaves: a fifth off under the 15 corruptions."""
    run = RunDir(folder)
    holdout = corruptions.expand(("holdout",))
    conditions = tuple(
        results.ConditionResult(
            name, severity, accuracy - (0.1 if name in holdout else 0.2)
        )
        for name in corruptions.expand(("all",))
        for severity in (1, 2, 3, 4, 5)
    )
    found = results.ClassificationResults(
        run=run.name,
        method="supervised",
        dataset="cifar10",
        split="validation",
        num_images=10,
        num_classes=10,
        image_size=32,
        seed=0,
        severity_table="cifar_c",
        corruption_variant="imagenet_c",
        frost_textures="procedural",
        imagenet_c_jpeg="off",
        clean_accuracy=accuracy,
        conditions=conditions,
    )
    write_json(run.run_info, {"status": "finished", "seconds": 7.0})
    results.save(found, run.results)
