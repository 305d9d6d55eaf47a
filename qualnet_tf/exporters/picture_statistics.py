"""Numbers about a picture that change when it is corrupted, in the graph.

They are cheap beside a network and need no clean picture to compare with:
brightness, contrast, colour and clipped pixels; how strong second differences
are at three scales (blur takes them away, noise adds them) and how heavy their
tails are (edges are rare and strong, noise is everywhere); whether rows and
columns differ (motion blur, rain) and whether the grid of JPEG's blocks shows.
"""

import numpy as np
import tensorflow as tf

# Rec. 601, as JPEG has it.
_LUMINANCE = (0.299, 0.587, 0.114)
_SCALES = (1, 2, 4)
_JPEG_BLOCK = 8
# Keeps logarithms finite; half a level of 8 bits.
_FLOOR = 1 / 510
# The smallest side that has second differences at every scale.
MIN_SIDE = 16


def picture_statistics(image: tf.Tensor) -> tf.Tensor:
    """Returns the statistics of each picture.

    Args:
        image: float32 `[batch, side, side, 3]` in [0, 1], side from 16 up.

    Returns:
        float32 `[batch, number of statistics]`, finite.
    """
    grey = tf.tensordot(image, tf.constant(_LUMINANCE), 1)[..., tf.newaxis]
    colour = image - grey
    found = [*_levels(image, grey), _log(_mean_size(colour))]
    for scale in _SCALES:
        found += _details(_shrink(grey, scale))
    found += _details(colour)[:1]
    rows = _mean_size(grey[:, 1:] - grey[:, :-1])
    columns = _mean_size(grey[:, :, 1:] - grey[:, :, :-1])
    found += [_log(rows) - _log(columns), _blocks(grey)]
    return tf.stack(found, axis=1)


def _levels(image: tf.Tensor, grey: tf.Tensor) -> list[tf.Tensor]:
    """Returns brightness, contrast, and the shares of black and of white."""
    mean, variance = tf.nn.moments(grey, (1, 2, 3))
    black = tf.reduce_mean(tf.cast(image < 0.01, tf.float32), (1, 2, 3))
    white = tf.reduce_mean(tf.cast(image > 0.99, tf.float32), (1, 2, 3))
    return [mean, _log(tf.sqrt(variance)), black, white]


def _details(image: tf.Tensor) -> list[tf.Tensor]:
    """Returns the size of second differences, and how heavy their tail is."""
    inner = image[:, 1:-1, 1:-1]
    difference = (
        4 * inner
        - image[:, 2:, 1:-1]
        - image[:, :-2, 1:-1]
        - image[:, 1:-1, 2:]
        - image[:, 1:-1, :-2]
    )
    size = _mean_size(difference)
    power = tf.sqrt(tf.reduce_mean(tf.square(difference), (1, 2, 3)))
    return [_log(size), _log(power) - _log(size)]


def _blocks(grey: tf.Tensor) -> tf.Tensor:
    """Returns how much stronger steps are on the grid of JPEG's blocks."""
    steps = tf.abs(grey[:, :, 1:] - grey[:, :, :-1])
    is_border = np.arange(1, grey.shape[2]) % _JPEG_BLOCK == 0
    weights = is_border / is_border.sum() - ~is_border / (~is_border).sum()
    weights = tf.constant(weights, tf.float32)
    by_column = tf.reduce_mean(steps, (1, 3))
    contrast = tf.linalg.matvec(by_column, weights)
    return contrast / (tf.reduce_mean(by_column, 1) + _FLOOR)


def _shrink(image: tf.Tensor, factor: int) -> tf.Tensor:
    return (
        image
        if factor == 1
        else tf.nn.avg_pool2d(image, factor, factor, "VALID")
    )


def _mean_size(values: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(tf.abs(values), (1, 2, 3))


def _log(values: tf.Tensor) -> tf.Tensor:
    return tf.math.log(values + _FLOOR)
