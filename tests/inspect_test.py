"""The inspect program: its flags, its mistakes, and its file's name."""

import os
import pathlib
import subprocess
import sys

import pytest

from qualnet_tf import inspect as program
from qualnet_tf.config import InspectConfig

ROOT = pathlib.Path(__file__).parent.parent


def _run(*flags):
    return subprocess.run(
        [sys.executable, "-m", "qualnet_tf.inspect", *flags],
        cwd=ROOT,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        check=False,
    )


def test_help_lists_the_flags():
    done = _run("--help")
    assert done.returncode == 0, done.stderr
    for flag in ("--run_dir", "--num_images", "--[no]backward_pass"):
        assert flag in done.stdout


def test_a_missing_run_is_one_line(tmp_path):
    done = _run(f"--run_dir={tmp_path / 'none'}")
    assert done.returncode == 1
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith(f"error: {tmp_path / 'none'}: expected a run folder")


def test_an_unfinished_run_is_refused(tmp_path):
    (tmp_path / "run.json").write_text('{"status": "running"}')
    with pytest.raises(ValueError, match="received one that is 'running'"):
        program.main(InspectConfig(run_dir=str(tmp_path)))


def test_a_finished_run_without_its_classifier_is_refused(tmp_path):
    (tmp_path / "run.json").write_text('{"status": "finished"}')
    with pytest.raises(ValueError, match="expected a finished run"):
        program.main(InspectConfig(run_dir=str(tmp_path)))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "--run_dir is empty: name a finished run"),
        ({"run_dir": "x", "num_images": 0}, "--num_images=0: expected at"),
    ],
)
def test_bad_knobs(values, message):
    with pytest.raises(ValueError, match=message):
        InspectConfig(**values)
