"""Training batches that a tf.data service decodes and corrupts.

The service's workers make the batches in turn: of K workers, the one at place k
of the dispatcher's list makes every K-th. What arrives is put in order here,
and what does not - its worker was killed, the dispatcher is gone - is made
here: pixels depend on seed, epoch and index alone, so time alone is lost.
"""

import os
import re
import socket
import weakref
from collections.abc import Iterator

import tensorflow as tf

from qualnet_tf.datasets.in_order import InOrder
from qualnet_tf.datasets.training_stream import TrainingStream

# Batches that may be ahead of the one that is waited for.
CAPACITY = 32
PATIENCE_SECONDS = 30.0
RETRY_SECONDS = 5.0
_CONNECT_SECONDS = 10.0


def served_batches(
    stream: TrainingStream, start_step: int, address: str
) -> tf.data.Dataset:
    """Returns the pieces of a worker's batches, made by a data service.

    Args:
        stream: The images.
        start_step: Steps that were already used.
        address: grpc://HOST:PORT of the dispatcher, see `data_servers`.

    Raises:
        ValueError: If the address is none, nobody answers there, or the data
            set is read by Python code, which a service cannot run.
    """
    if stream.source.reads_in_python:
        raise ValueError(
            f"data set {stream.source.name!r} is read by Python code: expected "
            "one that TensorFlow reads with --data_service; leave "
            "--data_service out, or convert the data set to TFRecord"
        )
    check_address(address)
    maker = _BatchMaker(stream)
    end = start_step + stream.num_steps_from(start_step)
    order: list[InOrder] = []

    def begin(number):
        _close(order)
        order.append(
            InOrder(
                lambda first: _arriving(stream, first, address),
                maker.make,
                number,
                end,
                f"data service {address}",
                CAPACITY,
                PATIENCE_SECONDS,
                RETRY_SECONDS,
            )
        )

    def get(number):
        # In the thread of whoever iterates; whoever goes back, iterates anew.
        number = int(number)
        if not order or number < order[0].next_number:
            begin(number)
        batch = order[0].get(number)
        return [batch[name] for name in names]

    spec = maker.element_spec
    names = sorted(spec)

    def fetch(number):
        tensors = tf.py_function(
            get,
            [number],
            [spec[name].dtype for name in names],
        )
        return {
            name: tf.ensure_shape(tensor, spec[name].shape)
            for name, tensor in zip(names, tensors, strict=True)
        }

    numbers = tf.data.Dataset.range(start_step, end)
    batches = numbers.map(fetch)
    weakref.finalize(batches, _close, order)
    if stream.share.local_replicas > 1:
        batches = batches.rebatch(stream.piece_size, drop_remainder=True)
    return batches.prefetch(tf.data.AUTOTUNE)


def _close(order: list[InOrder]) -> None:
    while order:
        order.pop().close()


def check_address(address: str) -> None:
    """Raises ValueError where no dispatcher answers."""
    match = re.fullmatch(r"grpc://([^/\s]+):(\d{1,5})", address)
    if match is None or not 0 < int(match[2]) < 65536:
        raise ValueError(
            f"--data_service={address}: expected grpc://HOST:PORT, such as "
            "grpc://localhost:5050"
        )
    try:
        socket.create_connection(
            (match[1].strip("[]"), int(match[2])), _CONNECT_SECONDS
        ).close()
    except OSError as error:
        raise ValueError(
            f"--data_service={address}: expected a dispatcher that answers "
            f"there, received {error.strerror or error}; start `python -m "
            "qualnet_tf.data_worker --role=dispatcher`, correct the address, "
            "or leave it out"
        ) from None


def _groups(stream: TrainingStream, first: int) -> tf.data.Dataset:
    """Returns (step, undecoded images of this worker's part of its batch)."""
    groups = stream.elements(first).batch(stream.part_size, drop_remainder=True)
    return groups.enumerate(first)


def _arriving(
    stream: TrainingStream, first: int, address: str
) -> Iterator[tuple[int, dict]]:
    """Yields (step, batch) as the service's workers make them."""
    service = tf.data.experimental.service

    def spread(number, group):
        elements = tf.data.Dataset.from_tensor_slices(group)
        return elements.map(lambda *element: (number, element))

    def prepare(number, element):
        return number, stream.prepare(*element)

    hint = tf.data.experimental.SHARD_HINT
    batches = (
        _groups(stream, first)
        .shard(hint, hint)
        .flat_map(spread)
        .map(prepare, num_parallel_calls=tf.data.AUTOTUNE)
        .batch(stream.part_size, drop_remainder=True)
        .prefetch(tf.data.AUTOTUNE)
        .apply(
            service.distribute(
                processing_mode=service.ShardingPolicy.HINT,
                service=address,
                # Pixels with noise hardly shrink.
                compression=None,
            )
        )
    )
    for numbers, batch in batches:
        yield int(numbers[0]), batch


class _BatchMaker:
    """Makes single batches of a stream in this process.

    By tf.data as well: another graph around the same operations may round
    otherwise.
    """

    def __init__(self, stream: TrainingStream):
        self._stream = stream
        self._groups: Iterator = iter(())
        self._wanted = self._next = 0
        elements = _groups(stream, 0).element_spec[1]
        flat = tf.nest.flatten(elements)

        def fetch(_):
            tensors = tf.py_function(
                lambda: tf.nest.flatten(self._group()),
                [],
                [spec.dtype for spec in flat],
            )
            for tensor, spec in zip(tensors, flat, strict=True):
                tensor.set_shape(spec.shape)
            return tf.nest.pack_sequence_as(elements, tensors)

        # Nothing may run ahead of what is asked for but within one batch.
        options = tf.data.Options()
        options.autotune.enabled = False
        options.experimental_optimization.apply_default_optimizations = False
        self._batches = (
            tf.data.Dataset.range(tf.int64.max)
            .map(fetch)
            .flat_map(self._prepare)
            .with_options(options)
        )
        self._iterator = iter(self._batches)
        self.element_spec = self._batches.element_spec

    def make(self, number: int) -> dict[str, tf.Tensor]:
        """Makes the batch of a step; it is cheap to go on, not to go back."""
        self._wanted = number
        return next(self._iterator)

    def _prepare(self, *group) -> tf.data.Dataset:
        elements = tf.data.Dataset.from_tensor_slices(group)
        images = elements.map(
            self._stream.prepare, num_parallel_calls=os.cpu_count()
        )
        return images.batch(self._stream.part_size, drop_remainder=True)

    def _group(self):
        """Returns the undecoded images of the wanted step."""
        if self._next == 0 or self._wanted < self._next:
            self._groups = iter(_groups(self._stream, self._wanted))
        self._next = self._wanted + 1
        for found, group in self._groups:
            if int(found) == self._wanted:
                return group
        raise ValueError(
            f"step {self._wanted}: expected one of the run's steps"
        )
