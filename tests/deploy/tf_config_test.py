"""A pod's index becomes TF_CONFIG, and the command takes the process over."""

import ast
import json
import pathlib
import signal
import subprocess
import sys

import pytest

from qualnet_tf.training.cluster import read_cluster

DEPLOY = pathlib.Path(__file__).parents[2] / "deploy"
TF_CONFIG = DEPLOY / "tf_config.py"
POD = {
    "JOB_COMPLETION_INDEX": "2",
    "NUM_WORKERS": "3",
    "WORKER_SERVICE": "train",
    "WORKER_PORT": "2222",
}
SHOW = [sys.executable, "-c", "import os; print(os.environ['TF_CONFIG'])"]


def start(environment, *arguments):
    return subprocess.run(
        [sys.executable, TF_CONFIG, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("name", ["tf_config", "job_exit"])
def test_nothing_has_to_be_installed(name):
    tree = ast.parse((DEPLOY / f"{name}.py").read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = [node.module]
        else:
            continue
        for module in modules:
            assert module.split(".")[0] in sys.stdlib_module_names


def test_the_command_sees_the_workers():
    done = start(POD, "--", *SHOW)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "cluster": {
            "worker": [
                "train-0.train:2222",
                "train-1.train:2222",
                "train-2.train:2222",
            ]
        },
        "task": {"type": "worker", "index": 2},
    }
    # What `train` reads.
    cluster = read_cluster({"TF_CONFIG": done.stdout})
    assert (len(cluster.workers), cluster.index) == (3, 2)


def test_the_command_s_exit_code_and_arguments_are_kept():
    show = "import sys; print(sys.argv[1:]); sys.exit(7)"
    arguments = ["--", "--flag=a b", ""]
    done = start(POD, "--", sys.executable, "-c", show, *arguments)
    assert done.returncode == 7
    assert ast.literal_eval(done.stdout) == arguments


def test_the_command_takes_the_process_over_and_gets_its_signals():
    wait = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    command = [sys.executable, TF_CONFIG, "--", sys.executable, "-c", wait]
    with subprocess.Popen(command, env=POD, stdout=subprocess.PIPE) as process:
        assert int(process.stdout.readline()) == process.pid
        process.terminate()
        assert process.wait(30) == -signal.SIGTERM


@pytest.mark.parametrize("name", sorted(POD))
def test_a_missing_variable_is_named(name):
    done = start({k: v for k, v in POD.items() if k != name}, "--", *SHOW)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"error: {name} is not set; set it in the Job's container\n"
    )


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("JOB_COMPLETION_INDEX", "3", "from 0 to 2, received '3'"),
        ("JOB_COMPLETION_INDEX", "-1", "from 0 to 2, received '-1'"),
        ("JOB_COMPLETION_INDEX", "1.0", "from 0 to 2, received '1.0'"),
        ("NUM_WORKERS", "0", "from 1 to 100000, received '0'"),
        ("NUM_WORKERS", "four", "from 1 to 100000, received 'four'"),
        ("WORKER_PORT", "70000", "from 1 to 65535, received '70000'"),
    ],
)
def test_a_wrong_number_is_one_line(name, value, expected):
    done = start({**POD, name: value}, "--", *SHOW)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"error: {name}: expected a whole number {expected}; correct it in "
        "the Job's container\n"
    )


@pytest.mark.parametrize("arguments", [(), ("--",), ("python", "-V")])
def test_a_command_is_expected(arguments):
    done = start(POD, *arguments)
    assert done.returncode == 1
    assert done.stderr.startswith("error: expected -- and a command")


def test_an_unknown_command_is_one_line():
    done = start(POD, "--", "/no/such/command")
    assert done.returncode == 1
    assert done.stderr == "error: /no/such/command: No such file or directory\n"
