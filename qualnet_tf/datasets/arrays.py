"""Data sets whose examples can be reached by index."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from qualnet_tf.datasets.source import ImageSource


def index_elements(
    num_examples: int, seed: tf.Tensor | None = None
) -> tf.data.Dataset:
    """Returns elements {"index": int64} in index order or fully shuffled.

    Args:
        num_examples: Number of elements.
        seed: int32 [2], may be symbolic; the permutation depends on it alone
            (unlike `Dataset.shuffle`, which mixes in the process-wide seed).
    """
    indices = tf.range(num_examples, dtype=tf.int64)
    if seed is not None:
        indices = tf.random.experimental.stateless_shuffle(indices, seed)
    return tf.data.Dataset.from_tensor_slices({"index": indices})


def check_labels(
    name: str, labels: np.ndarray, class_names: Sequence[str]
) -> None:
    """Raises ValueError if a label is outside [0, number of classes)."""
    wrong = labels[(labels < 0) | (labels >= len(class_names))]
    if wrong.size:
        raise ValueError(
            f"data set {name!r}: expected labels 0 to {len(class_names) - 1} "
            f"({len(class_names)} classes), received {wrong[0]}: correct the "
            "labels or the list of classes"
        )


def array_source(
    name: str,
    images: np.ndarray,
    labels: np.ndarray,
    class_names: Sequence[str],
) -> ImageSource:
    """Makes a data set of arrays in memory.

    Args:
        name: What the data set is called.
        images: uint8 [n, height, width, 3].
        labels: int [n].
        class_names: One name per class.

    Raises:
        ValueError: If a label has no class.
    """
    check_labels(name, labels, class_names)
    all_images = tf.constant(images, tf.uint8)
    all_labels = tf.constant(labels, tf.int64)

    def decode(element):
        index = element["index"]
        return {
            "index": index,
            "image": tf.gather(all_images, index),
            "label": tf.gather(all_labels, index),
        }

    return ImageSource(
        name=name,
        num_examples=len(labels),
        class_names=tuple(class_names),
        elements=lambda seed=None: index_elements(len(labels), seed),
        decode=decode,
    )
