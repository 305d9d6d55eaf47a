"""The program starts, stops and refuses as a program of ours does."""

import http.client
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import threading

import pytest

from qualnet_tf.config import ServeConfig
from qualnet_tf.serving import running

ROOT = pathlib.Path(__file__).parents[2]


def start(*flags):
    return subprocess.Popen(
        [sys.executable, "-m", "qualnet_tf.serve", *flags],
        cwd=ROOT,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_sigterm_under_load_loses_no_answer(export_dir):
    process = start(f"--model={export_dir}", "--rest_port=0")
    with process:
        line = process.stdout.readline()
        found = re.fullmatch(
            r"serving qualnet version 1 at http://(\S+):(\d+)/v1/models/"
            r"qualnet\n",
            line,
        )
        assert found, line
        lost, answered = [], []
        is_stopping = threading.Event()
        body = json.dumps({"signature_name": "class_names", "inputs": [1, 2]})

        def ask_on():
            connection = http.client.HTTPConnection(found[1], int(found[2]), 30)
            while True:
                try:
                    connection.request(
                        "POST", "/v1/models/qualnet:predict", body
                    )
                    reply = connection.getresponse()
                    answered.append(json.loads(reply.read())["outputs"])
                except ConnectionRefusedError:
                    break  # nobody listens any more: nothing was taken
                except (OSError, http.client.HTTPException) as error:
                    lost.append(error)
                    break
            connection.close()

        threads = [threading.Thread(target=ask_on) for _ in range(8)]
        for thread in threads:
            thread.start()
        while len(answered) < 100:
            assert process.poll() is None
        is_stopping.set()
        process.send_signal(signal.SIGTERM)
        for thread in threads:
            thread.join()
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 0
    assert lost == []
    assert {tuple(names) for names in answered} == {("bee", "cat")}
    assert "Traceback" not in errors


def refusal(*flags):
    """Returns what a start that fails says."""
    with start(*flags) as process:
        output, errors = process.communicate(timeout=120)
    assert process.returncode == 1, errors
    assert output == ""
    lines = [line for line in errors.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1 and "Traceback" not in errors
    return lines[0]


def serve(**knobs):
    running.serve(ServeConfig(rest_port=0, **knobs))


def test_a_folder_without_a_model(tmp_path):
    with pytest.raises(ValueError, match="expected a SavedModel or a folder"):
        serve(export_dir=str(tmp_path))


def test_a_model_that_cannot_be_loaded(tmp_path):
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "saved_model.pb").write_bytes(b"broken")
    with pytest.raises(ValueError, match="1: the SavedModel cannot be loaded"):
        serve(export_dir=str(tmp_path))


def test_a_port_that_is_taken(export_dir):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = refusal(f"--export_dir={export_dir}", f"--rest_port={port}")
    assert f"--rest_port={port}: expected a free port" in said


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        ({}, "exactly one of --export_dir and --model, received neither"),
        ({"export_dir": "a", "model": "b"}, "received both"),
        ({"export_dir": "a", "model_name": "a/b"}, "a name without / and :"),
        (
            {"export_dir": "a", "version_labels": ("stable",)},
            "labels and numbers such as stable:3, received 'stable'",
        ),
        (
            {"export_dir": "a", "version_labels": ("a:1", "a:2")},
            "expected different labels",
        ),
        ({"export_dir": "a", "max_batch_size": 0}, "expected at least 1"),
    ],
)
def test_knobs_that_contradict(knobs, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        ServeConfig(**knobs)


def test_labels_of_versions_that_are_not_there(export_dir):
    with pytest.raises(ValueError, match="version 7: expected one of 1"):
        serve(export_dir=str(export_dir), version_labels=("stable:7",))
