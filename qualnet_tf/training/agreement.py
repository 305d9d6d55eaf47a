"""Workers of one run compare what they are about to train."""

import dataclasses
import zlib

import numpy as np

from qualnet_tf.config import TrainConfig
from qualnet_tf.datasets.source import ImageSource
from qualnet_tf.methods.method import Method
from qualnet_tf.training.replicas import Replicas

# What differs from one machine to the next without making another run.
_PER_MACHINE = ("join_seconds", "data_service")


def check_agreement(
    config: TrainConfig,
    sources: tuple[ImageSource, ...],
    method: Method,
    replicas: Replicas,
) -> None:
    """Refuses to train with workers that have other data or another run.

    Args:
        config: This worker's run.
        sources: Its splits.
        method: What it built; frozen parts came from its own files.
        replicas: All workers.

    Raises:
        ValueError: On every worker, naming one that differs from worker 0.
    """
    if replicas.num_workers == 1:
        return
    facts = {"flags": _checksum(_flags(config))}
    for source, split in zip(sources, ("training", "validation"), strict=True):
        facts[f"{split} images"] = source.num_examples
        facts[f"{split} classes"] = _checksum("\n".join(source.class_names))
    facts["frozen weights"] = _checksum_of_weights(method.frozen_weights)
    table = replicas.gather(facts.values())
    for column, name in enumerate(facts):
        values = table[:, column]
        others = np.flatnonzero(values != values[0])
        if len(others):
            counted = name.endswith("images")
            raise ValueError(
                f"worker {others[0]}: expected the {name} of worker 0"
                f"{f' ({values[0]})' if counted else ''}, received others"
                f"{f' ({values[others[0]]})' if counted else ''}; give all "
                "workers the same flags, data and stage-1 run"
            )


def _flags(config: TrainConfig) -> str:
    fields = dataclasses.fields(config)
    return "\n".join(
        f"{field.name}={getattr(config, field.name)}"
        for field in fields
        # Folders may be mounted at other places.
        if not field.metadata["path"] and field.name not in _PER_MACHINE
    )


def _checksum(text: str) -> int:
    return zlib.crc32(text.encode())


def _checksum_of_weights(weights) -> int:
    total = 0
    for weight in weights:
        total = zlib.crc32(np.ascontiguousarray(weight.numpy()), total)
    return total
