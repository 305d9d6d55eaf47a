"""A served model answers as its network, and a bad server is one line."""

import base64
import http.server
import json
import threading

import numpy as np
import pytest
import tensorflow as tf

from qualnet_tf.exporters.saved_model import export_saved_model
from qualnet_tf.subjects.opening import open_subject
from qualnet_tf.subjects.subject import SubjectOptions
from tests.subjects.tiny_models import (
    CLASS_NAMES,
    SIDE,
    expected,
    images,
    network,
)

# The names of the REST interface for types.
_TYPES = {
    "float32": "DT_FLOAT",
    "string": "DT_STRING",
    "uint8": "DT_UINT8",
    "int32": "DT_INT32",
    "int64": "DT_INT64",
}


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves `server.model` by the rules of TensorFlow Serving's REST API."""

    def do_GET(self):
        if self.path != "/v1/models/tiny/metadata":
            self.send_error(404)
            return
        described = {
            name: {
                "inputs": _describe(each.structured_input_signature[1]),
                "outputs": _describe(each.structured_outputs),
            }
            for name, each in self.server.model.signatures.items()
        }
        metadata = {"signature_def": {"signature_def": described}}
        self._answer({"metadata": metadata})

    def do_POST(self):
        if self.path != "/v1/models/tiny:predict":
            self.send_error(404)
            return
        length = int(self.headers["Content-Length"])
        body = json.loads(self.rfile.read(length))
        function = self.server.model.signatures[body["signature_name"]]
        ((name, values),) = body["inputs"].items()
        spec = function.structured_input_signature[1][name]
        if spec.dtype == tf.string:
            values = [base64.b64decode(each["b64"]) for each in values]
        found = function(**{name: tf.constant(values, spec.dtype)})
        outputs = {
            key: _to_json(value.numpy().tolist())
            for key, value in found.items()
            if key not in self.server.hidden
        }
        if len(outputs) == 1:
            (outputs,) = outputs.values()
        self._answer({"outputs": outputs})

    def _answer(self, value):
        text = self.server.says or json.dumps(value)
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


def _to_json(value):
    if isinstance(value, list):
        return [_to_json(each) for each in value]
    return value.decode() if isinstance(value, bytes) else value


def _describe(tensors):
    return {
        name: {
            "dtype": _TYPES[each.dtype.name],
            "tensor_shape": {
                "dim": [{"size": str(s or -1)} for s in each.shape]
            },
        }
        for name, each in tensors.items()
    }


@pytest.fixture
def server(tmp_path):
    export_saved_model(network(), CLASS_NAMES, tmp_path, SIDE)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.model = tf.saved_model.load(str(tmp_path / "1"))
    server.says, server.status, server.hidden = "", 200, ()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    server.address = f"http://127.0.0.1:{server.server_port}/v1/models/tiny"
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("ending", ["", "/", ":predict"])
def test_our_export_needs_no_help(server, ending):
    subject = open_subject(server.address + ending)
    assert subject.kind == "TensorFlow Serving"
    assert (subject.image_size, subject.pixel_range) == (SIDE, "unit")
    assert subject.class_names == CLASS_NAMES
    np.testing.assert_allclose(
        subject.logits(images()), expected(images()), atol=1e-5
    )


def test_a_single_output_comes_without_its_name(server):
    subject = open_subject(server.address)
    server.hidden = ("labels", "probabilities")
    np.testing.assert_allclose(
        subject.logits(images()), expected(images()), atol=1e-5
    )


def test_files_are_sent_where_pixels_are_not_taken(server):
    signatures = server.model.signatures
    server.model = type("Model", (), {})()
    server.model.signatures = {"serving_default": signatures["serving_default"]}
    subject = open_subject(server.address, SubjectOptions(image_size=SIDE))
    np.testing.assert_allclose(
        subject.logits(images()), expected(images()), atol=1e-4
    )


def test_a_server_that_stops_is_one_clear_line(server):
    subject = open_subject(server.address)
    server.status, server.says = 503, '{"error": "loading"}'
    with pytest.raises(ValueError, match="refuses .503.*loading"):
        subject.logits(images())


@pytest.mark.parametrize(
    ("says", "message"),
    [
        ("<html>", "expected JSON"),
        ("[1]", "expected a JSON object"),
        ('{"metadata": 3}', "the description that TensorFlow Serving gives"),
    ],
)
def test_a_server_of_something_else_is_one_clear_line(server, says, message):
    server.says = says
    with pytest.raises(ValueError, match=message) as error:
        open_subject(server.address)
    assert "\n" not in str(error.value)


def test_another_model_is_refused_by_the_server(server):
    with pytest.raises(ValueError, match="the server refuses .404"):
        open_subject(server.address.replace("tiny", "large"))


def test_nobody_at_the_address():
    with pytest.raises(ValueError, match="received none.*finished conditions"):
        open_subject("http://127.0.0.1:1/v1/models/tiny")
