"""Images that are decoded once for all of their conditions.

A block is as many images as fit into memory as pixels; each of its conditions
follows another one before the next block is decoded.
"""

import numpy as np
import tensorflow as tf

# 43,000 images of 32 pixels, so one block for CIFAR's 10,000; 890 of 224.
_BYTES = 2**29
_BYTES_PER_PIXEL = 12


def block_size(side: int) -> int:
    """Returns how many images of that side, pixels, are one block."""
    return max(1, _BYTES // (side * side * _BYTES_PER_PIXEL))


def num_blocks(num_images: int, side: int) -> int:
    """Returns in how many blocks so many images come."""
    return -(-num_images // block_size(side))


def block_lengths(num_images: int, side: int) -> np.ndarray:
    """Returns the number of images of each block, int64 [blocks]."""
    size = block_size(side)
    starts = np.arange(0, num_images, size)
    return np.minimum(num_images - starts, size)


def num_wanted(wanted: np.ndarray, num_images: int, side: int) -> int:
    """Returns how many images a table, bool [blocks, conditions], asks for."""
    lengths = block_lengths(num_images, side)
    return int((lengths * wanted.sum(axis=1)).sum())


def every_condition(
    num_images: int, side: int, num_conditions: int
) -> np.ndarray:
    """Returns a table that asks for all: bool [blocks, conditions]."""
    return np.ones((num_blocks(num_images, side), num_conditions), bool)


def only_wanted(
    elements: tf.data.Dataset, wanted: np.ndarray, size: int
) -> tf.data.Dataset:
    """Leaves out the elements of blocks of which nothing is wanted.

    Args:
        elements: Dicts with "index".
        wanted: bool [blocks, conditions].
        size: Images per block.
    """
    any_wanted = wanted.any(axis=1)
    if any_wanted.all():
        return elements
    table = tf.constant(any_wanted)
    return elements.filter(
        lambda element: tf.gather(table, element["index"] // size)
    )


def repeat_in_blocks(
    images: tf.data.Dataset, wanted: np.ndarray, size: int
) -> tf.data.Dataset:
    """Repeats decoded images, block by block, once per wanted condition.

    Args:
        images: Dicts with "index", in index order, of the blocks of which
            anything is wanted.
        wanted: bool [blocks, conditions].
        size: Images per block.

    Returns:
        (condition, image) pairs: block after block, in each condition after
        condition, in each image after image.
    """
    table = tf.constant(wanted)

    def repeat(block):
        number = block["index"][0] // size
        conditions = tf.where(tf.gather(table, number))[:, 0]
        one_by_one = tf.data.Dataset.from_tensor_slices(block)
        return tf.data.Dataset.from_tensor_slices(conditions).flat_map(
            lambda condition: one_by_one.map(lambda image: (condition, image))
        )

    return images.batch(size).flat_map(repeat)
