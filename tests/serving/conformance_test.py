"""The REST interface, as TensorFlow Serving's source and pages describe it.

Where TF_SERVING_URL holds the address of a served export of ours
(http://HOST:8501/v1/models/NAME), or `tensorflow_model_server` is installed,
the same tests ask that; otherwise the embedded server. The names of the tests
say which.
"""

import base64
import gzip
import io
import json
import os
import re
import shutil
import socket
import subprocess
import urllib.parse

import numpy as np
import pytest
from PIL import Image

from tests.serving.conftest import MODEL, Connection, serving, wait_until

URL = os.environ.get("TF_SERVING_URL", "")
PROGRAM = shutil.which("tensorflow_model_server")
if URL:
    SUBJECT = f"server at {URL}"
elif PROGRAM:
    SUBJECT = "tensorflow_model_server"
else:
    SUBJECT = "embedded server"


@pytest.fixture(scope="module", params=[SUBJECT], ids=[SUBJECT])
def server(request):
    if URL:
        parts = urllib.parse.urlsplit(URL)
        name = parts.path.rstrip("/").rpartition("/")[2]
        yield Connection(parts.hostname, parts.port or 80, name)
    elif PROGRAM:
        yield from _real_server(request.getfixturevalue("export_dir"))
    else:
        with serving(request.getfixturevalue("export_dir")) as connection:
            yield connection


def _real_server(export_dir):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        PROGRAM,
        f"--rest_api_port={port}",
        "--port=0",
        f"--model_name={MODEL}",
        f"--model_base_path={export_dir}",
    ]
    with subprocess.Popen(command) as process:
        connection = Connection("127.0.0.1", port)

        def is_ready():
            try:
                return connection.get()[0] == 200
            except OSError:
                return False

        wait_until(is_ready, 60)
        yield connection
        process.terminate()


def picture(side=20, value=90):
    buffer = io.BytesIO()
    Image.new("RGB", (side, side), (value, 40, 200)).save(buffer, "PNG")
    return {"b64": base64.b64encode(buffer.getvalue()).decode()}


@pytest.fixture(scope="module")
def side(server):
    _, answer = server.get("/metadata")
    signatures = answer["metadata"]["signature_def"]["signature_def"]
    shape = signatures["predict_images"]["inputs"]["image"]["tensor_shape"]
    return int(shape["dim"][1]["size"])


class TestStatus:
    def test_of_the_model(self, server):
        status, answer = server.get()
        assert status == 200
        (version, *_) = answer["model_version_status"]
        assert version == {
            "version": version["version"],
            "state": "AVAILABLE",
            "status": {"error_code": "OK", "error_message": ""},
        }
        assert version["version"].isdecimal()

    def test_of_a_version(self, server):
        version = server.get()[1]["model_version_status"][0]["version"]
        status, answer = server.get(f"/versions/{version}")
        assert status == 200
        assert len(answer["model_version_status"]) == 1

    @pytest.mark.parametrize(
        ("path", "message"),
        [
            ("/versions/987654", "Could not find version 987654 of model"),
            ("/labels/none", "Unrecognized servable version label: none"),
        ],
    )
    def test_of_what_is_not_there(self, server, path, message):
        status, answer = server.get(path)
        assert status in (400, 404) and message in answer["error"]

    def test_of_another_model(self, server):
        status, body, headers = server.ask("GET", "/v1/models/other")
        assert status == 404
        message = json.loads(body)["error"]
        assert message.startswith("Could not find any versions of model other")
        assert headers["Content-Type"].startswith("application/json")

    def test_metadata(self, server):
        status, answer = server.get("/metadata")
        assert status == 200
        assert answer["model_spec"]["name"] == server.model
        assert answer["model_spec"]["signature_name"] == ""
        signatures = answer["metadata"]["signature_def"]["signature_def"]
        found = signatures["serving_default"]
        assert found["method_name"] == "tensorflow/serving/predict"
        given = found["inputs"]["image_bytes"]
        assert given["dtype"] == "DT_STRING"
        assert [dim["size"] for dim in given["tensor_shape"]["dim"]] == ["-1"]
        assert found["outputs"]["logits"]["dtype"] == "DT_FLOAT"


class TestPredict:
    def test_rows(self, server):
        status, answer = server.predict({"instances": [picture(), picture(9)]})
        assert status == 200
        assert len(answer["predictions"]) == 2
        row = answer["predictions"][0]
        assert {"labels", "probabilities", "logits"} <= set(row)
        assert isinstance(row["labels"][0], str)

    def test_rows_by_name(self, server):
        plain = server.predict({"instances": [picture()]})
        named = server.predict({"instances": [{"image_bytes": picture()}]})
        assert named == plain

    def test_columns(self, server):
        rows = server.predict({"instances": [picture(), picture(9)]})[1]
        for inputs in (
            [picture(), picture(9)],
            {"image_bytes": [picture(), picture(9)], "more": 1},
        ):
            status, answer = server.predict({"inputs": inputs})
            assert status == 200
            assert answer["outputs"] == {
                key: [row[key] for row in rows["predictions"]]
                for key in answer["outputs"]
            }

    def test_one_output_comes_without_its_name(self, server):
        body = {"signature_name": "class_names", "instances": [1, 0]}
        rows = server.predict(body)[1]["predictions"]
        body = {"signature_name": "class_names", "inputs": [1, 0]}
        assert server.predict(body)[1]["outputs"] == rows
        assert all(isinstance(name, str) for name in rows)

    def test_pixels(self, server, side):
        image = np.full((2, side, side, 3), 0.5).tolist()
        body = {"signature_name": "predict_images", "instances": image}
        status, answer = server.predict(body)
        assert status == 200 and len(answer["predictions"]) == 2

    def test_a_version_and_a_path_in_capitals(self, server):
        version = server.get()[1]["model_version_status"][0]["version"]
        expected = server.predict({"instances": [picture()]})
        body = {"instances": [picture()]}
        assert server.predict(body, f"/versions/{version}:predict") == expected
        path = f"/V1/MODELS/{server.model}:Predict"
        status, answer, _ = server.ask("POST", path, json.dumps(body))
        assert (status, json.loads(answer)) == expected

    def test_text_behind_the_object_is_ignored(self, server):
        body = json.dumps({"instances": [picture()]}).encode()
        assert server.predict(body + b" trailing }") == server.predict(body)

    def test_a_zipped_body(self, server):
        body = json.dumps({"instances": [picture()]}).encode()
        zipped = server.predict(
            gzip.compress(body), **{"Content-Encoding": "gzip"}
        )
        assert zipped == server.predict(body)

    def test_floats_are_written_with_a_point_or_an_exponent(self, server):
        path = f"/v1/models/{server.model}:predict"
        body = json.dumps({"instances": [picture()]})
        _, text, _ = server.ask("POST", path, body)
        numbers = re.search(rb'"logits": \[(.*?)\]', text, re.DOTALL)[1]
        for number in numbers.split(b","):
            assert re.search(rb"[.e]", number), number
            value = float(number)
            assert float(str(np.float32(value))) == pytest.approx(value)


class TestErrors:
    @pytest.mark.parametrize(
        ("body", "message"),
        [
            (b"", "JSON Parse error: The document is empty"),
            (b'{"instances": [', "JSON Parse error: "),
            (b"{}", "Missing 'inputs' or 'instances' key"),
            (
                b'{"instances": [1], "inputs": [1]}',
                "Not formatted correctly expecting only one of 'inputs' or "
                "'instances' keys to exist",
            ),
            (b'{"instances": 3}', "Expecting 'instances' to be an list/array"),
            (b'{"instances": []}', "No values in 'instances' array"),
            (
                b'{"signature_name": "x", "instances": [1]}',
                'Serving signature name: "x" not found in signature def',
            ),
            (
                b'{"signature_name": "predict_images", "instances": ["a"]}',
                "Failed to process element: 0 of 'instances' list. Error:",
            ),
            (
                b'{"signature_name": "predict_images", "inputs": ["a"]}',
                "is not of expected type: float",
            ),
            (
                b'{"signature_name": "class_names", "inputs": [[1], [1, 2]]}',
                "Encountered list at unexpected size",
            ),
            (b'{"instances": [{"b64": "*"}]}', "Unable to base64 decode"),
            (
                b'{"inputs": {"other": ["a"]}}',
                "Missing named input: image_bytes in 'inputs' object.",
            ),
        ],
    )
    def test_bad_requests(self, server, body, message):
        status, answer = server.predict(body)
        assert status == 400
        assert message in answer["error"]

    def test_bytes_that_are_no_picture(self, server):
        content = {"b64": base64.b64encode(b"no picture").decode()}
        status, answer = server.predict({"instances": [content]})
        assert status == 400
        assert "Unknown image file format" in answer["error"]

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", "/v1/models/{}:predict"),
            ("POST", "/v1/models/{}"),
            ("POST", "/v1/models/{}:other"),
            ("POST", "/v1/models/{}/versions/x:predict"),
            ("DELETE", "/v1/models/{}"),
        ],
    )
    def test_malformed_paths(self, server, method, path):
        path = path.format(server.model)
        status, body, _ = server.ask(method, path, b"{}")
        assert status == 400
        error = json.loads(body)["error"]
        assert error == f"Malformed request: {method} {path}"

    @pytest.mark.parametrize("path", ["/", "/v2/models/a", "/favicon.ico"])
    def test_outside_of_the_interface(self, server, path):
        status, body, _ = server.ask("GET", path)
        assert status == 404 and not body.startswith(b"{")

    def test_another_model_and_version(self, server):
        body = json.dumps({"instances": [picture()]})
        status, answer, _ = server.ask("POST", "/v1/models/other:predict", body)
        assert status == 404
        message = json.loads(answer)["error"]
        assert "Servable not found for request" in message
        status, answer = server.predict(
            {"instances": [picture()]}, "/versions/987654:predict"
        )
        assert status == 404
        assert "Servable not found for request" in answer["error"]

    @pytest.mark.parametrize("verb", ["classify", "regress"])
    def test_methods_that_the_model_does_not_have(self, server, verb):
        status, answer = server.predict({"examples": [{"a": 1}]}, f":{verb}")
        assert 400 <= status < 500 and answer["error"]
