"""Who shares a training step: devices of one machine, or several machines."""

import contextlib
from collections.abc import Callable, Iterable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from qualnet_tf import invertible
from qualnet_tf.config import TrainConfig
from qualnet_tf.datasets.shares import Share
from qualnet_tf.training.cluster import read_cluster, wait_for_workers
from qualnet_tf.training.preemption import PreemptedError

_GOOD, _FAILED, _ASKED = 0, 1, 2


class Replicas:
    """The replicas that share each step, as this process sees them.

    On the JAX backend there is one process, whose devices share arrays; all
    that concerns several workers is TensorFlow's.

    Args:
        strategy: `tf.distribute.Strategy`; None on the JAX backend.
        worker: Place of this process among the workers; 0 writes the run.
        num_workers: Number of processes.
        num_devices: Replicas on the JAX backend.
    """

    def __init__(
        self,
        strategy: tf.distribute.Strategy | None,
        worker: int = 0,
        num_workers: int = 1,
        num_devices: int = 1,
    ):
        self.strategy = strategy
        self.worker = worker
        self.num_workers = num_workers
        self.count = strategy.num_replicas_in_sync if strategy else num_devices

    @property
    def is_chief(self) -> bool:
        """Whether this process writes the run's folder."""
        return self.worker == 0

    @property
    def share(self) -> Share:
        """The part of each batch that this process makes."""
        if self.strategy is None:  # a whole batch, cut by Keras
            return Share()
        local = self.count // self.num_workers
        return Share(self.worker, self.num_workers, local)

    def scope(self) -> contextlib.AbstractContextManager:
        """Where variables are made that every replica has."""
        if self.strategy is None:
            return contextlib.nullcontext()
        return self.strategy.scope()

    def gather(self, values: Iterable[int]) -> np.ndarray:
        """Returns int64 [num_workers, n], the n numbers of every worker."""
        row = np.array(list(values), np.int64)
        table = np.zeros((self.num_workers, len(row)), np.int64)
        table[self.worker] = row
        if self.num_workers == 1:
            return table
        return self._sum(table)

    def from_chief(self, arrays: dict[str, np.ndarray]) -> dict:
        """Returns the chief's arrays on every worker.

        Args:
            arrays: The same names, shapes and types everywhere; what stands in
                those of other workers does not matter.
        """
        if self.num_workers == 1:
            return arrays
        result = {}
        for kind in ("f", "iub"):
            names = sorted(n for n in arrays if arrays[n].dtype.kind in kind)
            if not names:
                continue
            wide = np.float32 if kind == "f" else np.int64
            packed = np.concatenate(
                [arrays[n].astype(wide).ravel() for n in names]
            )
            if not self.is_chief:
                packed = np.zeros_like(packed)
            ends = np.cumsum([arrays[n].size for n in names])[:-1]
            parts = np.split(self._sum(packed), ends)
            for name, part in zip(names, parts, strict=True):
                like = arrays[name]
                result[name] = part.reshape(like.shape).astype(like.dtype)
        return result

    def together(self, function: Callable[[], Any]) -> Any:
        """Calls a function on every worker; all go on, or none does.

        Without this, workers would wait without an end for one that failed.

        Raises:
            ValueError: If another worker failed; it says why itself.
        """
        if self.num_workers == 1:
            return function()
        outcome, result, problem = _GOOD, None, None
        try:
            result = function()
        except PreemptedError as stop:
            outcome, problem = _ASKED, stop
        except Exception as error:
            outcome, problem = _FAILED, error
        outcomes = self.gather([outcome])[:, 0]
        if problem is not None:
            raise problem
        if _FAILED in outcomes:
            raise ValueError(
                f"worker {self.worker}: expected all workers to go on, "
                f"received a failure of worker "
                f"{', '.join(map(str, np.flatnonzero(outcomes == _FAILED)))}, "
                "whose own message says why; mend that and start all again"
            )
        if _ASKED in outcomes:
            raise PreemptedError
        return result

    def _sum(self, values: np.ndarray) -> np.ndarray:
        """Adds up what each worker's first replica has."""
        local = self.count // self.num_workers

        def on_replica(context):
            is_first = context.replica_id_in_sync_group % local == 0
            return tf.constant(values if is_first else np.zeros_like(values))

        spread = self.strategy.experimental_distribute_values_from_function(
            on_replica
        )
        return self.strategy.reduce("SUM", spread, axis=None).numpy()


def open_replicas(config: TrainConfig) -> Replicas:
    """Makes the replicas that --strategy asks for.

    Raises:
        ValueError: If the backend has no such strategy, TF_CONFIG does not
            fit, a worker does not join, or the batch cannot be divided.
    """
    if keras.backend.backend() == "jax":
        replicas = _jax_replicas(config)
    elif config.strategy == "mirrored":
        replicas = Replicas(tf.distribute.MirroredStrategy(_devices()))
    elif config.strategy == "multi_worker":
        replicas = _join_workers(config)
    else:
        replicas = Replicas(tf.distribute.get_strategy())
    _check_batch(config, replicas)
    return replicas


def _devices() -> list[str]:
    """All GPUs; all logical processors where there is none."""
    found = tf.config.list_logical_devices("GPU")
    found = found or tf.config.list_logical_devices("CPU")
    return [device.name for device in found]


def _join_workers(config: TrainConfig) -> Replicas:
    cluster = read_cluster()
    if len(cluster.workers) == 1:
        return Replicas(tf.distribute.MirroredStrategy(_devices()))
    wait_for_workers(cluster, config.join_seconds)
    strategy = tf.distribute.MultiWorkerMirroredStrategy()
    return Replicas(strategy, cluster.index, len(cluster.workers))


def _jax_replicas(config: TrainConfig) -> Replicas:
    if config.strategy == "multi_worker":
        raise ValueError(
            "--strategy=multi_worker: expected the TensorFlow backend, "
            "received JAX; unset KERAS_BACKEND, or pass --strategy=mirrored"
        )
    if config.accumulation_steps > 1:
        raise ValueError(
            f"--accumulation_steps={config.accumulation_steps}: expected 1 on "
            "the JAX backend; unset KERAS_BACKEND, or leave it out"
        )
    if config.strategy == "none":
        keras.distribution.set_distribution(None)
        return Replicas(None)
    devices = keras.distribution.list_devices()
    keras.distribution.set_distribution(
        keras.distribution.DataParallel(devices=devices)
    )
    return Replicas(None, num_devices=len(devices))


def _check_batch(config: TrainConfig, replicas: Replicas) -> None:
    if replicas.count > 1 and config.jit_compile and config.sync_batch_norm:
        raise ValueError(
            "--jit_compile and --sync_batch_norm: expected one of them with "
            f"{replicas.count} replicas, received both; replicas cannot speak "
            "to each other within a compiled step; leave one of the two out"
        )
    trains = config.backbone in invertible.names() or (
        config.method == "encoder_decoder"
    )
    # A step of JAX sees the whole batch anyway.
    is_rolled = config.memory_saving and trains and replicas.strategy
    if replicas.count > 1 and config.sync_batch_norm and is_rolled:
        raise ValueError(
            "--sync_batch_norm and --memory_saving: expected one of them with "
            f"{replicas.count} replicas and an invertible network that "
            "trains, received both; replicas cannot speak to each other "
            "within its loop over blocks; leave one of the two out"
        )
    pieces = replicas.count * config.accumulation_steps
    if config.batch_size % pieces:
        raise ValueError(
            f"--batch_size={config.batch_size}: expected a multiple of "
            f"{pieces}, for {replicas.count} replicas that take their part in "
            f"{config.accumulation_steps}; choose another, and "
            "--allow_batch_change if the recipe has one"
        )
