"""What a classifier costs to store and to run, as a file. No TensorFlow."""

import dataclasses
import os
import pathlib

from qualnet_tf import run_dir
from qualnet_tf.evaluation import schema

_SCHEMA_VERSION = 1


@dataclasses.dataclass(frozen=True)
class Deployment:
    """Size and speed of one classifier.

    Attributes:
        num_bytes: Of its file, or of all files of its folder; 0 of a server,
            where nobody knows.
        latency_ms: Median of calls with one image, milliseconds.
        latency_p90_ms: What nine of ten calls keep to, milliseconds.
        num_calls: How many were timed.
        num_threads: Cores that a classifier on this machine may use.
        fingerprint: Of the classifier, see `subjects.fingerprint`.
        session: The same for classifiers that were timed beside each other;
            only their latencies can be compared.

    Raises:
        ValueError: If a value has another type or lies out of range.
    """

    num_bytes: int
    latency_ms: float
    latency_p90_ms: float
    num_calls: int
    num_threads: int
    fingerprint: str
    session: str

    def __post_init__(self):
        schema.set_plain_values(self)
        # Written so that NaN fails too.
        if not 0 < self.latency_ms <= self.latency_p90_ms:
            raise ValueError(
                f"latency is {self.latency_ms} ms, {self.latency_p90_ms} ms in "
                "nine of ten calls, expected positive numbers that grow"
            )
        for name, least in (
            ("num_bytes", 0),
            ("num_calls", 1),
            ("num_threads", 1),
        ):
            if getattr(self, name) < least:
                raise ValueError(
                    f"{name} is {getattr(self, name)}, expected at least "
                    f"{least}"
                )


def save_deployment(deployment: Deployment, path: str | os.PathLike) -> None:
    """Writes the file, all or nothing."""
    data = {
        "schema_version": _SCHEMA_VERSION,
        **dataclasses.asdict(deployment),
    }
    run_dir.write_json(pathlib.Path(path), data)


def load_deployment(path: str | os.PathLike) -> Deployment:
    """Reads what `save_deployment` wrote.

    Raises:
        ValueError: If the file is damaged, something else, or newer.
    """
    text = pathlib.Path(path).read_text(encoding="utf-8", errors="replace")
    _, data = schema.read(text, str(path), _SCHEMA_VERSION)
    try:
        return Deployment(**schema.fields_of(Deployment, data))
    except ValueError as error:
        raise ValueError(
            f"{path}: {error}; evaluate the model again"
        ) from error
