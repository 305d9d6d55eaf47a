"""Corrupted sets that others made, read from disk in the layouts they have.

DIR/[family/]CORRUPTION/SEVERITY/CLASS/FILE   ImageNet-C, Tiny-ImageNet-C
DIR/CORRUPTION.npy and DIR/labels.npy         CIFAR-10-C, CIFAR-100-C
a prepared set of TensorFlow Datasets         cifar10_corrupted and the like
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from qualnet_tf.datasets.released_set import ReleasedSet


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
