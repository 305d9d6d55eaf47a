"""Corrupted sets that others made, read from disk in the layouts they have.

DIR/[family/]CORRUPTION/SEVERITY/CLASS/FILE   ImageNet-C, Tiny-ImageNet-C
DIR/CORRUPTION.npy and DIR/labels.npy         CIFAR-10-C, CIFAR-100-C
a prepared set of TensorFlow Datasets         cifar10_corrupted and the like
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

from qualnet_tf.datasets.source import ImageSource

Condition = tuple[str, int]


@dataclasses.dataclass(frozen=True)
class ReleasedSet:
    """A corrupted set that was found.

    Attributes:
        name: What it is called in messages and results.
        conditions: The (corruption, severity) pairs that it holds, of whole
            corruptions only.
        open: (corruption, severity) -> its images, in an order that is the
            same in every condition.
    """

    name: str
    conditions: tuple[Condition, ...]
    open: Callable[[str, int], ImageSource]

    def choose(
        self, corruptions: Sequence[str], severities: Sequence[int]
    ) -> tuple[tuple[Condition, ...], tuple[str, ...]]:
        """Returns the conditions asked for, and the corruptions it lacks.

        Raises:
            ValueError: If it has none of the corruptions, or has a corruption
                without one of the severities.
        """
        held = {name for name, _ in self.conditions}
        lacking = tuple(name for name in corruptions if name not in held)
        if len(lacking) == len(corruptions):
            raise ValueError(
                f"{self.name}: expected some of {', '.join(corruptions)}, "
                f"received {', '.join(sorted(held))}; correct --corruptions"
            )
        chosen = tuple(
            (name, severity)
            for name in corruptions
            for severity in severities
            if name in held
        )
        gaps = [c for c in chosen if c not in self.conditions]
        if gaps:
            raise ValueError(
                f"{self.name}: expected severities "
                f"{', '.join(map(str, severities))} of every corruption, "
                f"received {gaps[0][0]} without {gaps[0][1]}; add it, or leave "
                "it out of --severities"
            )
        return chosen, lacking


def open_released(
    address: str,
    class_names: Sequence[str],
    data_dir: str | None = None,
) -> ReleasedSet:
    """Opens a corrupted set.

    Args:
        address: Folder in one of the layouts, or the name of a TensorFlow
            Datasets set whose configurations are conditions.
        class_names: The classes of the clean set; other class folders are
            passed over.
        data_dir: Folder of prepared TensorFlow Datasets.

    Raises:
        ValueError: If there is no such set, or it is incomplete.
    """
    # Here, because they load TensorFlow.
    from qualnet_tf.datasets import (
        released_arrays,
        released_folders,
        released_tfds,
    )

    folder = Path(address)
    if not folder.is_dir():
        return released_tfds.open_prepared(address, class_names, data_dir)
    if (folder / released_arrays.LABELS).is_file():
        return released_arrays.open_arrays(folder, class_names)
    return released_folders.open_folders(folder, class_names)
