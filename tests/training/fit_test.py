"""Runs resume to the same weights, and refuse what does not fit."""

import os
import pathlib
import random
import signal
import subprocess
import sys
import time

import keras
import numpy as np
import pytest

from qualnet_tf.config import TrainConfig
from qualnet_tf.experiment_flags import to_flagfile
from qualnet_tf.models.saving import load_model
from qualnet_tf.run_dir import RunDir
from qualnet_tf.training import fit, run_record
from qualnet_tf.training.callbacks import CheckpointEvery, MetricsTable
from qualnet_tf.training.checkpoints import Checkpoints
from tests.training.tiny_runs import TINY, train

ROOT = pathlib.Path(__file__).parent.parent.parent


def weights(run):
    model = load_model(run.classifier)
    return {w.path: keras.ops.convert_to_numpy(w) for w in model.weights}


def assert_same_weights(first, second):
    first, second = weights(first), weights(second)
    assert set(first) == set(second)
    for path, value in first.items():
        np.testing.assert_array_equal(value, second[path], path)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return train(tmp_path_factory.mktemp("runs") / "whole")


class _Stop(Exception):
    pass


@pytest.mark.parametrize("stop_after", [3, 5, 8])
def test_interrupted_run_ends_with_the_same_weights(
    finished, tmp_path, monkeypatch, stop_after
):
    """Stops within an epoch, at its end, and between two checkpoints."""
    save = CheckpointEvery.on_train_batch_end

    def save_then_stop(self, batch, logs=None):
        save(self, batch, logs)
        if int(self.model.optimizer.iterations) == stop_after:
            raise _Stop

    monkeypatch.setattr(CheckpointEvery, "on_train_batch_end", save_then_stop)
    with pytest.raises(_Stop):
        train(tmp_path / "run")
    monkeypatch.undo()
    run = train(tmp_path / "run")
    assert_same_weights(finished, run)
    assert run.read_info()["status"] == "finished"
    rows = run.metrics.read_text().splitlines()
    assert [row.split(",")[:2] for row in rows[1:]] == [
        ["1", "5"],
        ["2", "10"],
        ["3", "15"],
    ]
    # What the metrics had summed up before the stop counts as well.
    assert run.metrics.read_text() == finished.metrics.read_text()
    best = finished.read_info()["best_val_accuracy"]
    assert run.read_info()["best_val_accuracy"] == best


@pytest.mark.parametrize("epoch", [1, 3])
def test_an_epoch_whose_row_was_not_written_any_more_has_one(
    finished, tmp_path, monkeypatch, epoch
):
    """Killed in the validation, after the checkpoint of the last step."""
    write = MetricsTable.on_epoch_end

    def stop(self, number, logs=None):
        if number + 1 == epoch:
            raise _Stop
        write(self, number, logs)

    monkeypatch.setattr(MetricsTable, "on_epoch_end", stop)
    with pytest.raises(_Stop):
        train(tmp_path / "run", checkpoint_steps=5)
    monkeypatch.undo()
    run = train(tmp_path / "run", checkpoint_steps=5)
    assert_same_weights(finished, run)
    assert run.metrics.read_text() == finished.metrics.read_text()


@pytest.mark.parametrize("stop_after", [None, 7])
def test_a_run_of_steps_ends_within_an_epoch(tmp_path, monkeypatch, stop_after):
    """12 steps of 5 an epoch: two passes and two steps more."""
    in_steps = {
        "num_epochs": 0,
        "num_steps": 12,
        "decay_epochs": (),
        "decay_steps": (10,),
    }
    if stop_after:
        save = CheckpointEvery.on_train_batch_end

        def save_then_stop(self, batch, logs=None):
            save(self, batch, logs)
            if int(self.model.optimizer.iterations) == stop_after:
                raise _Stop

        monkeypatch.setattr(
            CheckpointEvery, "on_train_batch_end", save_then_stop
        )
        with pytest.raises(_Stop):
            train(tmp_path / "run", **in_steps)
        monkeypatch.undo()
    run = train(tmp_path / "run", **in_steps)
    rows = [row.split(",") for row in run.metrics.read_text().splitlines()[1:]]
    assert [row[:2] for row in rows] == [["1", "5"], ["2", "10"], ["3", "12"]]
    rates = [float(row[2]) for row in rows]
    np.testing.assert_allclose(rates, [0.05, 0.05, 0.005], rtol=1e-5)
    # The first ten steps are those of the run in epochs.
    assert run.read_info()["status"] == "finished"


def test_a_run_goes_on_in_another_way(finished, tmp_path, monkeypatch):
    save = CheckpointEvery.on_train_batch_end

    def save_then_stop(self, batch, logs=None):
        save(self, batch, logs)
        if self.steps.done == 7:
            raise _Stop

    monkeypatch.setattr(CheckpointEvery, "on_train_batch_end", save_then_stop)
    with pytest.raises(_Stop):
        train(tmp_path / "run")
    monkeypatch.undo()
    run = train(tmp_path / "run", strategy="mirrored", steps_per_execution=3)
    assert_same_weights(finished, run)


def test_finished_run_is_left_alone(finished, capsys):
    before = finished.classifier.stat().st_mtime_ns
    made = TrainConfig.from_json(finished.config.read_text())
    fit.train(made, to_flagfile(made))
    assert "already trained" in capsys.readouterr().out
    assert finished.classifier.stat().st_mtime_ns == before


def test_run_folder_says_how_it_was_made(finished):
    info = finished.read_info()
    assert info["num_classes"] == 10
    assert info["num_train_images"] == 40
    assert info["replica_count"] == 1
    assert {"tensorflow", "keras", "numpy"} <= set(info["versions"])
    assert "--backbone=resnet_tiny" in finished.flags.read_text()
    header, *rows = finished.metrics.read_text().splitlines()
    assert header.split(",")[:3] == ["epoch", "step", "learning_rate"]
    assert "val_accuracy" in header
    rates = [float(row.split(",")[2]) for row in rows]
    np.testing.assert_allclose(rates, [0.05, 0.05, 0.005], rtol=1e-5)
    assert any(finished.events.rglob("events.out.tfevents.*"))


def test_another_configuration_is_refused(finished):
    with pytest.raises(ValueError, match="expected --batch_size=8, with whi"):
        train(finished.path, batch_size=4)


def test_foreign_folder_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match="a folder with other files"):
        train(tmp_path)


@pytest.mark.parametrize("name", ["flags", "run_info"])
def test_start_that_was_killed_while_it_described_itself_goes_on(
    tmp_path, monkeypatch, name
):
    def killed(path, *_):
        if path == getattr(RunDir(tmp_path / "run"), name):
            raise _Stop
        return write(path, *_)

    writer = "write_text" if name == "flags" else "write_json"
    write = getattr(run_record.run_files, writer)
    monkeypatch.setattr(run_record.run_files, writer, killed)
    with pytest.raises(_Stop):
        train(tmp_path / "run", num_epochs=1)
    monkeypatch.undo()
    run = train(tmp_path / "run", num_epochs=1)
    assert run.read_info()["status"] == "finished"


def test_start_that_was_killed_before_its_configuration_goes_on(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".config-left.json").write_text("half")
    run = train(tmp_path / "run", num_epochs=1)
    assert run.read_info()["status"] == "finished"


def test_too_few_images_leave_nothing_behind(tmp_path):
    with pytest.raises(ValueError, match="for one batch, received 40"):
        train(tmp_path / "run", batch_size=64)
    assert not (tmp_path / "run").exists()


def test_missing_stage1_run_leaves_nothing_behind(tmp_path):
    with pytest.raises(ValueError, match="expected a run folder"):
        train(
            tmp_path / "run",
            method="qualnet",
            stage1_run_dir=str(tmp_path / "none"),
        )
    assert not (tmp_path / "run").exists()


def test_stage1_run_without_an_inverse_is_refused(finished, tmp_path):
    with pytest.raises(ValueError, match="expected an invertible network"):
        train(
            tmp_path / "run",
            method="qualnet",
            stage1_run_dir=str(finished.path),
        )


@pytest.fixture(scope="module")
def stage1(tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "stage1"
    return train(path, backbone="irevnet_tiny", num_epochs=1)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"image_size": 32}, "run on 32x32 images, received 16x16; train"),
        (
            {"dataset": "synthetic"},
            "classes, received 10; train stage 1 on the same data set",
        ),
    ],
)
def test_stage1_run_of_other_data_is_refused(stage1, tmp_path, values, message):
    with pytest.raises(ValueError, match=message):
        train(
            tmp_path / "run",
            method="qualnet",
            stage1_run_dir=str(stage1.path),
            **values,
        )
    assert not (tmp_path / "run").exists()


def test_loss_that_is_not_finite_stops_and_keeps_the_last_checkpoint(tmp_path):
    with pytest.raises(
        FloatingPointError, match=r"step \d+: .* is (nan|inf|kept)|not finite"
    ):
        train(tmp_path / "run", learning_rate=1e18, checkpoint_steps=1)
    run = RunDir(tmp_path / "run")
    assert run.read_info()["status"] == "training"
    for path in Checkpoints(run.checkpoints).paths():
        arrays = np.load(path)
        assert all(np.all(np.isfinite(arrays[name])) for name in arrays.files)


@pytest.mark.slow
def test_killed_run_ends_with_the_same_weights(tmp_path):
    """SIGKILL at random moments; qualnet on the mix, as a user runs it."""
    values = {
        **TINY,
        "checkpoint_steps": 1,
        "num_epochs": 6,
        "deterministic": True,
        "clean_fraction": 0.5,
        "corruptions": ("gaussian_noise", "contrast"),
    }
    stage1 = train(tmp_path / "stage1", backbone="irevnet_tiny", num_epochs=1)
    values |= {
        "method": "qualnet",
        "quality_weight": 0.5,
        "stage1_run_dir": str(stage1.path),
    }

    def start(name):
        flagfile = tmp_path / f"{name}.flags"
        made = TrainConfig(run_dir=str(tmp_path / name), **values)
        flagfile.write_text(to_flagfile(made))
        return subprocess.Popen(
            [
                sys.executable,
                "-m",
                "qualnet_tf.train",
                f"--flagfile={flagfile}",
            ],
            cwd=ROOT,
            env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
            stderr=subprocess.PIPE,
            text=True,
        )

    whole = start("whole")
    killed = start("killed")
    folder = Checkpoints(tmp_path / "killed" / "checkpoints")
    while not folder.paths():
        assert killed.poll() is None, killed.communicate()
        time.sleep(0.05)
    time.sleep(random.uniform(0.0, 1.0))
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    again = start("killed")
    for process in (again, whole):
        _, errors = process.communicate()
        assert process.returncode == 0, errors
    assert_same_weights(RunDir(tmp_path / "whole"), RunDir(tmp_path / "killed"))
