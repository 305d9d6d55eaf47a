"""Servers on free ports, and the models that they serve."""

import contextlib
import http.client
import json
import shutil
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import uvicorn

from qualnet_tf.config import ServeConfig
from qualnet_tf.exporters import signature, versions
from qualnet_tf.exporters.picture_statistics import picture_statistics
from qualnet_tf.exporters.quality import QualityHead
from qualnet_tf.exporters.saved_model import write_saved_model
from qualnet_tf.exporters.warm_up import write_warm_up
from qualnet_tf.serving import running
from qualnet_tf.serving.model_versions import ModelVersions
from tests.subjects.tiny_models import CLASS_NAMES, SIDE, network

MODEL = "tiny"


class Connection:
    """Asks a server, keeping what it answers."""

    def __init__(self, host: str, port: int, model: str = MODEL):
        self.host, self.port, self.model = host, port, model

    def ask(self, method, path, body=None, headers=None):
        """Returns (status, body as bytes, headers)."""
        connection = http.client.HTTPConnection(self.host, self.port, 60)
        try:
            connection.request(method, path, body, headers or {})
            reply = connection.getresponse()
            return reply.status, reply.read(), reply.headers
        finally:
            connection.close()

    def get(self, path=""):
        """Returns (status, JSON) of a GET below the model's address."""
        status, body, _ = self.ask("GET", f"/v1/models/{self.model}{path}")
        return status, json.loads(body)

    def predict(self, body, path=":predict", **headers):
        """Returns (status, JSON) of a POST of a JSON value or of bytes."""
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        path = f"/v1/models/{self.model}{path}"
        status, answer, _ = self.ask("POST", path, body, headers)
        return status, json.loads(answer)

    def metrics(self):
        """Returns the metrics as text."""
        path = "/monitoring/prometheus/metrics"
        return self.ask("GET", path)[1].decode()


@contextlib.contextmanager
def serving(export_dir, **knobs):
    """Serves a folder from a thread of this process."""
    config = ServeConfig(
        export_dir=str(export_dir),
        rest_port=0,
        **{"model_name": MODEL, "poll_seconds": 0.05, **knobs},
    )
    found = ModelVersions(
        Path(export_dir),
        config.model_name,
        config.model_version,
        config.labels(),
    )
    found.poll()
    _, application = running.build_application(config, found)
    with running.bind("127.0.0.1", 0) as listener:
        server = uvicorn.Server(
            uvicorn.Config(application, log_config=None, lifespan="on")
        )
        thread = threading.Thread(target=server.run, args=([listener],))
        listener.listen()
        thread.start()
        try:
            yield Connection(*listener.getsockname())
        finally:
            server.should_exit = True
            thread.join()


def wait_until(condition, seconds=30.0):
    """Waits for something that another thread brings about."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.02)


def write_export(output_dir, offset=0.0, **options):
    """Writes the tiny classifier, its logits moved, as the next version."""
    with versions.new_version(output_dir) as new:
        classifier = network()
        head = classifier.layers[-1]
        kernel, bias = head.get_weights()
        try:
            head.set_weights([kernel, bias + np.float32(offset)])
            write_saved_model(
                new.folder, classifier, CLASS_NAMES, SIDE, **options
            )
        finally:
            head.set_weights([kernel, bias])
        write_warm_up(new.folder, SIDE, signature.names())
    return new.version


@pytest.fixture(scope="session")
def add_version(tmp_path_factory):
    """Puts a version of the tiny classifier into a folder, whole.

    Making one takes seconds, so each kind is made once and copied.
    """
    made = {}

    def add(output_dir, number, offset=0.0):
        if offset not in made:
            folder = tmp_path_factory.mktemp("made")
            made[offset] = write_export(folder, offset=offset)
        output_dir.mkdir(exist_ok=True)
        shutil.copytree(made[offset], output_dir / ".writing")
        (output_dir / ".writing").rename(output_dir / str(number))

    return add


@pytest.fixture(scope="session")
def export_dir(tmp_path_factory):
    """Our own export, with a quality head, in version 1."""
    size = picture_statistics(tf.zeros([1, 16, 16, 3])).shape[1]
    kernel = np.random.default_rng(0).normal(0, 0.1, (size, 2))
    head = QualityHead(
        ("clean", "fog"),
        *(np.float32(x) for x in (0, 1, kernel, np.zeros(2))),
    )
    folder = tmp_path_factory.mktemp("export")
    write_export(folder, quality_head=head)
    return folder


@pytest.fixture(scope="session")
def foreign_dir(tmp_path_factory):
    """A model of others: two inputs, bytes out, an output without a batch."""
    module = tf.Module()
    specs = [
        tf.TensorSpec([None, 2], tf.float32, "vector"),
        tf.TensorSpec([None], tf.int32, "count"),
    ]

    def add(vector, count):
        total = vector + tf.cast(count, tf.float32)[:, tf.newaxis]
        return {
            "total": total,
            "text_bytes": tf.strings.as_string(count),
            "text": tf.strings.as_string(count),
        }

    module.add = tf.function(add, specs)
    module.whole = tf.function(
        lambda vector: {"mean": tf.reduce_mean(vector)}, specs[:1]
    )
    module.echo = tf.function(
        lambda x: {"y": x}, [tf.TensorSpec([None], tf.float32, "x")]
    )
    signatures = {
        "serving_default": module.add,
        "whole": module.whole,
        "echo": module.echo,
    }
    folder = tmp_path_factory.mktemp("foreign")
    tf.saved_model.save(module, str(folder / "1"), signatures)
    return folder


@pytest.fixture(scope="module")
def server(export_dir):
    with serving(export_dir) as connection:
        yield connection


@pytest.fixture(scope="module")
def foreign(foreign_dir):
    with serving(foreign_dir) as connection:
        yield connection
