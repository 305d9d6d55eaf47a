"""The client asks, tries again, and says what failed."""

import ast
import concurrent.futures
import importlib.util
import io
import json
import pathlib
import re
import subprocess
import sys

import pytest

from tests.serving_files.reference_server import Rest, label_of

PATH = pathlib.Path(__file__).parents[2] / "serving" / "client.py"


def _load():
    spec = importlib.util.spec_from_file_location("serving_client", PATH)
    module = importlib.util.module_from_spec(spec)
    sys.modules["serving_client"] = module
    spec.loader.exec_module(module)
    return module


client = _load()


@pytest.fixture
def rest():
    with Rest() as server:
        yield server


@pytest.fixture(autouse=True)
def naps(monkeypatch):
    """Collects what the client would sleep, and lets it go on."""
    found = []
    monkeypatch.setattr(client.time, "sleep", found.append)
    return found


@pytest.fixture
def write(tmp_path):
    def write_files(*contents):
        paths = []
        for number, content in enumerate(contents):
            path = tmp_path / f"{number:03}.jpg"
            path.write_text(content)
            paths.append(str(path))
        return paths

    return write_files


def ask(address, paths, top_k=5, **options):
    with client.Client(address, "qualnet", **options) as asked:
        return list(asked.predict_files(paths, top_k))


def test_it_needs_python_alone():
    tree = ast.parse(PATH.read_text())
    top = [node for node in tree.body if isinstance(node, ast.Import)]
    top += [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    names = {
        (getattr(node, "module", None) or alias.name).split(".")[0]
        for node in top
        for alias in node.names
    }
    assert names <= sys.stdlib_module_names
    assert "qualnet_tf" not in re.sub(r'""".*?"""', "", PATH.read_text())


class TestAnswers:
    def test_come_in_order_whatever_takes_longest(self, rest, write):
        paths = write(*(f"label{n}" for n in range(23)))
        answers = ask(rest.address, paths, batch_size=4, concurrency=3)
        assert [answer.path for answer in answers] == paths
        assert [answer.labels[0] for answer in answers] == [
            f"label{n}" for n in range(23)
        ]
        assert sorted(rest.batches) == [3, 4, 4, 4, 4, 4]
        assert answers[0].probabilities == (0.9, 0.06, 0.04)

    def test_connections_stay_open(self, rest, write):
        paths = write(*["cat"] * 20)
        ask(rest.address, paths, batch_size=1, concurrency=2)
        assert len(rest.paths) == 20
        assert len(rest.connections) <= 2

    def test_no_more_requests_at_once_than_allowed(self, rest, write):
        paths = write(*["cat"] * 30)
        ask(rest.address, paths, batch_size=1, concurrency=3)
        assert 1 <= rest.most_at_once <= 3

    @pytest.mark.parametrize(
        ("options", "path"),
        [
            ({}, "/v1/models/qualnet:predict"),
            ({"version": 7}, "/v1/models/qualnet/versions/7:predict"),
            ({"label": "canary"}, "/v1/models/qualnet/labels/canary:predict"),
        ],
    )
    def test_versions_and_labels(self, rest, write, options, path):
        ask(rest.address, write("cat"), **options)
        assert rest.paths == [path]

    def test_a_path_before_the_interface(self, rest, write):
        ask(f"{rest.address}/behind/", write("cat"))
        assert rest.paths == ["/behind/v1/models/qualnet:predict"]

    def test_top_k(self, rest, write):
        (answer,) = ask(rest.address, write("cat"), top_k=2)
        assert answer.labels == ("cat", "other")


class TestFailures:
    @pytest.mark.parametrize("status", [429, 502, 503, 504, 0])
    def test_are_tried_again(self, rest, write, naps, status):
        rest.planned = [status, status]
        (answer,) = ask(rest.address, write("cat"))
        assert answer.labels[0] == "cat"
        assert len(rest.batches) == 3 and len(naps) == 2

    def test_end_after_so_many(self, rest, write, naps):
        rest.planned = [503] * 9
        answers = ask(rest.address, write("cat", "dog"), retries=2)
        assert [answer.error for answer in answers] == ["503: planned 503"] * 2
        assert len(rest.batches) == 3 and len(naps) == 2

    @pytest.mark.parametrize("status", [400, 404, 413, 500])
    def test_that_would_come_again_are_not(self, rest, write, naps, status):
        rest.planned = [status]
        (answer,) = ask(rest.address, write("cat"))
        assert answer.error == f"{status}: planned {status}"
        assert rest.batches == [1] and naps == []

    def test_of_one_picture_are_its_own(self, rest, write):
        answers = ask(rest.address, write("cat", "bad", "dog"))
        assert [answer.error for answer in answers] == [
            "",
            "400: Unknown image file format",
            "",
        ]
        assert rest.batches == [3, 1, 1, 1]

    def test_of_a_file_that_cannot_be_read(self, rest, write, tmp_path):
        (path,) = write("cat")
        missing = str(tmp_path / "missing.jpg")
        first, second = ask(rest.address, [missing, path])
        assert first.error == "cannot be read: No such file or directory"
        assert second.labels[0] == "cat"

    def test_a_time_out(self, rest, write):
        never = client.RestTransport(rest.address)
        lock = rest.lock
        with lock, pytest.raises(client.Unavailable, match="within 0.1 s"):
            never.predict([b"cat"], client.Target("qualnet"), 0.1)
        never.close()

    def test_nobody_listens(self, write):
        (answer,) = ask("http://127.0.0.1:1", write("cat"), retries=1)
        assert "127.0.0.1:1 does not answer" in answer.error

    def test_somebody_else_listens(self, rest, write, monkeypatch):
        monkeypatch.setattr(rest, "answer", lambda body: (200, {"a": 1}))
        (answer,) = ask(rest.address, write("cat"))
        assert "expected 1 predictions, received" in answer.error

    def test_delays_grow_and_differ(self):
        assert client.delay_seconds(0, 0.0) == pytest.approx(0.1)
        assert client.delay_seconds(3, 0.999) == pytest.approx(1.6, abs=0.01)
        assert client.delay_seconds(30, 1.0) == 10.0
        assert client.delay_seconds(2, 0.1) < client.delay_seconds(2, 0.9)


class TestArguments:
    def test_folders_are_searched_and_other_files_left(self, tmp_path):
        for name in ("b/c.PNG", "a.jpg", "b/d.txt"):
            path = tmp_path / name
            path.parent.mkdir(exist_ok=True)
            path.touch()
        assert client.find_pictures([str(tmp_path)]) == [
            str(tmp_path / "a.jpg"),
            str(tmp_path / "b" / "c.PNG"),
        ]

    def test_addresses_of_local_files(self, tmp_path):
        path = tmp_path / "a b.jpg"
        path.touch()
        assert client.find_pictures([path.as_uri()]) == [str(path)]

    @pytest.mark.parametrize(
        ("argument", "message"),
        [
            ("missing.jpg", "missing.jpg: expected a file or folder, found"),
            ("http://a/b.jpg", "an address elsewhere; download it first"),
            ("file://elsewhere/b.jpg", "received host elsewhere"),
        ],
    )
    def test_what_is_not_there(self, argument, message):
        with pytest.raises(ValueError, match=re.escape(message)):
            client.find_pictures([argument])

    def test_a_folder_without_pictures(self, tmp_path):
        with pytest.raises(ValueError, match="expected pictures .*found none"):
            client.find_pictures([str(tmp_path)])

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"address": "localhost:8501"}, "expected http://HOST:8501"),
            ({"address": "http://a:b"}, "expected http://HOST:8501"),
            ({"batch_size": 0}, "--batch_size=0: expected at least 1"),
            ({"concurrency": 0}, "--concurrency=0: expected at least 1"),
            ({"timeout_seconds": 0}, "expected a positive time-out"),
            ({"version": 1, "label": "a"}, "a version or a label, received b"),
        ],
    )
    def test_options_that_make_no_sense(self, options, message):
        with pytest.raises(ValueError, match=re.escape(message)):
            client.Client(
                **{"address": "http://a", "model": "qualnet"} | options
            )


class TestProgram:
    def run(self, rest, *arguments):
        return client.main([f"--address={rest.address}", *arguments])

    def test_a_table(self, rest, write, capsys):
        assert self.run(rest, *write("cat", "turned")) == 0
        first, second = capsys.readouterr().out.splitlines()
        assert first.endswith("000.jpg  cat 90.0%, other 6.0%, third 4.0%")
        assert second.endswith("(turned upright, EXIF 6)")

    def test_json(self, rest, write, capsys):
        paths = write("cat", "bad")
        assert self.run(rest, "--output=json", "--top_k=1", *paths) == 2
        first, second = map(json.loads, capsys.readouterr().out.splitlines())
        assert first == {
            "path": paths[0],
            "labels": ["cat"],
            "probabilities": [0.9],
            "orientation": 1,
        }
        assert second == {
            "path": paths[1],
            "error": "400: Unknown image file format",
        }

    def test_a_list_on_standard_input(self, rest, write, capsys, monkeypatch):
        text = "\n".join(write("cat", "dog")) + "\n\n"
        monkeypatch.setattr(sys, "stdin", io.StringIO(text))
        assert self.run(rest, "-") == 0
        assert len(capsys.readouterr().out.splitlines()) == 2

    def test_wrong_use_is_one_line(self, rest, capsys):
        assert self.run(rest, "missing.jpg") == 1
        found = capsys.readouterr()
        assert found.out == ""
        assert found.err.startswith("error: missing.jpg: expected a file")
        assert len(found.err.splitlines()) == 1

    @pytest.mark.parametrize("flags", [[], ["--batch_size=many", "a.jpg"]])
    def test_wrong_flags_are_one_line(self, flags):
        done = subprocess.run(
            [sys.executable, PATH, *flags], capture_output=True, text=True
        )
        assert done.returncode == 1 and done.stdout == ""
        assert len(done.stderr.splitlines()) == 1


class TestGrpc:
    @pytest.fixture
    def address(self):
        """A server of TensorFlow Serving's own messages."""
        grpc = pytest.importorskip("grpc")
        import tensorflow as tf
        from tensorflow_serving.apis import (
            predict_pb2,
            prediction_service_pb2_grpc,
        )

        class Service(prediction_service_pb2_grpc.PredictionServiceServicer):
            def Predict(self, request, context):
                assert request.model_spec.name == "qualnet"
                self.seen.append(request.model_spec)
                given = tf.make_ndarray(request.inputs["image_bytes"])
                if self.planned:
                    context.abort(self.planned.pop(0), "planned")
                if b"bad" in given:
                    code = grpc.StatusCode.INVALID_ARGUMENT
                    context.abort(code, "Unknown image file format")
                reply = predict_pb2.PredictResponse()
                labels = [[label_of(each), "other"] for each in given]
                shares = [[0.75, 0.25]] * len(given)
                for name, value in (
                    ("labels", labels),
                    ("probabilities", shares),
                ):
                    tensor = tf.make_tensor_proto(value)
                    reply.outputs[name].CopyFrom(tensor)
                return reply

        service = Service()
        service.seen, service.planned = [], []
        server = grpc.server(concurrent.futures.ThreadPoolExecutor(4))
        prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(
            service, server
        )
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        self.service, self.codes = service, grpc.StatusCode
        yield f"grpc://127.0.0.1:{port}"
        server.stop(None).wait()

    def test_answers_and_failures_are_those_of_rest(self, address, write):
        answers = ask(address, write("cat", "bad", "dog"), version=7)
        assert [answer.labels for answer in answers] == [
            ("cat", "other"),
            (),
            ("dog", "other"),
        ]
        assert answers[0].probabilities == (0.75, 0.25)
        expected = "INVALID_ARGUMENT: Unknown image file format"
        assert answers[1].error == expected
        assert self.service.seen[0].version.value == 7
        assert self.service.seen[0].signature_name == "serving_default"

    def test_labels_of_versions_and_another_try(self, address, write, naps):
        self.service.planned = [self.codes.UNAVAILABLE]
        (answer,) = ask(address, write("cat"), label="canary")
        assert answer.labels[0] == "cat" and len(naps) == 1
        assert self.service.seen[0].version_label == "canary"

    def test_packages_that_are_missing(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "grpc", None)
        with pytest.raises(ValueError, match="pip install tensorflow-serving"):
            client.open_transport("grpc://localhost:8500")
