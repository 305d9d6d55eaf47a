"""One process at a time; the lock of one that is gone is no obstacle."""

import errno
import fcntl
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys

import pytest

from qualnet_tf.training.run_lock import run_lock

ROOT = pathlib.Path(__file__).parent.parent.parent
HOLD = """
import pathlib, sys, time
from qualnet_tf.training.run_lock import run_lock
with run_lock(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the lock."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def owner(folder):
    return json.loads((folder / ".lock").read_text() or "{}")


def test_another_process_is_named(tmp_path, holder):
    message = f"process {holder.pid} on {socket.gethostname()}, since 2"
    with pytest.raises(ValueError, match=message):
        with run_lock(tmp_path):
            pass
    assert owner(tmp_path)["pid"] == holder.pid


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTERM])
def test_the_lock_of_a_dead_process_is_taken_over(tmp_path, holder, sent):
    holder.send_signal(sent)
    holder.wait()
    # What it wrote is still there.
    assert owner(tmp_path)["pid"] == holder.pid
    with run_lock(tmp_path):
        assert owner(tmp_path)["pid"] == os.getpid()
    assert owner(tmp_path) == {}


def test_it_is_free_again_after_an_error(tmp_path):
    with pytest.raises(RuntimeError):
        with run_lock(tmp_path):
            raise RuntimeError
    with run_lock(tmp_path):
        pass


@pytest.fixture
def without_locks(monkeypatch):
    """A file system that has none."""

    def refuse(*_):
        raise OSError(errno.ENOLCK, "no locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)


def _write(folder, **values):
    text = {"pid": 1, "host": socket.gethostname(), "since": "then", **values}
    (folder / ".lock").write_text(json.dumps(text))


@pytest.mark.usefixtures("without_locks")
def test_without_the_systems_locks_a_living_owner_counts(tmp_path):
    _write(tmp_path, pid=os.getpid())
    with pytest.raises(ValueError, match=f"process {os.getpid()} on"):
        with run_lock(tmp_path):
            pass


@pytest.mark.usefixtures("without_locks")
@pytest.mark.parametrize("text", ['{"pid": 99', "[]", "", '{"host": "x"}'])
def test_without_the_systems_locks_a_gone_owner_does_not(tmp_path, text):
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    _write(tmp_path, pid=done.pid)
    with run_lock(tmp_path):
        pass
    if "x" not in text:
        (tmp_path / ".lock").write_text(text)
        with run_lock(tmp_path):
            pass


@pytest.mark.usefixtures("without_locks")
def test_without_the_systems_locks_another_host_is_believed(tmp_path):
    _write(tmp_path, host="elsewhere")
    with pytest.raises(ValueError, match="on elsewhere, .* remove .*lock"):
        with run_lock(tmp_path):
            pass


def test_other_errors_are_the_users(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EIO, "input/output error")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(OSError, match="input/output"):
        with run_lock(tmp_path):
            pass
