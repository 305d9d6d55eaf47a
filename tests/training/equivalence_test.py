"""A batch gives the same update, however many replicas share it.

One replica with 32 images, two in one process with 16 each, and two processes
with 16 each: the same curve and the same weights, up to rounding.
"""

import csv
import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

from benchmarks.disturbed_runs import free_ports
from qualnet_tf.run_dir import RunDir
from qualnet_tf.training.checkpoints import Checkpoints

ROOT = pathlib.Path(__file__).parent.parent.parent
RELATIVE = 1e-5
# Methods, and stage 1: an invertible network.
RUNS = ("supervised", "qualnet", "invertible")


def start(folder, strategy, num_devices, stage1, **environment):
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "tests.training.replica_runs",
            *(str(folder), strategy, str(num_devices), str(stage1)),
        ],
        cwd=ROOT,
        env={
            **os.environ,
            "CUDA_VISIBLE_DEVICES": "",
            "TF_CPP_MIN_LOG_LEVEL": "2",
            **environment,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process):
    output, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors[-3000:]
    return output


def cluster(index, ports):
    workers = [f"localhost:{port}" for port in ports]
    return json.dumps(
        {
            "cluster": {"worker": workers},
            "task": {"type": "worker", "index": index},
        }
    )


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    root = tmp_path_factory.mktemp("replicas")
    stage1 = root / "none" / "stage1"
    finish(start(root / "none", "none", 1, stage1))
    mirrored = start(root / "mirrored", "mirrored", 2, stage1)
    ports = free_ports(2)
    workers = [
        start(
            # Only the first one's folder is written.
            root / ("multi_worker" if index == 0 else "idle"),
            "multi_worker",
            1,
            stage1,
            TF_CONFIG=cluster(index, ports),
        )
        for index in (0, 1)
    ]
    said = [finish(process) for process in (mirrored, *workers)]
    return root, said


def curve(run):
    with open(run.metrics, newline="") as file:
        return list(csv.DictReader(file))


def weights(run):
    with np.load(Checkpoints(run.checkpoints).paths()[-1]) as arrays:
        return {name: arrays[name] for name in arrays.files}


def assert_equal_runs(one, other):
    rows, expected = curve(one), curve(other)
    assert len(rows) == len(expected) == 2
    for row, wanted in zip(rows, expected, strict=True):
        assert set(row) == set(wanted)
        for name, value in wanted.items():
            np.testing.assert_allclose(
                float(row[name]), float(value), rtol=RELATIVE, err_msg=name
            )
    arrays, expected = weights(one), weights(other)
    assert set(arrays) == set(expected)
    for name, value in expected.items():
        scale = max(np.abs(value).max(), 1e-3)
        difference = np.abs(arrays[name] - value).max()
        assert difference <= RELATIVE * scale, name


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("strategy", ["mirrored", "multi_worker"])
def test_replicas_make_the_update_of_the_whole_batch(runs, strategy, name):
    root, _ = runs
    one = RunDir(root / "none" / name)
    other = RunDir(root / strategy / name)
    assert_equal_runs(other, one)
    info = other.read_info()
    assert info["replica_count"] == 2
    assert info["worker_count"] == (2 if strategy == "multi_worker" else 1)


@pytest.mark.slow
def test_one_worker_alone_writes(runs):
    root, _ = runs
    assert not (root / "idle").exists()


@pytest.mark.slow
def test_unequal_data_is_refused_on_every_worker(runs):
    root, (_, *workers) = runs
    for said in workers:
        assert (
            "unequal: worker 1: expected the validation images of worker 0 "
            "(33), received others (32); give all workers the same" in said
        )
    assert not (root / "multi_worker" / "unequal").exists()


@pytest.mark.slow
def test_a_loss_that_is_not_finite_on_one_replica_stops_all(runs):
    root, said = runs
    for output in said:
        assert "broken: step 3: " in output
        assert "is nan, expected a finite number; the last good" in output
    for strategy in ("mirrored", "multi_worker"):
        run = RunDir(root / strategy / "broken")
        kept = Checkpoints(run.checkpoints).paths()
        assert [path.stem[-1] for path in kept] == ["1", "2"]
        assert run.read_info()["status"] == "training"


@pytest.mark.slow
def test_devices_of_jax_make_the_update_of_the_whole_batch(tmp_path):
    stage1 = tmp_path / "none" / "stage1"
    finish(start(tmp_path / "none", "none", 1, stage1, KERAS_BACKEND="jax"))
    # Initial weights are drawn by the process alone: both draw the same.
    finish(start(tmp_path / "two", "mirrored", 2, stage1, KERAS_BACKEND="jax"))
    for name in RUNS:
        run = RunDir(tmp_path / "two" / name)
        assert run.read_info()["replica_count"] == 2
        assert_equal_runs(run, RunDir(tmp_path / "none" / name))
