"""Joins requests that arrive together into one run of the graph.

A request runs at once where a thread is free. While all are busy, requests
wait, and those that fit together - same version, signature and shape of one
example - run as one batch: under load batches grow by themselves, and without
load nobody waits for others.
"""

import asyncio
import collections
import dataclasses
import time
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from qualnet_tf.serving.loaded_model import Signature
from qualnet_tf.serving.statuses import ServingError

Arrays = dict[str, np.ndarray]


@dataclasses.dataclass
class _Task:
    arrays: Arrays
    size: int
    answer: asyncio.Future
    arrived: float


class Batcher:
    """Runs signatures in threads.

    Args:
        max_batch_size: Examples in a batch; a larger request is cut.
        max_waiting: Requests that may wait; more are refused.
        num_threads: Batches that run at the same time.
        timeout_seconds: How long a request waits for others although a thread
            is free.
        observe: Told the size of every batch.
    """

    def __init__(
        self,
        max_batch_size: int,
        max_waiting: int,
        num_threads: int,
        timeout_seconds: float = 0.0,
        observe: Callable[[int], None] = lambda size: None,
    ):
        self._max_batch_size = max_batch_size
        self._max_waiting = max_waiting
        self._timeout_seconds = timeout_seconds
        self._observe = observe
        self._num_free = num_threads
        self._num_waiting = 0
        self._threads = ThreadPoolExecutor(num_threads, "batch")
        # Oldest first, by what runs together.
        self._queues: dict[Hashable, collections.deque[_Task]] = {}
        self._signatures: dict[Hashable, Signature] = {}
        # The loop holds its tasks by weak references alone.
        self._running: set[asyncio.Task] = set()

    async def run(
        self, signature: Signature, arrays: Arrays, alone: bool = False
    ) -> Arrays:
        """Returns a signature's outputs for one request.

        Args:
            signature: What is asked.
            arrays: Its inputs, the batch first in each.
            alone: Whether it is not to be joined with others, as one that
                will probably fail.

        Raises:
            ServingError: If the graph fails, or too many requests wait.
        """
        is_batched = all(array.ndim for array in arrays.values())
        parts = self._cut(arrays) if is_batched else [arrays]
        if self._num_waiting + len(parts) > self._max_waiting:
            raise ServingError(
                "UNAVAILABLE",
                "The batch scheduling queue to which this task was submitted "
                "is full",
            )
        joins = is_batched and not alone
        waiting = [self._enqueue(signature, part, joins) for part in parts]
        answers = await asyncio.gather(*waiting, return_exceptions=True)
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
        if len(answers) == 1:
            return answers[0]
        return _join(parts, answers)

    def close(self) -> None:
        """Ends the threads."""
        self._threads.shutdown()

    def _cut(self, arrays: Arrays) -> list[Arrays]:
        step = self._max_batch_size
        return [
            {
                name: array[start : start + step]
                for name, array in arrays.items()
            }
            for start in range(0, _size(arrays), step)
        ]

    def _enqueue(
        self, signature: Signature, arrays: Arrays, joins: bool
    ) -> asyncio.Future:
        key = (
            id(signature),
            *((n, a.shape[1:], a.dtype.char) for n, a in arrays.items()),
            None if joins else object(),
        )
        task = _Task(
            arrays,
            _size(arrays),
            asyncio.get_running_loop().create_future(),
            time.monotonic(),
        )
        self._signatures[key] = signature
        self._queues.setdefault(key, collections.deque()).append(task)
        self._num_waiting += 1
        self._dispatch()
        return task.answer

    def _dispatch(self) -> None:
        """Starts batches while threads are free and somebody waits."""
        while self._num_free and self._queues:
            key = min(self._queues, key=lambda k: self._queues[k][0].arrived)
            wait = self._seconds_to_wait(self._queues[key])
            if wait > 0:
                loop = asyncio.get_running_loop()
                loop.call_later(wait, self._dispatch)
                return
            batch = self._take(key)
            signature = self._signatures[key]
            if key not in self._queues:
                del self._signatures[key]
            self._num_free -= 1
            running = asyncio.ensure_future(self._run(signature, batch))
            self._running.add(running)
            running.add_done_callback(self._running.discard)

    def _seconds_to_wait(self, queue: collections.deque[_Task]) -> float:
        if sum(task.size for task in queue) >= self._max_batch_size:
            return 0.0
        return queue[0].arrived + self._timeout_seconds - time.monotonic()

    def _take(self, key: Hashable) -> list[_Task]:
        """Takes the oldest tasks that fit into a batch."""
        queue, batch, size = self._queues[key], [], 0
        while queue and size + queue[0].size <= self._max_batch_size:
            task = queue.popleft()
            self._num_waiting -= 1
            # Nobody waits for one that timed out.
            if not task.answer.cancelled():
                batch.append(task)
                size += task.size
        if not queue:
            del self._queues[key]
        return batch

    async def _run(self, signature: Signature, batch: list[_Task]) -> None:
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(
                self._threads, self._answers, signature, batch
            )
            for task, answer in zip(batch, found, strict=True):
                _settle(task.answer, answer)
        finally:
            self._num_free += 1
            self._dispatch()

    def _answers(
        self, signature: Signature, batch: list[_Task]
    ) -> list[Arrays | Exception]:
        """Runs a batch in a thread; a bad request fails by itself alone."""
        if not batch:
            return []
        self._observe(sum(task.size for task in batch))
        if len(batch) == 1:
            return [_attempt(signature, batch[0].arrays)]
        joined = {
            name: np.concatenate([task.arrays[name] for task in batch])
            for name in batch[0].arrays
        }
        together = _attempt(signature, joined)
        parts = None
        if not isinstance(together, Exception):
            parts = _split(together, [task.size for task in batch])
        if parts is None:
            return [_attempt(signature, task.arrays) for task in batch]
        return parts


def _size(arrays: Arrays) -> int:
    """Returns the batch of the inputs, 1 where one has none."""
    return min(len(array) if array.ndim else 1 for array in arrays.values())


def _join(parts: list[Arrays], answers: list[Arrays]) -> Arrays:
    """Returns the answers to the parts of a request as one."""
    for part, answer in zip(parts, answers, strict=True):
        if _split(answer, [_size(part)]) is None:
            raise ServingError(
                "INVALID_ARGUMENT",
                "an output has no batch, so a request cannot be larger than "
                "--max_batch_size; send fewer examples at a time",
            )
    return {
        name: np.concatenate([answer[name] for answer in answers])
        for name in answers[0]
    }


def _attempt(signature: Signature, arrays: Arrays) -> Arrays | Exception:
    try:
        return signature.run(arrays)
    # Each request gets its own error; the server answers it.
    except Exception as error:
        return error


def _split(outputs: Arrays, sizes: list[int]) -> list[Arrays] | None:
    """Returns each request's part, or None where an output has no batch."""
    total = sum(sizes)
    for array in outputs.values():
        if not array.ndim or len(array) != total:
            return None
    ends = np.cumsum(sizes)
    return [
        {name: array[end - size : end] for name, array in outputs.items()}
        for end, size in zip(ends, sizes, strict=True)
    ]


def _settle(future: asyncio.Future, answer: Arrays | Exception) -> None:
    if future.done():
        return
    if isinstance(answer, Exception):
        future.set_exception(answer)
    else:
        future.set_result(answer)
