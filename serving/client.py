"""Asks a served image classifier about picture files, over REST or gRPC.

python serving/client.py --address=http://localhost:8501 --model=qualnet a.jpg
python serving/client.py --address=grpc://localhost:8500 --model=qualnet folder
find pictures -name '*.png' | python serving/client.py --model=qualnet -

It speaks TensorFlow Serving's interfaces and needs nothing of the project that
trained the model: Python alone for REST, `pip install tensorflow-serving-api`
for gRPC. Over 300 lines, so that one file can be copied anywhere.
"""

import argparse
import base64
import concurrent.futures
import dataclasses
import http.client
import json
import os
import pathlib
import random
import socket
import sys
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol

SUFFIXES = (".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp")
# What may go better the next time: too many requests, a server that starts,
# stops or is behind a proxy that found none.
_RETRIED_STATUS = (429, 502, 503, 504)
_FIRST_DELAY_SECONDS = 0.2
_LONGEST_DELAY_SECONDS = 10.0
_INPUT = "image_bytes"


class Refused(Exception):
    """The server will not answer this request, however often it is sent."""


class Unavailable(Exception):
    """There was no answer this time."""


@dataclasses.dataclass(frozen=True)
class Answer:
    """What the server says of one picture.

    Attributes:
        path: Of the file, as it was given.
        labels: Class names, the most probable first.
        probabilities: In their order, in [0, 1].
        outputs: All outputs of the signature by name.
        error: Why there is none of these, or empty.
    """

    path: str
    labels: tuple[str, ...] = ()
    probabilities: tuple[float, ...] = ()
    outputs: dict[str, Any] = dataclasses.field(default_factory=dict)
    error: str = ""


@dataclasses.dataclass(frozen=True)
class Target:
    """Which model is asked.

    Attributes:
        model: Its name.
        signature_name: Of a signature that takes `image_bytes`.
        version: A number, or None for the newest.
        label: Of a version, or empty.
    """

    model: str
    signature_name: str = "serving_default"
    version: int | None = None
    label: str = ""


class Transport(Protocol):
    """Sends pictures and returns a row of outputs for each."""

    def predict(
        self, contents: Sequence[bytes], target: Target, seconds: float
    ) -> list[dict[str, Any]]:
        """Raises `Refused` or `Unavailable` where there is no answer."""

    def close(self) -> None:
        """Ends all connections."""


class RestTransport:
    """TensorFlow Serving's REST interface on connections that stay open.

    Args:
        address: http://HOST:PORT or https://HOST:PORT, a path before /v1 too.
    """

    def __init__(self, address: str):
        parts = urllib.parse.urlsplit(address)
        self._is_safe = parts.scheme == "https"
        self._host, self._port = parts.hostname, parts.port
        self._prefix = parts.path.rstrip("/")
        # A connection serves one thread at a time.
        self._local = threading.local()
        self._all: list[http.client.HTTPConnection] = []
        self._lock = threading.Lock()

    def predict(self, contents, target, seconds):
        """Asks in the row format."""
        instances = [
            {"b64": base64.b64encode(each).decode()} for each in contents
        ]
        body = json.dumps(
            {"signature_name": target.signature_name, "instances": instances}
        ).encode()
        status, text = self._exchange(
            _path(self._prefix, target), body, seconds
        )
        return _rows(status, text, len(contents))

    def _exchange(self, path, body, seconds) -> tuple[int, bytes]:
        connection = self._connection(seconds)
        headers = {"Content-Type": "application/json"}
        try:
            connection.request("POST", path, body, headers)
            reply = connection.getresponse()
            return reply.status, reply.read()
        except TimeoutError as error:
            self._drop()
            raise Unavailable(f"no answer within {seconds:g} s") from error
        except (OSError, http.client.HTTPException) as error:
            self._drop()
            reason = str(error) or type(error).__name__
            raise Unavailable(
                f"{self._host}:{self._port} does not answer ({reason})"
            ) from error

    def _connection(self, seconds: float) -> http.client.HTTPConnection:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            kind = (
                http.client.HTTPSConnection
                if self._is_safe
                else http.client.HTTPConnection
            )
            connection = kind(self._host, self._port, timeout=seconds)
            self._local.connection = connection
            with self._lock:
                self._all.append(connection)
        return connection

    def _drop(self) -> None:
        self._local.connection.close()
        self._local.connection = None

    def close(self) -> None:
        """Ends all connections."""
        for connection in self._all:
            connection.close()


def _path(prefix: str, target: Target) -> str:
    which = ""
    if target.version is not None:
        which = f"/versions/{target.version}"
    elif target.label:
        which = f"/labels/{urllib.parse.quote(target.label)}"
    name = urllib.parse.quote(target.model)
    return f"{prefix}/v1/models/{name}{which}:predict"


def _rows(status: int, text: bytes, count: int) -> list[dict[str, Any]]:
    """Returns the predictions of an answer.

    Raises:
        Refused: If the server refuses, or says something else.
        Unavailable: If it may say it another time.
    """
    try:
        answer = json.loads(text)
    except ValueError:
        answer = {}
    if status != 200:
        said = answer.get("error") if isinstance(answer, dict) else None
        message = f"{status}: {' '.join(str(said or text[:80]).split())}"
        if status in _RETRIED_STATUS:
            raise Unavailable(message)
        raise Refused(message)
    rows = answer.get("predictions") if isinstance(answer, dict) else None
    if not isinstance(rows, list) or len(rows) != count:
        raise Refused(
            f"expected {count} predictions, received {text[:80]!r}; is this "
            "TensorFlow Serving's interface?"
        )
    # A single output comes without its name.
    return [row if isinstance(row, dict) else {"output": row} for row in rows]


class GrpcTransport:
    """TensorFlow Serving's PredictionService over gRPC.

    Args:
        address: HOST:PORT.

    Raises:
        ValueError: If the packages for it are not installed.
    """

    def __init__(self, address: str):
        try:
            # The messages bring TensorFlow along, which takes seconds.
            import grpc
            from tensorflow_serving.apis import prediction_service_pb2_grpc
        except ImportError as error:
            raise ValueError(
                f"gRPC needs a package that is not installed ({error.name}); "
                "pip install tensorflow-serving-api, or use http://"
            ) from error
        unlimited = [
            ("grpc.max_send_message_length", -1),
            ("grpc.max_receive_message_length", -1),
        ]
        self._grpc = grpc
        self._channel = grpc.insecure_channel(address, unlimited)
        self._stub = prediction_service_pb2_grpc.PredictionServiceStub(
            self._channel
        )

    def predict(self, contents, target, seconds):
        """Asks PredictionService.Predict."""
        from tensorflow import make_ndarray, make_tensor_proto
        from tensorflow_serving.apis import predict_pb2

        request = predict_pb2.PredictRequest()
        request.model_spec.name = target.model
        request.model_spec.signature_name = target.signature_name
        if target.version is not None:
            request.model_spec.version.value = target.version
        elif target.label:
            request.model_spec.version_label = target.label
        tensor = make_tensor_proto(list(contents))
        request.inputs[_INPUT].CopyFrom(tensor)
        try:
            reply = self._stub.Predict(request, timeout=seconds)
        except self._grpc.RpcError as error:
            raise self._failure(error) from error
        outputs = {
            name: _plain(make_ndarray(value))
            for name, value in reply.outputs.items()
        }
        return [
            {name: values[row] for name, values in outputs.items()}
            for row in range(len(contents))
        ]

    def _failure(self, error: Any) -> Exception:
        code = error.code()
        message = f"{code.name}: {' '.join((error.details() or '').split())}"
        codes = self._grpc.StatusCode
        retried = (
            codes.UNAVAILABLE,
            codes.DEADLINE_EXCEEDED,
            codes.RESOURCE_EXHAUSTED,
        )
        return Unavailable(message) if code in retried else Refused(message)

    def close(self) -> None:
        """Ends the channel."""
        self._channel.close()


def _plain(array: Any) -> list:
    """Returns an array as lists of numbers and text."""

    def text(value):
        if isinstance(value, list):
            return [text(each) for each in value]
        return (
            value.decode(errors="replace")
            if isinstance(value, bytes)
            else value
        )

    return text(array.tolist())


class Client:
    """Asks a served classifier about files.

    Args:
        address: http://, https:// or grpc://, with host and port.
        model: Name of the model.
        signature_name: Of a signature that takes `image_bytes`.
        version: A number, or None for the newest.
        label: Of a version, instead of its number.
        batch_size: Pictures in a request.
        concurrency: Requests at the same time.
        timeout_seconds: Of each request.
        retries: How often a request is sent again where nobody answers.

    Raises:
        ValueError: If an argument makes no sense.
    """

    def __init__(
        self,
        address: str,
        model: str,
        *,
        signature_name: str = "serving_default",
        version: int | None = None,
        label: str = "",
        batch_size: int = 8,
        concurrency: int = 4,
        timeout_seconds: float = 30.0,
        retries: int = 4,
    ):
        _check_positive(batch_size=batch_size, concurrency=concurrency)
        if timeout_seconds <= 0 or retries < 0:
            raise ValueError(
                "expected a positive time-out and no negative retries, "
                f"received {timeout_seconds} and {retries}"
            )
        if version is not None and label:
            raise ValueError(
                "expected a version or a label, received both; leave one out"
            )
        self._target = Target(model, signature_name, version, label)
        self._transport = open_transport(address)
        self._batch_size, self._concurrency = batch_size, concurrency
        self._seconds, self._retries = timeout_seconds, retries

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        """Ends all connections."""
        self._transport.close()

    def predict_files(
        self, paths: Iterable[str | os.PathLike], top_k: int = 5
    ) -> Iterator[Answer]:
        """Yields an answer for each file, in their order.

        A file that cannot be read, or that the server refuses, gets an answer
        with an error; the others of its batch do not suffer.

        Args:
            paths: Of picture files.
            top_k: How many labels each answer holds at most.
        """
        names = [os.fspath(path) for path in paths]
        batches = [
            names[start : start + self._batch_size]
            for start in range(0, len(names), self._batch_size)
        ]
        with concurrent.futures.ThreadPoolExecutor(self._concurrency) as pool:
            for answers in pool.map(self._ask_batch, batches):
                for answer in answers:
                    yield dataclasses.replace(
                        answer,
                        labels=answer.labels[:top_k],
                        probabilities=answer.probabilities[:top_k],
                    )

    def _ask_batch(self, paths: list[str]) -> list[Answer]:
        answers: dict[str, Answer] = {}
        contents: dict[str, bytes] = {}
        for path in paths:
            try:
                contents[path] = pathlib.Path(path).read_bytes()
            except OSError as error:
                answers[path] = Answer(path, error=_reason(error))
        answers |= self._ask(contents)
        return [answers[path] for path in paths]

    def _ask(self, contents: dict[str, bytes]) -> dict[str, Answer]:
        """Asks about files at once, and one by one if that is refused."""
        if not contents:
            return {}
        try:
            rows = self._send(list(contents.values()))
        except Refused as error:
            if len(contents) == 1:
                (path,) = contents
                return {path: Answer(path, error=str(error))}
            parts = [self._ask({p: content}) for p, content in contents.items()]
            return {path: a for part in parts for path, a in part.items()}
        except Unavailable as error:
            return {path: Answer(path, error=str(error)) for path in contents}
        return {
            path: _answer(path, row)
            for path, row in zip(contents, rows, strict=True)
        }

    def _send(self, contents: list[bytes]) -> list[dict[str, Any]]:
        for attempt in range(self._retries + 1):
            try:
                return self._transport.predict(
                    contents, self._target, self._seconds
                )
            except Unavailable:
                if attempt == self._retries:
                    raise
                time.sleep(delay_seconds(attempt, random.random()))
        raise AssertionError("unreachable")


def delay_seconds(attempt: int, draw: float) -> float:
    """Returns how long to wait before a request is sent again.

    Args:
        attempt: How often it was sent again already.
        draw: Uniform in [0, 1): many clients must not come back together.
    """
    longest = min(_LONGEST_DELAY_SECONDS, _FIRST_DELAY_SECONDS * 2**attempt)
    return longest * (0.5 + draw / 2)


def open_transport(address: str) -> Transport:
    """Opens REST or gRPC by the beginning of an address.

    Raises:
        ValueError: If it is neither, or the port is no number.
    """
    parts = urllib.parse.urlsplit(address)
    try:
        has_place = bool(parts.hostname) and (parts.port or True)
    except ValueError:
        has_place = False
    if parts.scheme in ("http", "https") and has_place:
        return RestTransport(address)
    if parts.scheme == "grpc" and has_place:
        return GrpcTransport(parts.netloc)
    raise ValueError(
        f"--address={address}: expected http://HOST:8501, https://HOST or "
        "grpc://HOST:8500"
    )


def find_pictures(arguments: Iterable[str]) -> list[str]:
    """Returns files of what was given: files, folders and file:// addresses.

    Raises:
        ValueError: If one is not there, or a folder holds no picture.
    """
    found = []
    for argument in arguments:
        path = pathlib.Path(_local_path(argument))
        if path.is_dir():
            inside = sorted(
                str(each)
                for each in path.rglob("*")
                if each.suffix.lower() in SUFFIXES and each.is_file()
            )
            if not inside:
                raise ValueError(
                    f"{path}: expected pictures ({', '.join(SUFFIXES)}), found "
                    "none; name another folder"
                )
            found += inside
        elif path.exists():
            found.append(str(path))
        else:
            raise ValueError(f"{path}: expected a file or folder, found none")
    return found


def _local_path(argument: str) -> str:
    """Returns the path of a file:// address; other addresses are refused."""
    parts = urllib.parse.urlsplit(argument)
    if parts.scheme in ("http", "https", "ftp"):
        raise ValueError(
            f"{argument}: expected a local file, a folder or file://, received "
            "an address elsewhere; download it first"
        )
    if parts.scheme != "file":
        return argument
    if parts.netloc not in ("", "localhost", socket.gethostname()):
        raise ValueError(
            f"{argument}: expected file:///PATH on this machine, received host "
            f"{parts.netloc}"
        )
    return urllib.request.url2pathname(parts.path)


def _answer(path: str, row: dict[str, Any]) -> Answer:
    labels, shares = row.get("labels", ()), row.get("probabilities", ())
    return Answer(
        path,
        tuple(labels) if isinstance(labels, list) else (),
        tuple(shares) if isinstance(shares, list) else (),
        row,
    )


def _reason(error: OSError) -> str:
    return f"cannot be read: {error.strerror or error}"


def _check_positive(**numbers: int) -> None:
    for name, number in numbers.items():
        if number < 1:
            raise ValueError(
                f"--{name}={number}: expected at least 1; correct it"
            )


def as_json(answer: Answer) -> str:
    """Returns an answer as one line of JSON."""
    described = {"path": answer.path}
    if answer.error:
        described["error"] = answer.error
    else:
        described |= answer.outputs
        described["labels"] = list(answer.labels)
        described["probabilities"] = list(answer.probabilities)
    return json.dumps(described, ensure_ascii=False)


def as_table_row(answer: Answer) -> str:
    """Returns an answer as a line for people."""
    if answer.error:
        return f"{answer.path}  error: {answer.error}"
    pairs = zip(answer.labels, answer.probabilities, strict=False)
    said = ", ".join(f"{label} {share:.1%}" for label, share in pairs)
    if not said:
        said = json.dumps(answer.outputs, ensure_ascii=False)[:200]
    more = ""
    if answer.outputs.get("orientation", 1) != 1:
        more += f"  (turned upright, EXIF {answer.outputs['orientation']})"
    if "quality_score" in answer.outputs:
        more += f"  quality {answer.outputs['quality_score']:.2f}"
        more += f" ({answer.outputs.get('corruption', '')})"
    return f"{answer.path}  {said}{more}"


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, and that it is not the pictures."""

    def error(self, message: str):
        self.exit(1, f"error: {message}; --help lists the flags\n")


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """Reads the command line."""
    parser = _Parser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("pictures", nargs="+", help="files, folders, file:// or - for a list")
    add("--address", default="http://localhost:8501", help="http or grpc")
    add("--model", default="qualnet", help="name of the model")
    add("--signature_name", default="serving_default")
    add("--model_version", type=int, default=None)
    add("--version_label", default="")
    add("--top_k", type=int, default=3, help="labels per picture")
    add("--batch_size", type=int, default=8, help="pictures in a request")
    add("--concurrency", type=int, default=4, help="requests at a time")
    add("--timeout_seconds", type=float, default=30.0)
    add("--retries", type=int, default=4)
    add("--output", choices=("table", "json"), default="table")
    return parser.parse_args(argv)


def run(arguments: argparse.Namespace, write: Callable[[str], Any]) -> int:
    """Asks about all pictures; returns 2 where one has no answer, else 0."""
    given = arguments.pictures
    if given == ["-"]:
        given = [line.strip() for line in sys.stdin if line.strip()]
    _check_positive(top_k=arguments.top_k)
    paths = find_pictures(given)
    spell = as_json if arguments.output == "json" else as_table_row
    num_failed = 0
    with Client(
        arguments.address,
        arguments.model,
        signature_name=arguments.signature_name,
        version=arguments.model_version,
        label=arguments.version_label,
        batch_size=arguments.batch_size,
        concurrency=arguments.concurrency,
        timeout_seconds=arguments.timeout_seconds,
        retries=arguments.retries,
    ) as client:
        for answer in client.predict_files(paths, arguments.top_k):
            write(spell(answer))
            num_failed += bool(answer.error)
    return 2 if num_failed else 0


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit code: 0 all answered, 1 wrong use, 2 some failed."""
    arguments = parse_arguments(argv)
    try:
        return run(arguments, print)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # a pager was closed
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


if __name__ == "__main__":
    sys.exit(main())
