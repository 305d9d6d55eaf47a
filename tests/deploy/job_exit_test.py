"""A Job is told that a run is finished when it is, and not before."""

import json
import pathlib
import subprocess
import sys

import pytest

from qualnet_tf import run_dir as run_files
from qualnet_tf.run_dir import RunDir

JOB_EXIT = pathlib.Path(__file__).parents[2] / "deploy" / "job_exit.py"
AGAIN = 75


@pytest.fixture
def run(tmp_path):
    """A run that has begun."""
    run = RunDir(tmp_path / "run")
    run_files.write_json(run.run_info, {"status": "training"})
    return run


def command(code, run, *more):
    """The wrapper around a program that stands for `train`."""
    flag = f"--run_dir={run.path}"
    return [
        sys.executable,
        JOB_EXIT,
        "--",
        sys.executable,
        "-c",
        code,
        flag,
    ] + [*more]


def start(code, run, *more):
    return subprocess.run(
        command(code, run, *more), capture_output=True, text=True, timeout=60
    )


FINISH = """
import json, pathlib, sys
folder = pathlib.Path(sys.argv[1].removeprefix("--run_dir="))
(folder / "run.json").write_text(json.dumps({"status": "finished"}))
"""


def test_a_finished_run_is_done(run):
    assert start(FINISH, run).returncode == 0


def test_a_run_that_stopped_along_with_another_is_started_again(run):
    """Nobody asked this worker, and `train` ended well."""
    done = start("print('stopped')", run)
    assert (done.returncode, done.stdout) == (AGAIN, "stopped\n")
    assert done.stderr == f"{run.path}: not finished, to be started again\n"


@pytest.mark.parametrize("text", ["", "{", "[]", "{}"])
def test_a_run_that_does_not_say_so_is_not_finished(run, text):
    run.run_info.write_text(text)
    assert start("", run).returncode == AGAIN
    run.run_info.unlink()
    assert start("", run).returncode == AGAIN


def test_a_finished_run_waits_for_nobody(run):
    run_files.write_json(run.run_info, {"status": "finished"})
    show = "import json, sys; print(json.dumps(sys.argv[1:]))"
    done = start(show, run, "--strategy=multi_worker")
    assert done.returncode == 0
    # The last value wins.
    assert json.loads(done.stdout)[1:] == [
        "--strategy=multi_worker",
        "--strategy=none",
    ]
    # And what it refuses stays refused.
    assert start("import sys; sys.exit(1)", run).returncode == 1


def test_an_unfinished_run_gets_the_command_as_it_is(run):
    show = "import json, sys; print(json.dumps(sys.argv[1:]))"
    done = start(show, run, "--strategy=multi_worker", "")
    assert json.loads(done.stdout)[1:] == ["--strategy=multi_worker", ""]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("import sys; sys.exit(3)", 3),
        ("import os; os.kill(os.getpid(), 9)", 137),
    ],
)
def test_a_failure_is_the_command_s(run, code, expected):
    assert start(code, run).returncode == expected


SAVES = """
import signal, sys, time
def stop(*_):
    print("saved", flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
print("ready", flush=True)
time.sleep(60)
"""
DIES = "import time; print('ready', flush=True); time.sleep(60)"


@pytest.mark.parametrize(("code", "said"), [(SAVES, "saved\n"), (DIES, "")])
def test_a_request_to_stop_is_passed_on(run, code, said):
    """Whether the command answers it or is still too young to."""
    with subprocess.Popen(
        command(code, run),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout.readline() == "ready\n"
        process.terminate()
        assert process.stdout.read() == said
        assert process.wait(30) == AGAIN


def test_a_run_that_finishes_when_asked_to_stop_is_done(run):
    code = SAVES.replace("sys.exit(0)", "(exec(FINISH), sys.exit(0))")
    code = f"FINISH = {FINISH!r}\n{code}"
    with subprocess.Popen(
        command(code, run), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "ready\n"
        process.terminate()
        assert process.wait(30) == 0


@pytest.mark.parametrize(
    "arguments", [(), ("--", "python"), ("python", "--run_dir=a")]
)
def test_a_command_with_a_run_is_expected(arguments):
    done = subprocess.run(
        [sys.executable, JOB_EXIT, *arguments], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: expected -- and a training command")


def test_an_unknown_command_is_one_line():
    done = subprocess.run(
        [sys.executable, JOB_EXIT, "--", "/no/such/command", "--run_dir=a"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr == "error: /no/such/command: No such file or directory\n"
