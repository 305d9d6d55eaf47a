"""The relief of water drops: edges, distance to them, embossing.

The steps and constants are those of the OpenCV calls of the reference (Canny,
distanceTransform, blur, equalizeHist, filter2D), on 8-bit levels held in
float32 of shape [height, width].
"""

import math

import numpy as np
import tensorflow as tf

from qualnet_tf.corruptions import filtering

_LOW, _HIGH = 50.0, 150.0  # Canny thresholds on the L1 gradient
_TAN_22, _TAN_67 = np.tan(np.pi / 8), np.tan(3 * np.pi / 8)
_FAR = 20.0  # distances are cut off here
# Pixels that edges grow between two looks whether they still do.
_GROWTH_STEPS = 2

# Step costs of OpenCV's 5x5 distance mask: straight, diagonal (1.4), knight's
# move (2.1969), in its fixed point of 16 bits. Sums are exact in float32, which
# matters: a mean just below a whole number loses a level.
_ONE = 2**16
_STRAIGHT, _DIAGONAL, _KNIGHT = 1.0, 91750 / _ONE, 143976 / _ONE

_EMBOSS = np.float32([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]])
_BOX = np.ones((3, 3), np.float32)


def shading(levels):
    """Returns how strongly each pixel of a drop shows, 0 to 255.

    Args:
        levels: float32 [height, width], whole numbers from 0 to 255.

    Returns:
        float32 [height, width], whole numbers from 0 to 255.
    """
    distance = edge_distance(canny_edges(levels))
    total = tf.cast(_filtered(distance, _BOX) * _ONE, tf.int32)
    relief = equalized(tf.cast(total // (9 * _ONE), tf.float32))
    embossed = _filtered(relief, _EMBOSS)
    embossed = tf.round(tf.clip_by_value(embossed, 0.0, 255.0))
    return tf.round(_filtered(embossed, _BOX) * np.float32(1 / 9))


def _filtered(plane, kernel, border="reflect_101"):
    """Correlates a plane with a 3x3 kernel, by shifts of the whole plane."""
    height, width = plane.shape
    padded = filtering.pad(plane[..., None], 1, 1, 1, 1, border)[..., 0]
    terms = [
        weight * padded[down : down + height, right : right + width]
        for (down, right), weight in np.ndenumerate(kernel)
        if weight
    ]
    return tf.add_n(terms)


def canny_edges(levels):
    """Returns Canny edges: bool [height, width].

    A pixel is a candidate where its gradient is a maximum across the edge and
    above the low threshold; candidates count when they are connected to one
    above the high threshold.
    """
    sobel = np.float32([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    right = _filtered(levels, sobel, "edge")
    down = _filtered(levels, sobel.T, "edge")
    magnitude = tf.abs(right) + tf.abs(down)
    peak = _is_peak(magnitude, right, down) & (magnitude > _LOW)
    strong = tf.cast(peak & (magnitude > _HIGH), tf.float32)
    peak = tf.cast(peak, tf.float32)

    def grow(edges, _):
        grown = edges
        for _ in range(_GROWTH_STEPS):
            grown = _largest_around(grown) * peak
        return grown, tf.reduce_sum(grown) > tf.reduce_sum(edges)

    edges, _ = tf.while_loop(lambda _, grew: grew, grow, [strong, True])
    return edges > 0.0


def _largest_around(plane):
    """Returns the maximum of each pixel's 3x3 neighbourhood.

    Written as shifts of whole planes, which the processor's vector units
    take; pooling a single channel goes through it pixel by pixel.
    """
    height, width = plane.shape
    tall = tf.pad(plane, [[1, 1], [0, 0]])
    lines = tf.maximum(tf.maximum(tall[:height], plane), tall[2:])
    wide = tf.pad(lines, [[0, 0], [1, 1]])
    return tf.maximum(tf.maximum(wide[:, :width], lines), wide[:, 2:])


def _is_peak(magnitude, right, down):
    """Compares each gradient with its neighbours across the edge.

    Ties count on one side only, as in OpenCV, so a plateau keeps one pixel.
    """
    height, width = magnitude.shape
    padded = tf.pad(magnitude, [[1, 1], [1, 1]])

    def neighbour(rows, columns):
        return padded[
            1 + rows : 1 + rows + height, 1 + columns : 1 + columns + width
        ]

    across, along = tf.abs(right), tf.abs(down)
    beside = (magnitude > neighbour(0, -1)) & (magnitude >= neighbour(0, 1))
    above = (magnitude > neighbour(-1, 0)) & (magnitude >= neighbour(1, 0))
    falling = (magnitude > neighbour(-1, -1)) & (magnitude > neighbour(1, 1))
    rising = (magnitude > neighbour(-1, 1)) & (magnitude > neighbour(1, -1))
    slanted = tf.where(right * down < 0.0, rising, falling)
    steep = tf.where(along > _TAN_67 * across, above, slanted)
    return tf.where(along < _TAN_22 * across, beside, steep)


def edge_distance(edges):
    """Returns the distance to the next edge pixel, cut off at 20.

    Shortest paths of straight, diagonal and knight's moves. Such a path needs
    two neighbouring directions only, each some number of times: moves of 16, 8,
    4, 2 and 1 times a direction, each tried once, make every number. None of
    them leaves the rectangle between its ends, so borders cut off nothing.

    Args:
        edges: bool [height, width].

    Returns:
        float32 [height, width] in [0, 20].
    """
    distance = tf.where(edges, 0.0, _FAR)
    for times in (16, 8, 4, 2, 1):
        for (down, right), cost in _MOVES.items():
            if times * cost < _FAR:
                moved = _moved(distance, times * down, times * right)
                distance = tf.minimum(distance, moved + times * cost)
    return distance


# The sixteen directions of a 5x5 neighbourhood, and what a move costs.
_MOVES = {
    (down, right): {1: _STRAIGHT, 2: _DIAGONAL, 5: _KNIGHT}[down**2 + right**2]
    for down in range(-2, 3)
    for right in range(-2, 3)
    if math.gcd(down, right) == 1
}


def _moved(plane, down, right):
    """Moves a plane by whole pixels; what comes in is far away."""
    height, width = plane.shape
    rows, columns = height - abs(down), width - abs(right)
    if rows <= 0 or columns <= 0:
        return tf.fill(plane.shape, _FAR)
    top, left = max(-down, 0), max(-right, 0)
    part = plane[top : top + rows, left : left + columns]
    pads = [
        [max(down, 0), max(-down, 0)],
        [max(right, 0), max(-right, 0)],
    ]
    return tf.pad(part, pads, constant_values=_FAR)


def equalized(levels):
    """Spreads 8-bit levels so that all are equally frequent (OpenCV).

    The darkest level present becomes 0; a plane of one level stays.
    """
    whole = tf.cast(levels, tf.int32)
    # Not tf.math.bincount: XLA wants a size that is known beforehand.
    counts = tf.raw_ops.DenseBincount(
        input=tf.reshape(whole, [-1]),
        size=256,
        weights=tf.zeros([0], tf.int32),
    )
    cumulative = tf.cumsum(counts)
    darkest = tf.gather(counts, tf.reduce_min(whole))
    rest = tf.cast(cumulative[-1] - darkest, tf.float32)
    above = tf.cast(cumulative - darkest, tf.float32)
    spread = tf.round(tf.math.divide_no_nan(above * 255.0, rest))
    return tf.where(rest > 0.0, tf.gather(spread, whole), levels)
