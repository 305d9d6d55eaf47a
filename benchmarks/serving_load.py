"""The embedded server under load, with requests that are wrong among them.

python -m benchmarks.serving_load --export_dir=runs/quickstart/qualnet/export
python -m benchmarks.serving_load   # a ResNet18 with fresh weights, 224 pixels

Many clients on the loopback send photographs one by one (REST, base64) for a
bounded time; one request in twenty is malformed in one of seven ways. A third
into the time a second version appears, and at the end the server gets SIGTERM
while everybody still asks. Every good request must get the right answer, every
malformed one a 4xx with a JSON error, and memory must stay flat. Printed:
latency, images a second next to the bare SavedModel's in a process of its own,
and what went wrong. Exits 1 if anything did.
"""

import argparse
import base64
import collections
import dataclasses
import http.client
import io
import json
import os
import pathlib
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zlib

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent
BAD_SHARE = 0.05
_BYTES_PER_MEBIBYTE = 1 << 20
_MODEL = "loaded"


@dataclasses.dataclass(frozen=True)
class Question:
    """A request, and what must come back.

    Attributes:
        name: Of its kind; "good", or how it is malformed.
        body: What is sent.
        logits: Of the right answer; None where the request is malformed.
    """

    name: str
    body: bytes
    logits: tuple[float, ...] | None = None


@dataclasses.dataclass
class Outcome:
    """What the clients saw.

    Attributes:
        seconds: Latency of each good answer, with the moment it was asked.
        counts: Kind of request -> answers as they had to be.
        failures: What was not, the first few.
        num_failures: How often.
        unanswered: Good requests whose connection was refused because the
            server had stopped listening; they were never taken.
        versions: Versions that answered.
    """

    seconds: list[tuple[float, float]] = dataclasses.field(default_factory=list)
    counts: collections.Counter = dataclasses.field(
        default_factory=collections.Counter
    )
    failures: list[str] = dataclasses.field(default_factory=list)
    num_failures: int = 0
    unanswered: int = 0

    def fail(self, text: str) -> None:
        """Notes a failure."""
        self.num_failures += 1
        if len(self.failures) < 10:
            self.failures.append(text)


def photograph_files(count: int) -> list[bytes]:
    """Returns JPEG files of crops of photographs, 200 to 420 pixels wide."""
    from PIL import Image
    from sklearn.datasets import load_sample_images

    generator = np.random.default_rng(0)
    whole = load_sample_images().images
    found = []
    for number in range(count):
        photograph = whole[number % len(whole)]
        height, width = generator.integers(200, 420, 2)
        top = generator.integers(0, photograph.shape[0] - height + 1)
        left = generator.integers(0, photograph.shape[1] - width + 1)
        crop = photograph[top : top + height, left : left + width]
        buffer = io.BytesIO()
        Image.fromarray(crop).save(buffer, "JPEG", quality=85)
        found.append(buffer.getvalue())
    return found


def as_body(*contents: bytes) -> bytes:
    """Returns a request of picture files."""
    instances = [{"b64": base64.b64encode(c).decode()} for c in contents]
    return json.dumps({"instances": instances}).encode()


def bomb(side: int = 20_000) -> bytes:
    """Returns a PNG file of a few bytes that says to be side x side pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checked = kind + data
        check = struct.pack(">I", zlib.crc32(checked))
        return struct.pack(">I", len(data)) + checked + check

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(3 * 1000)))
        + chunk(b"IEND", b"")
    )


def malformed(picture: bytes) -> list[Question]:
    """Returns a request of each kind that must be refused."""
    kinds = {
        "bad JSON": b'{"instances": [{"b64": ',
        "bad base64": b'{"instances": [{"b64": "*** not base64 ***"}]}',
        "wrong shape": json.dumps(
            {
                "signature_name": "predict_images",
                "instances": [[[0.5, 0.5, 0.5]]],
            }
        ).encode(),
        "truncated JPEG": as_body(picture[: len(picture) // 2]),
        "decompression bomb": as_body(bomb()),
        "empty batch": b'{"instances": []}',
        "50 MB body": as_body(bytes(36 * _BYTES_PER_MEBIBYTE)),
    }
    return [Question(name, body) for name, body in kinds.items()]


def good_questions(folder: pathlib.Path, count: int) -> list[Question]:
    """Returns requests of one photograph with the SavedModel's own answers."""
    import tensorflow as tf

    files = photograph_files(count)
    predict = tf.saved_model.load(str(folder)).signatures["serving_default"]
    # One at a time: sums in a larger batch are added in another order.
    logits = [
        predict(image_bytes=tf.constant([each]))["logits"].numpy()[0]
        for each in files
    ]
    return [
        Question("good", as_body(each), tuple(map(float, row)))
        for each, row in zip(files, logits, strict=True)
    ]


class Server:
    """The embedded server in a process of its own.

    Args:
        export_dir: Folder of numbered versions.
        flags: More flags.
    """

    def __init__(self, export_dir: pathlib.Path, *flags: str):
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "qualnet_tf.serve",
                f"--export_dir={export_dir}",
                f"--model_name={_MODEL}",
                "--rest_port=0",
                *flags,
            ],
            cwd=ROOT,
            env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
            stdout=subprocess.PIPE,
            text=True,
        )
        line = self.process.stdout.readline()
        found = re.search(r"http://([\d.]+):(\d+)", line)
        if found is None:
            self.process.kill()
            self.process.communicate()
            raise ValueError(f"the server did not start: {line!r}")
        self.host, self.port = found[1], int(found[2])

    def mebibytes(self) -> float:
        """Returns the resident memory of the process."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024

    def get(self, path: str) -> bytes:
        """Returns the body of a GET."""
        connection = http.client.HTTPConnection(self.host, self.port, 30)
        try:
            connection.request("GET", path)
            return connection.getresponse().read()
        finally:
            connection.close()

    def newest_version(self) -> str:
        """Returns the newest version that is available."""
        status = json.loads(self.get(f"/v1/models/{_MODEL}"))
        return max(
            each["version"]
            for each in status["model_version_status"]
            if each["state"] == "AVAILABLE"
        )


class Clients:
    """Many clients that ask one after the other until they are told to stop.

    Args:
        server: Whom to ask.
        good: Requests that must be answered.
        bad: Requests that must be refused.
        count: How many clients.
    """

    def __init__(self, server, good, bad, count: int):
        self.server, self.good, self.bad = server, good, bad
        self.outcome = Outcome()
        self.is_over = threading.Event()
        self.is_stopping = threading.Event()
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._ask_on, args=(number,))
            for number in range(count)
        ]

    def start(self) -> None:
        """Lets all of them begin."""
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        """Waits until all have ended."""
        self.is_over.set()
        for thread in self._threads:
            thread.join()

    def _ask_on(self, number: int) -> None:
        generator = np.random.default_rng(number)
        connection = self._connect()
        while not self.is_over.is_set():
            questions = (
                self.bad if generator.random() < BAD_SHARE else self.good
            )
            question = questions[generator.integers(len(questions))]
            if not self._ask(connection, question):
                connection.close()
                connection = self._connect()
                if self.is_stopping.is_set():
                    break
        connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(
            self.server.host, self.server.port, timeout=60
        )

    def _ask(self, connection, question: Question) -> bool:
        """Asks once; returns whether the connection can be used again."""
        start = time.perf_counter()
        try:
            status, body, goes_on = _exchange(connection, question.body)
        except ConnectionRefusedError:
            return self._note_refusal(question)
        except (OSError, http.client.HTTPException) as error:
            return self._note_loss(question, error)
        taken = time.perf_counter() - start
        with self._lock:
            _judge(self.outcome, question, status, body, start, taken)
        return goes_on

    def _note_refusal(self, question: Question) -> bool:
        with self._lock:
            if self.is_stopping.is_set():
                self.outcome.unanswered += 1
            else:
                self.outcome.fail(f"{question.name}: connection refused")
        return False

    def _note_loss(self, question: Question, error: Exception) -> bool:
        """A connection that idled may be closed by a server that stops."""
        is_closed = isinstance(
            error, http.client.RemoteDisconnected | BrokenPipeError
        )
        with self._lock:
            if self.is_stopping.is_set() and is_closed:
                self.outcome.unanswered += 1
            else:
                self.outcome.fail(f"{question.name}: no answer ({error!r})")
        return False


def _exchange(connection, body: bytes) -> tuple[int, bytes, bool]:
    """Sends a request; an answer may come before all of it is sent."""
    headers = {"Content-Type": "application/json"}
    try:
        connection.request(
            "POST", f"/v1/models/{_MODEL}:predict", body, headers
        )
    except (BrokenPipeError, ConnectionResetError):
        if len(body) < _BYTES_PER_MEBIBYTE:
            raise
    reply = connection.getresponse()
    content = reply.read()
    return reply.status, content, not reply.will_close


def _judge(
    outcome: Outcome,
    question: Question,
    status: int,
    body: bytes,
    start: float,
    taken: float,
) -> None:
    """Notes whether an answer is what it had to be."""
    try:
        answer = json.loads(body)
    except ValueError:
        outcome.fail(f"{question.name}: {status}, no JSON: {body[:80]!r}")
        return
    if question.logits is None:
        if 400 <= status < 500 and isinstance(answer.get("error"), str):
            outcome.counts[question.name] += 1
        else:
            outcome.fail(f"{question.name}: {status} {body[:120]!r}")
        return
    if status != 200:
        outcome.fail(f"good: {status} {body[:200]!r}")
        return
    found = answer["predictions"][0]["logits"]
    if not np.allclose(found, question.logits, rtol=1e-3, atol=1e-3):
        outcome.fail(f"good: another answer, {found[:3]}")
        return
    outcome.counts["good"] += 1
    outcome.seconds.append((start, taken))


@dataclasses.dataclass(frozen=True)
class Load:
    """What a whole load test found.

    Attributes:
        outcome: What the clients saw.
        memory: (seconds from the start, MiB) of the server.
        swapped_after: Seconds until the second version answered.
        exit_code: Of the server.
        stop_seconds: From SIGTERM to its end.
        duration: Seconds of asking before SIGTERM.
    """

    outcome: Outcome
    memory: list[tuple[float, float]]
    swapped_after: float
    exit_code: int
    stop_seconds: float
    duration: float

    def problems(self) -> list[str]:
        """Returns what was not as it has to be."""
        found = list(self.outcome.failures)
        if self.exit_code:
            found.append(f"the server ended with exit code {self.exit_code}")
        if not self.outcome.counts["good"]:
            found.append("no good request was answered")
        return found


def run_load(
    folder: pathlib.Path,
    seconds: float,
    num_clients: int,
    num_pictures: int = 40,
    flags: tuple[str, ...] = (),
) -> Load:
    """Loads a server with an export for a bounded time.

    Args:
        folder: A version of an export.
        seconds: How long.
        num_clients: How many ask at once.
        num_pictures: Different good requests.
        flags: More flags of the server.
    """
    good = good_questions(folder, num_pictures)
    bad = malformed(photograph_files(1)[0])
    with tempfile.TemporaryDirectory() as scratch:
        export_dir = pathlib.Path(scratch) / "export"
        shutil.copytree(folder, export_dir / "1")
        server = Server(export_dir, *flags)
        with server.process:
            try:
                return _run(server, export_dir, good, bad, seconds, num_clients)
            finally:
                server.process.kill()


def _run(server, export_dir, good, bad, seconds, num_clients) -> Load:
    clients = Clients(server, good, bad, num_clients)
    start = time.perf_counter()
    clients.start()
    memory, swapped_after, swap_start = [], -1.0, 0.0
    while (now := time.perf_counter() - start) < seconds:
        memory.append((now, server.mebibytes()))
        if not swap_start and now > seconds / 3:
            # As an export appears: whole, under its number.
            shutil.copytree(export_dir / "1", export_dir / ".writing")
            os.rename(export_dir / ".writing", export_dir / "2")
            swap_start = now
        if swap_start and swapped_after < 0 and server.newest_version() == "2":
            swapped_after = time.perf_counter() - start - swap_start
        time.sleep(0.5)
    duration = time.perf_counter() - start
    clients.is_stopping.set()
    stopped = time.perf_counter()
    server.process.send_signal(signal.SIGTERM)
    code = server.process.wait(120)
    stop_seconds = time.perf_counter() - stopped
    clients.join()
    return Load(
        clients.outcome, memory, swapped_after, code, stop_seconds, duration
    )


def bare_rate(folder: pathlib.Path, batch_size: int = 32) -> float:
    """Returns images a second of the SavedModel alone, photographs in."""
    import tensorflow as tf

    files = tf.constant(photograph_files(batch_size))
    predict = tf.saved_model.load(str(folder)).signatures["serving_default"]
    predict(image_bytes=files)
    rates = []
    for _ in range(8):
        start = time.perf_counter()
        predict(image_bytes=files)
        rates.append(batch_size / (time.perf_counter() - start))
    return float(np.median(rates))


def describe(load: Load, bare: float) -> list[str]:
    """Returns the lines that are printed."""
    taken = np.array([each for _, each in load.outcome.seconds]) * 1e3
    rate = len(taken) / load.duration
    memory = np.array(load.memory)
    # The first tenth is start-up: kernels are chosen, buffers grow.
    shares = {
        "a tenth": 0.1,
        "a third, before the swap": 1 / 3,
        "two thirds": 2 / 3,
        "the end": 1.0,
    }
    found = [
        f"{memory[memory[:, 0] <= share * load.duration][-1, 1]:.0f} at {name}"
        for name, share in shares.items()
    ]
    counts = dict(load.outcome.counts)
    p50, p99 = np.percentile(taken, [50, 99]) if len(taken) else (0, 0)
    return [
        f"answers as they had to be: {counts}",
        f"failures: {load.outcome.num_failures}; never taken, after SIGTERM: "
        f"{load.outcome.unanswered}",
        f"latency p50 {p50:.0f} ms, p99 {p99:.0f} ms",
        f"{rate:.1f} images/s; the bare SavedModel {bare:.1f}; ratio "
        f"{rate / bare:.2f}",
        f"memory in MiB: {', '.join(found)}; highest {memory[:, 1].max():.0f}",
        f"second version after {load.swapped_after:.1f} s; SIGTERM to the end "
        f"{load.stop_seconds:.1f} s, exit code {load.exit_code}",
        *load.problems(),
    ]


def fresh_export(output_dir: pathlib.Path) -> pathlib.Path:
    """Exports a ResNet18 for 224 pixels with fresh weights."""
    from benchmarks.serving_cost import NUM_CLASSES, build
    from qualnet_tf.exporters.saved_model import export_saved_model

    names = [f"class {place}" for place in range(NUM_CLASSES)]
    classifier = build("resnet18", "qualnet", 224)
    return export_saved_model(classifier, names, output_dir, 224)


def main() -> None:
    """Runs the load and prints what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--export_dir", type=pathlib.Path)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--clients", type=int, default=32)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        if arguments.export_dir:
            from qualnet_tf.exporters.versions import version_folders

            found = version_folders(arguments.export_dir)
            folder = found[max(found)] if found else arguments.export_dir
        else:
            folder = fresh_export(pathlib.Path(scratch))
        load = run_load(folder, arguments.seconds, arguments.clients)
        for line in describe(load, bare_rate(folder)):
            print(line)
    sys.exit(1 if load.problems() else 0)


if __name__ == "__main__":
    main()
