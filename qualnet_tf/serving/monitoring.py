"""Counts what the server does, in the text format of Prometheus.

Names that begin with `:tensorflow:` are those of TensorFlow Serving, so that
its dashboards go on working; `qualnet_` are ours: what pictures look like and
how sure the classifier is, so that a camera going out of focus shows.
"""

from collections.abc import Iterable, Mapping

import numpy as np
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.core import Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST

PATH = "/monitoring/prometheus/metrics"
CONTENT_TYPE = CONTENT_TYPE_LATEST
_TENTHS = tuple(np.round(np.arange(0.1, 1.05, 0.1), 1).tolist())
# Microseconds, as TensorFlow Serving counts them: 100 us to 26 s by fours.
_LATENCIES = tuple(100.0 * 4**power for power in range(10))
_BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class _RequestCount:
    """`:tensorflow:serving:request_count`, which ends in no `_total`."""

    def __init__(self):
        self._counts: dict[tuple[str, str], int] = {}

    def add(self, model_name: str, status: str) -> None:
        key = (model_name, status)
        self._counts[key] = self._counts.get(key, 0) + 1

    def collect(self) -> Iterable[Metric]:
        name = ":tensorflow:serving:request_count"
        metric = Metric(name, "Requests by model and status.", "untyped")
        for (model_name, status), count in list(self._counts.items()):
            labels = {"model_name": model_name, "status": status}
            metric.add_sample(name, labels, count)
        yield metric


class Monitoring:
    """The counters of one server.

    Args:
        model_name: The model that is served; requests for others are counted
            under no name, so that callers cannot fill the memory.
    """

    def __init__(self, model_name: str):
        self._model_name = model_name
        self._registry = CollectorRegistry()
        self._requests = _RequestCount()
        self._registry.register(self._requests)
        self._latency = self._histogram(
            ":tensorflow:serving:request_latency",
            "Seconds times 1e6 from a whole request to its answer.",
            _LATENCIES,
            ("model_name", "API", "entrypoint"),
        )
        self._batch_size = self._histogram(
            "qualnet_batch_size", "Examples in a run of the graph.", _BATCHES
        )
        self._confidence = self._histogram(
            "qualnet_confidence",
            "Probability of the most probable class.",
            _TENTHS,
        )
        self._score = self._histogram(
            "qualnet_quality_score",
            "Probability that a picture is clean.",
            _TENTHS,
        )
        self._corruption = self._counter(
            "qualnet_predicted_corruption",
            "Pictures by what they seem corrupted with.",
            "corruption",
        )
        self._label = self._counter(
            "qualnet_predicted_label",
            "Pictures by their most probable class.",
            "label",
        )
        self.in_flight = Gauge(
            "qualnet_requests_in_flight",
            "Requests that are not answered.",
            registry=self._registry,
        )
        self._version = Gauge(
            "qualnet_model_version",
            "The newest version that is served.",
            registry=self._registry,
        )

    def _histogram(self, name, text, buckets, labels=()) -> Histogram:
        return Histogram(
            name, text, labels, buckets=buckets, registry=self._registry
        )

    def _counter(self, name, text, label) -> Counter:
        return Counter(name, text, (label,), registry=self._registry)

    def count_request(
        self, model_name: str, verb: str, status: str, seconds: float
    ) -> None:
        """Counts an answer, whatever it was.

        Args:
            model_name: As the request had it.
            verb: What it asked for, such as "predict".
            status: Code of the answer, such as "OK".
            seconds: From the whole request to its answer.
        """
        known = model_name if model_name == self._model_name else ""
        self._requests.add(known, status)
        if status == "OK":
            labels = (known, verb, "REST")
            self._latency.labels(*labels).observe(seconds * 1e6)

    def observe_batch(self, size: int) -> None:
        """Notes the size of a run of the graph."""
        self._batch_size.observe(size)

    def observe_answer(self, outputs: Mapping[str, np.ndarray]) -> None:
        """Notes what was said of pictures, if the outputs are an export's."""
        for name, histogram in (
            ("probabilities", self._confidence),
            ("quality_score", self._score),
        ):
            for value in _first_of_rows(outputs, name, "f"):
                histogram.observe(float(value))
        for name, counter in (
            ("labels", self._label),
            ("corruption", self._corruption),
        ):
            for value in _first_of_rows(outputs, name, "O"):
                counter.labels(value.decode(errors="replace")).inc()

    def set_version(self, number: int) -> None:
        """Notes which version is served."""
        self._version.set(number)

    def text(self) -> bytes:
        """Returns everything in Prometheus' format."""
        return generate_latest(self._registry)


def _first_of_rows(
    outputs: Mapping[str, np.ndarray], name: str, kind: str
) -> np.ndarray:
    """Returns the first number of each row of an output that is there."""
    array = outputs.get(name)
    if array is None or array.dtype.kind != kind or array.ndim not in (1, 2):
        return np.empty(0)
    return array[:, 0] if array.ndim == 2 else array
