"""The data service gives the same batches, whatever is killed meanwhile."""

import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading

import numpy as np
import pytest
import tensorflow as tf

from benchmarks.disturbed_runs import free_ports
from qualnet_tf import corruptions
from qualnet_tf.corruptions import sampling
from qualnet_tf.datasets import data_service, open_source, pipeline
from qualnet_tf.datasets.in_order import InOrder
from qualnet_tf.datasets.shares import Share
from qualnet_tf.datasets.source import ImageSource

ROOT = pathlib.Path(__file__).parent.parent.parent
ENVIRONMENT = {
    **os.environ,
    "CUDA_VISIBLE_DEVICES": "",
    "TF_CPP_MIN_LOG_LEVEL": "2",
}


def start(*flags):
    return subprocess.Popen(
        [sys.executable, "-m", "qualnet_tf.data_worker", *flags],
        cwd=ROOT,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def in_own_process(test):
    """Runs a test apart: TensorFlow asks for a service that is gone for good.

    Its threads would otherwise disturb what later tests measure.
    """
    if os.environ.get("OWN_PROCESS"):
        return test

    def run():
        name = f"{pathlib.Path(__file__)}::{test.__name__}"
        result = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", name],
            cwd=ROOT,
            env={**ENVIRONMENT, "OWN_PROCESS": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stdout[-3000:]

    run.__name__ = test.__name__
    return run


class Service:
    """A dispatcher and two workers on this machine."""

    def __init__(self):
        self.ports = free_ports(3)
        # The workers wait for their dispatcher.
        self.workers = [self.start_worker(number) for number in (1, 2)]
        self.dispatcher = self.start_dispatcher()
        for process in (self.dispatcher, *self.workers):
            assert "on port" in process.stdout.readline()

    @property
    def is_whole(self):
        return all(p.poll() is None for p in (self.dispatcher, *self.workers))

    def start_dispatcher(self):
        places = ",".join(f"localhost:{port}" for port in self.ports[1:])
        return start(
            "--role=dispatcher",
            f"--port={self.ports[0]}",
            f"--workers={places}",
        )

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


@pytest.fixture(scope="module")
def services():
    made = []
    yield made
    for one in made:
        one.close()


@pytest.fixture
def service(services):
    """The last one started, unless a test killed a part of it."""
    if not services or not services[-1].is_whole:
        services.append(Service())
    return services[-1]


def dataset(**options):
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
    )


def batches(**options):
    return dataset(**options).as_numpy_iterator()


def assert_same(received, expected):
    for one, other in zip(received, expected, strict=True):
        assert set(one) == set(other)
        for name, value in other.items():
            np.testing.assert_array_equal(one[name], value, name)


@pytest.mark.slow
def test_a_worker_runs_every_corruption(service):
    names = corruptions.expand(("all",))
    assert len(names) == 19
    image = tf.random.stateless_uniform((16, 16, 3), (0, 1))

    def corrupt(place):
        place = tf.cast(place, tf.int32)
        return sampling.apply_at(image, place, 3, (1, 2), names)

    here = tf.data.Dataset.range(len(names)).map(corrupt)
    there = here.apply(
        tf.data.experimental.service.distribute(
            "parallel_epochs", service.address
        )
    )
    wanted = list(here.as_numpy_iterator())
    received = there.take(2 * len(names)).as_numpy_iterator()
    found = {made.tobytes() for made in received}
    assert found == {made.tobytes() for made in wanted}
    assert len(found) == 19


@pytest.mark.slow
def test_a_worker_that_is_not_in_the_list_is_one_line(service):
    process = start(
        f"--port={free_ports(1)[0]}",
        f"--dispatcher=localhost:{service.ports[0]}",
        "--address=elsewhere:1",
    )
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert errors.count("\n") == 1
    assert "index for worker elsewhere:1." in errors
    assert "give --address as the dispatcher's --workers has it" in errors


@pytest.mark.slow
@in_own_process
def test_batches_are_the_same_with_a_service_and_without(service, monkeypatch):
    opened = []

    class Counted(InOrder):
        def __init__(self, *arguments):
            opened.append(self)
            super().__init__(*arguments)

    monkeypatch.setattr(data_service, "InOrder", Counted)
    expected = list(batches())
    whole = dataset(data_service=service.address)
    for _ in range(2):
        assert_same(list(whole.as_numpy_iterator()), expected)
    assert [order.num_made for order in opened] == [0, 0]
    for order in opened:
        order._thread.join(10)
        assert not order._thread.is_alive()
    monkeypatch.setattr(data_service, "PATIENCE_SECONDS", 3.0)
    monkeypatch.setattr(data_service, "CAPACITY", 4)
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


@pytest.mark.slow
def test_a_worker_that_waits_for_its_dispatcher_can_be_ended():
    ports = free_ports(2)
    place = f"localhost:{ports[1]}"
    process = start(f"--port={ports[0]}", f"--dispatcher={place}")
    # Should it not say so, or not end, it is killed instead.
    killer = threading.Timer(60, process.kill)
    killer.start()
    assert f"waiting for {place}: " in process.stderr.readline()
    process.terminate()
    output, errors = process.communicate()
    killer.cancel()
    assert (process.returncode, output, errors) == (0, "", "")


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
        (
            ["--role=dispatcher", "--workers=a:1", "--work_dir=/dev/null"],
            "--work_dir=/dev/null: expected a folder, or a place for one",
        ),
    ],
)
def test_wrong_flags_are_one_line(flags, message):
    process = start(f"--port={free_ports(1)[0]}", *flags)
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
