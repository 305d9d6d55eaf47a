"""The data service gives the same batches, whatever is killed meanwhile."""

import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import sys

import numpy as np
import pytest

from qualnet_tf.datasets import data_service, open_source, pipeline
from qualnet_tf.datasets.shares import Share
from qualnet_tf.datasets.source import ImageSource

ROOT = pathlib.Path(__file__).parent.parent.parent
ENVIRONMENT = {
    **os.environ,
    "CUDA_VISIBLE_DEVICES": "",
    "TF_CPP_MIN_LOG_LEVEL": "2",
}


def free_ports(count):
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("", 0))
        return [one.getsockname()[1] for one in sockets]


def start(*flags):
    return subprocess.Popen(
        [sys.executable, "-m", "qualnet_tf.data_worker", *flags],
        cwd=ROOT,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


class Service:
    """A dispatcher and two workers on this machine."""

    def __init__(self):
        self.ports = free_ports(3)
        places = ",".join(f"localhost:{port}" for port in self.ports[1:])
        self.dispatcher = start(
            "--role=dispatcher",
            f"--port={self.ports[0]}",
            f"--workers={places}",
        )
        self.workers = [self.start_worker(number) for number in (1, 2)]
        for process in (self.dispatcher, *self.workers):
            assert "on port" in process.stdout.readline()

    def start_worker(self, number):
        return start(
            "--role=worker",
            f"--port={self.ports[number]}",
            f"--dispatcher=localhost:{self.ports[0]}",
            f"--address=localhost:{self.ports[number]}",
        )

    @property
    def address(self):
        return f"grpc://localhost:{self.ports[0]}"

    def close(self):
        codes = []
        for process in (self.dispatcher, *self.workers):
            process.terminate()
            process.communicate()
            codes.append(process.returncode)
        return codes


@pytest.fixture
def service():
    made = Service()
    yield made
    made.close()


def batches(**options):
    return pipeline.training_batches(
        open_source("digits", "train", max_images=120),
        batch_size=8,
        image_size=16,
        num_epochs=2,
        seed=3,
        augmentation="shift",
        clean_fraction=0.5,
        corruption_names=("gaussian_noise", "fog", "jpeg_compression"),
        start_step=2,
        **options,
    ).as_numpy_iterator()


def assert_same(received, expected):
    for one, other in zip(received, expected, strict=True):
        assert set(one) == set(other)
        for name, value in other.items():
            np.testing.assert_array_equal(one[name], value, name)


@pytest.mark.slow
def test_batches_are_the_same_with_a_service_and_without(service, monkeypatch):
    monkeypatch.setattr(data_service, "PATIENCE_SECONDS", 3.0)
    monkeypatch.setattr(data_service, "CAPACITY", 4)
    expected = list(batches())
    whole = batches(data_service=service.address)
    assert_same(list(whole), expected)
    # Two replicas; and a worker that is killed in the middle.
    pieces = batches(data_service=service.address, share=Share(0, 1, 2))
    received = [next(pieces) for _ in range(4)]
    service.workers[0].send_signal(signal.SIGKILL)
    received += list(pieces)
    joined = [
        {name: np.concatenate([one[name], two[name]]) for name in one}
        for one, two in zip(received[::2], received[1::2], strict=True)
    ]
    assert_same(joined, expected)
    # With half of its workers, and without its dispatcher from batch 5 on.
    rest = batches(data_service=service.address)
    received = [next(rest) for _ in range(5)]
    service.dispatcher.send_signal(signal.SIGKILL)
    received += list(rest)
    assert_same(received, expected)
    assert service.close() == [-signal.SIGKILL, -signal.SIGKILL, 0]


@pytest.mark.parametrize(
    "address, message",
    [
        ("localhost:5050", "expected grpc://HOST:PORT, such as"),
        ("grpc://localhost:0", "expected grpc://HOST:PORT, such as"),
        ("grpc://localhost:1", "expected a dispatcher that answers there"),
    ],
)
def test_a_service_that_is_none_is_refused(address, message):
    with pytest.raises(ValueError, match=message):
        batches(data_service=address)


def test_a_data_set_that_python_reads_is_refused():
    digits = open_source("digits", "train", max_images=40)
    source = ImageSource(
        name="of_python",
        num_examples=40,
        class_names=digits.class_names,
        elements=digits.elements,
        decode=digits.decode,
        reads_in_python=True,
    )
    with pytest.raises(ValueError, match="'of_python' is read by Python code"):
        pipeline.training_batches(
            source,
            batch_size=8,
            image_size=16,
            num_epochs=1,
            seed=0,
            augmentation="none",
            clean_fraction=1.0,
            data_service="grpc://localhost:1",
        )


@pytest.mark.slow
@pytest.mark.parametrize(
    "flags, message",
    [
        (["--role=dispatcher"], "--workers is empty: name every worker"),
        (["--role=worker"], "--dispatcher is empty: name the dispatcher"),
        (
            ["--role=dispatcher", "--workers=here"],
            "--workers: expected HOST:PORT, such as localhost:5051, received",
        ),
        (
            ["--role=dispatcher", "--workers=a:1", "--address=b:2"],
            "--address beside --role=dispatcher: expected it with the other",
        ),
    ],
)
def test_wrong_flags_are_one_line(flags, message):
    process = start(*flags)
    _, errors = process.communicate()
    assert process.returncode == 1
    assert errors.count("\n") == 1 and message in errors


@pytest.mark.slow
def test_a_port_that_is_taken_is_one_line():
    with socket.socket() as taken:
        taken.bind(("", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = start(f"--port={port}", "--dispatcher=localhost:1")
        _, errors = process.communicate()
    assert process.returncode == 1
    assert errors.count("\n") == 1
    assert f"--port={port}: expected a free port, received one" in errors
