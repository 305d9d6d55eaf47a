"""SIGTERM saves and ends without an error; nothing of the run is lost."""

import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

from qualnet_tf.config import TrainConfig
from qualnet_tf.experiment_flags import to_flagfile
from qualnet_tf.training import fit
from qualnet_tf.training.callbacks import CheckpointEvery
from qualnet_tf.training.checkpoints import Checkpoints
from qualnet_tf.training.run_lock import run_lock
from tests.training.fit_test import assert_same_weights
from tests.training.tiny_runs import TINY, train

ROOT = pathlib.Path(__file__).parent.parent.parent


def _steps(run):
    return [int(p.stem.split("-")[1]) for p in Checkpoints(run).paths()]


@pytest.mark.parametrize("stop_after", [1, 5, 7, 15])
def test_a_request_ends_at_the_step_and_the_run_goes_on(
    tmp_path, monkeypatch, capsys, stop_after
):
    """In an epoch, at its end, and at the very last step."""
    whole = train(tmp_path / "whole")
    count = CheckpointEvery.on_train_batch_end

    def then_ask(self, batch, logs=None):
        if int(self.model.optimizer.iterations) == stop_after:
            os.kill(os.getpid(), signal.SIGTERM)
        count(self, batch, logs)

    monkeypatch.setattr(CheckpointEvery, "on_train_batch_end", then_ask)
    before = signal.getsignal(signal.SIGTERM)
    run = train(tmp_path / "run", checkpoint_steps=100)
    assert signal.getsignal(signal.SIGTERM) is before
    printed = capsys.readouterr().out
    assert f"stopped after step {stop_after}, which is saved; start" in printed
    assert _steps(run.checkpoints)[-1] == stop_after
    assert run.read_info()["status"] == "training"
    monkeypatch.undo()
    run = train(tmp_path / "run", checkpoint_steps=100)
    assert run.read_info()["status"] == "finished"
    assert_same_weights(whole, run)


def test_a_request_in_a_validation_is_not_waited_out(
    tmp_path, monkeypatch, capsys
):
    from qualnet_tf.training import preemption

    look = preemption.StopWhenAsked.on_test_batch_end

    def ask_then_look(self, batch, logs=None):
        os.kill(os.getpid(), signal.SIGTERM)
        look(self, batch, logs)
        raise AssertionError("went on")

    monkeypatch.setattr(
        preemption.StopWhenAsked, "on_test_batch_end", ask_then_look
    )
    run = train(tmp_path / "run", checkpoint_steps=100)
    assert "stopped after step 5" in capsys.readouterr().out
    assert _steps(run.checkpoints)[-1] == 5
    monkeypatch.undo()
    # The epoch's row is written later, with its own training metrics.
    run = train(tmp_path / "run", checkpoint_steps=100)
    whole = train(tmp_path / "whole", checkpoint_steps=100)
    assert run.metrics.read_text() == whole.metrics.read_text()


def test_a_request_before_the_first_step_leaves_nothing(
    tmp_path, monkeypatch, capsys
):
    def ask(*_):
        os.kill(os.getpid(), signal.SIGTERM)
        raise AssertionError("went on")

    monkeypatch.setattr(fit.build, "build_method", ask)
    train(tmp_path / "run")
    assert "stopped before the first step; start" in capsys.readouterr().out
    assert not (tmp_path / "run").exists()


def test_a_request_that_comes_out_as_another_error_is_one(
    tmp_path, monkeypatch, capsys
):
    def trace(*_):
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(1)
        except Exception as error:
            raise TypeError("in user code") from error

    monkeypatch.setattr(fit.build, "build_method", trace)
    train(tmp_path / "run")
    assert "stopped before the first step" in capsys.readouterr().out
    assert not (tmp_path / "run").exists()


def test_a_run_that_another_process_trains_is_refused(tmp_path):
    run = train(tmp_path / "run", num_epochs=1)
    # A finished run needs no lock; one that goes on does.
    with run_lock(run.path):
        train(tmp_path / "run", num_epochs=1)
        info = run.run_info.read_text()
        run.run_info.write_text(info.replace("finished", "training"))
        with pytest.raises(ValueError, match="nobody trains, received one tha"):
            train(tmp_path / "run", num_epochs=1)
    run.run_info.write_text(info.replace("finished", "training"))
    train(tmp_path / "run", num_epochs=1)
    assert run.read_info()["status"] == "finished"


def test_a_foreign_folder_gets_no_lock(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match="a folder with other files"):
        train(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["notes.txt"]


@pytest.mark.slow
def test_a_program_that_is_asked_exits_with_0(tmp_path):
    made = TrainConfig(
        **{**TINY, "num_epochs": 5000, "checkpoint_steps": 10_000},
        run_dir=str(tmp_path / "run"),
    )
    flagfile = tmp_path / "run.flags"
    flagfile.write_text(to_flagfile(made))
    process = subprocess.Popen(
        [sys.executable, "-m", "qualnet_tf.train", f"--flagfile={flagfile}"],
        cwd=ROOT,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    metrics = tmp_path / "run" / "metrics.csv"
    while not metrics.is_file():
        assert process.poll() is None, process.communicate()
        time.sleep(0.1)
    asked = time.monotonic()
    process.send_signal(signal.SIGTERM)
    output, errors = process.communicate(timeout=30)
    assert time.monotonic() - asked < 30
    assert process.returncode == 0, errors
    assert "Traceback" not in errors and "which is saved" in output
    assert len(_steps(tmp_path / "run" / "checkpoints")) == 1
