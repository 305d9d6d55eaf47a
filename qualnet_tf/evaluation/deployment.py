"""Measures what classifiers cost to store and to run.

Latency is that of the whole way of one image: from pixels in memory to logits
in memory, as an application asks, on the threads that the machine has.
"""

import os
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from qualnet_tf.evaluation.candidates import Candidate
from qualnet_tf.evaluation.deployment_file import (
    Deployment,
    load_deployment,
    save_deployment,
)
from qualnet_tf.subjects.subject import Subject

_NUM_ROUNDS = 10
_CALLS_PER_ROUND = 5
# The first call prepares; the one after another classifier's finds its
# weights out of the caches.
_NUM_WARM_UP = 2
# A slow network is timed less often.
_MOST_SECONDS = 30.0


def measure_all(candidates: Sequence[Candidate]) -> None:
    """Measures candidates beside each other, and keeps it in their folders.

    Where all of them were measured together already, nothing is done: a
    latency can only be compared with others of its time and place.

    Args:
        candidates: Without adapted ones, which cost the same.

    Raises:
        ValueError: If one cannot be opened, or gives no answer.
    """
    if _are_measured(candidates):
        return
    subjects = [each.open() for each in candidates]
    times = latencies([each.logits for each in subjects], _images(subjects))
    session = uuid.uuid4().hex[:12]
    for each, subject, found in zip(candidates, subjects, times, strict=True):
        save_deployment(
            Deployment(
                num_bytes=size_in_bytes(_stored(each, subject)),
                latency_ms=1e3 * np.median(found),
                latency_p90_ms=1e3 * np.quantile(found, 0.9),
                num_calls=len(found),
                num_threads=os.cpu_count() or 1,
                fingerprint=each.fingerprint,
                session=session,
            ),
            each.run.deployment,
        )


def latencies(
    functions: Sequence[Callable[[np.ndarray], object]],
    images: Sequence[np.ndarray],
    num_rounds: int = _NUM_ROUNDS,
    clock: Callable[[], float] = time.perf_counter,
) -> list[list[float]]:
    """Times functions in turn, so that a busy moment meets all of them.

    Args:
        functions: What to time.
        images: What each takes, a batch of one.
        num_rounds: Each has a few calls a round, fewer rounds where they take
            long, but at least one.
        clock: Returns seconds.

    Returns:
        Seconds of each call, for each function.
    """
    found: list[list[float]] = [[] for _ in functions]
    start = clock()
    for number in range(num_rounds):
        if number and clock() - start > _MOST_SECONDS * len(functions):
            break
        for function, image, times in zip(
            functions, images, found, strict=True
        ):
            for _ in range(_NUM_WARM_UP):
                function(image)
            for _ in range(_CALLS_PER_ROUND):
                before = clock()
                function(image)
                times.append(clock() - before)
    return found


def size_in_bytes(address: str | os.PathLike) -> int:
    """Returns the size of a file, or of all files in a folder; 0 of neither."""
    path = Path(address)
    if path.is_file():
        return path.stat().st_size
    if path.is_dir():
        files = (each for each in path.rglob("*") if each.is_file())
        return sum(each.stat().st_size for each in files)
    return 0


def _are_measured(candidates: Sequence[Candidate]) -> bool:
    sessions = set()
    for each in candidates:
        if not each.run.deployment.is_file():
            return False
        stored = load_deployment(each.run.deployment)
        if stored.fingerprint != each.fingerprint:
            return False
        sessions.add(stored.session)
    return len(sessions) <= 1


def _images(subjects: Sequence[Subject]) -> list[np.ndarray]:
    random = np.random.default_rng(0)
    sides = [each.image_size for each in subjects]
    return [random.random((1, side, side, 3), np.float32) for side in sides]


def _stored(candidate: Candidate, subject: Subject) -> str | os.PathLike:
    """Returns what has to be kept to run a candidate."""
    # The folder of a run also holds its checkpoints and results.
    return candidate.run.classifier if candidate.is_run else subject.address
