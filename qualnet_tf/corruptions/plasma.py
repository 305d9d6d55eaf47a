"""Plasma clouds by the diamond-square algorithm, on a torus.

Fournier, Fussell and Carpenter, "Computer rendering of stochastic models",
Communications of the ACM 25, 1982. Each level halves the grid: the middle of a
cell is the mean of its corners plus a draw, the middles of its edges the mean
of their four neighbours plus a draw, and the draws shrink from level to level.
"""

import tensorflow as tf


def num_draws(size):
    """Returns how many draws a map of `size` pixels (a power of 2) needs."""
    return size * size - 1


def plasma(draws, decay, size):
    """Returns a plasma map with minimum 0 and maximum 1.

    Args:
        draws: float32 [num_draws(size)] from -1 to 1, in the order of use:
            level by level the middles, the top edges, the left edges.
        decay: Scalar. Amplitudes shrink by decay**2 per level: the reference
            multiplies a draw between -w and w by w once more.
        size: Side of the map in pixels, a power of 2.

    Returns:
        float32 [size, size].
    """
    grid = tf.zeros([1, 1])
    amplitude, used = tf.constant(1.0), 0
    while grid.shape[0] < size:
        side = grid.shape[0]
        block = draws[used : used + 3 * side * side]
        noise = tf.reshape(block, [3, side, side]) * amplitude
        grid = _refine(grid, noise)
        used += 3 * side * side
        amplitude = amplitude / (decay * decay)
    low = tf.reduce_min(grid)
    return (grid - low) / (tf.reduce_max(grid) - low)


def _refine(corners, noise):
    """Doubles the grid: [n, n] and noise [3, n, n] to [2n, 2n]."""
    below = tf.roll(corners, -1, axis=0)
    beside = tf.roll(corners, -1, axis=1)
    cell = corners + below + beside + tf.roll(below, -1, axis=1)
    middles = 0.25 * cell + noise[0]
    above = tf.roll(middles, 1, axis=0)
    before = tf.roll(middles, 1, axis=1)
    tops = 0.25 * (middles + above + corners + beside) + noise[1]
    lefts = 0.25 * (middles + before + corners + below) + noise[2]
    side = corners.shape[0]
    cells = tf.reshape(
        tf.stack([corners, tops, lefts, middles], axis=-1), [side, side, 2, 2]
    )
    return tf.reshape(tf.transpose(cells, [0, 2, 1, 3]), [2 * side, 2 * side])
