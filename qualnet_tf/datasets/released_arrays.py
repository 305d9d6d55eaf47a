"""The layout of CIFAR-10-C and CIFAR-100-C: an array per corruption.

CORRUPTION.npy is uint8 [5 * n, height, width, 3], severity 1 first;
labels.npy holds the n labels, five times or once.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from qualnet_tf import corruptions
from qualnet_tf.datasets.arrays import check_labels, index_elements
from qualnet_tf.datasets.released_set import ReleasedSet
from qualnet_tf.datasets.source import ImageSource

LABELS = "labels.npy"
_SEVERITIES = (1, 2, 3, 4, 5)


def open_arrays(folder: Path, class_names: Sequence[str]) -> ReleasedSet:
    """Opens a folder of arrays; their lengths are checked here.

    Args:
        folder: With `LABELS` in it.
        class_names: One name per class, in the order of the labels.

    Raises:
        ValueError: If an array is damaged, of another shape or length than
            the labels say, or a label has no class.
    """
    names = [n for n in corruptions.names() if _file(folder, n).is_file()]
    if not names:
        raise ValueError(
            f"{folder}: expected arrays such as fog.npy beside {LABELS}, "
            "received none of them; correct the folder"
        )
    labels = _labels(folder)
    check_labels(str(folder), labels, class_names)
    for name in names:
        _open_array(folder, name, len(labels))

    def open_condition(name: str, severity: int) -> ImageSource:
        array = _open_array(folder, name, len(labels))
        start = (severity - 1) * len(labels)
        return _array_source(
            str(folder), array, start, labels, tuple(class_names)
        )

    return ReleasedSet(
        name=str(folder),
        conditions=tuple((n, s) for n in names for s in _SEVERITIES),
        open=open_condition,
    )


def _file(folder: Path, name: str) -> Path:
    return folder / f"{name}.npy"


def _labels(folder: Path) -> np.ndarray:
    """Returns the labels of one severity, int64."""
    labels = _load(folder / LABELS)
    if labels.ndim != 1 or not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(
            f"{folder / LABELS}: expected whole numbers [images], received "
            f"{labels.dtype} {labels.shape}; restore the file"
        )
    once, rest = divmod(len(labels), len(_SEVERITIES))
    # CIFAR-10-C repeats them for each severity; copies made elsewhere may not.
    if not rest and np.array_equal(
        labels, np.tile(labels[:once], len(_SEVERITIES))
    ):
        labels = labels[:once]
    return np.array(labels, np.int64)


def _open_array(folder: Path, name: str, num_labels: int) -> np.ndarray:
    path = _file(folder, name)
    array = _load(path)
    expected = len(_SEVERITIES) * num_labels
    if (
        array.ndim != 4
        or array.shape[3] != 3
        or array.dtype != np.uint8
        or len(array) != expected
    ):
        raise ValueError(
            f"{path}: expected uint8 [{expected}, height, width, 3], five "
            f"times the {num_labels} labels of {LABELS}, received "
            f"{array.dtype} {list(array.shape)}; restore the file"
        )
    return array


def _load(path: Path) -> np.ndarray:
    """Maps an array into memory, so that only what is read takes any."""
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise ValueError(
            f"{path}: not a whole NumPy array ({error}); restore the file"
        ) from error


def _array_source(
    name: str,
    array: np.ndarray,
    start: int,
    labels: np.ndarray,
    class_names: tuple[str, ...],
) -> ImageSource:
    all_labels = tf.constant(labels)
    shape = array.shape[1:]

    def read(index):
        return array[start + index]

    def decode(element):
        index = element["index"]
        image = tf.numpy_function(read, [index], tf.uint8, stateful=False)
        return {
            "index": index,
            "image": tf.ensure_shape(image, shape),
            "label": tf.gather(all_labels, index),
        }

    return ImageSource(
        name=name,
        num_examples=len(labels),
        class_names=class_names,
        elements=lambda seed=None: index_elements(len(labels), seed),
        decode=decode,
    )
