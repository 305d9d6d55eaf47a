"""Poisson counts for 8-bit rates, by alias tables: one gather per sample.

Walker's alias method ("New fast method for generating discrete random numbers
with arbitrary frequency distributions", Electronics Letters 10, 1974): cell j
of a table yields j, or its alias when a fraction is above the cell's threshold.
One 32-bit draw gives the cell (top bits) and the fraction (the rest), so the
distribution is exact to 2**-24. `tf.random.stateless_poisson` is exact too,
and several times slower.
"""

import functools

import numpy as np
import tensorflow as tf

from qualnet_tf.corruptions import seeds, severities

_LEVELS = 256
# Probability that may be missing from a table; the rest is renormalised.
_TAIL = 1e-7


def sample(image, photons, severity, seed):
    """Draws Poisson(photons * image) for every value.

    Args:
        image: float32 in [0, 1], any shape; rounded to 256 levels.
        photons: Five rates at full brightness, a tuple of numbers.
        severity: An int from 1 to 5 or an int32 scalar tensor.
        seed: An int32 tensor of shape [2].

    Returns:
        float32 counts of the image's shape.
    """
    cells, offsets = alias_tables(photons)
    cell_bits = int(cells.shape[-1]).bit_length() - 1
    fraction_bits = 32 - cell_bits
    level = tf.cast(image * 255.0 + 0.5, tf.int32)
    draw = seeds.bits(seed, image.shape)
    column = tf.cast(tf.bitwise.right_shift(draw, _u32(fraction_bits)), "int32")
    fraction = tf.bitwise.bitwise_and(draw, _u32(2**fraction_bits - 1))
    flat = tf.reshape(severities.choose(cells, severity), [-1])
    cell = tf.gather(flat, level * cells.shape[-1] + column)
    keep = fraction < tf.bitwise.right_shift(cell, _u32(cell_bits))
    alias = tf.bitwise.bitwise_and(cell, _u32(cells.shape[-1] - 1))
    alias = tf.cast(alias, tf.int32)
    count = alias + tf.cast(keep, tf.int32) * (column - alias)
    if offsets.any():
        count += tf.gather(severities.choose(offsets, severity), level)
    return tf.cast(count, tf.float32)


def _u32(number):
    return tf.constant(number, tf.uint32)


@functools.lru_cache(maxsize=8)
def alias_tables(photons):
    """Returns packed alias tables for rates `c * level / 255`.

    Args:
        photons: Rates c at full brightness, a tuple of numbers.

    Returns:
        cells: uint32 [len(photons), 256, width], width a power of two: the
            threshold in the high bits, the alias in the low log2(width).
        offsets: int32 [len(photons), 256], the count that column 0 stands for.
    """
    rates = np.outer(photons, np.arange(_LEVELS) / 255.0).reshape(-1)
    probabilities, offsets = _windows(rates)
    thresholds, aliases = _walker(probabilities)
    width = probabilities.shape[1]
    bits = width.bit_length() - 1
    top = 2 ** (32 - bits) - 1
    packed = np.minimum(np.round(thresholds * (top + 1)), top).astype(np.uint64)
    packed = (packed << np.uint64(bits)) | aliases.astype(np.uint64)
    shape = (len(photons), _LEVELS)
    return (
        packed.astype(np.uint32).reshape(*shape, width),
        offsets.astype(np.int32).reshape(shape),
    )


def _windows(rates):
    """Returns each rate's pmf in a window, and where the window starts."""
    highest = float(rates.max())
    counts = np.arange(int(highest + 12 * np.sqrt(highest) + 24))
    log_factorial = np.concatenate([[0.0], np.cumsum(np.log(counts[1:]))])
    log_rate = np.log(np.maximum(rates, 1e-30))[:, None]
    pmf = np.exp(counts * log_rate - rates[:, None] - log_factorial)
    cumulative = np.cumsum(pmf, axis=1)
    first = np.argmax(cumulative > _TAIL / 2, axis=1)
    last = np.argmax(cumulative > 1 - _TAIL / 2, axis=1)
    width = 1 << int(np.ceil(np.log2((last - first).max() + 1)))
    if last.max() < width:
        first = np.zeros_like(first)  # no offsets needed: one gather less
    columns = first[:, None] + np.arange(width)
    pmf = np.pad(pmf, [(0, 0), (0, width)])
    window = np.take_along_axis(pmf, columns, axis=1)
    return window / window.sum(axis=1, keepdims=True), first


def _walker(probabilities):
    """Returns thresholds and aliases, for all rows at once.

    Each step settles the poorest open cell of every row with the help of the
    richest one.
    """
    num_rows, width = probabilities.shape
    mass = probabilities * width
    thresholds = np.ones_like(mass)
    aliases = np.tile(np.arange(width), (num_rows, 1))
    is_open = np.ones(mass.shape, bool)
    row = np.arange(num_rows)
    for _ in range(width - 1):
        poor = np.where(is_open, mass, np.inf).argmin(axis=1)
        rich = np.where(is_open, mass, -np.inf).argmax(axis=1)
        thresholds[row, poor] = np.minimum(mass[row, poor], 1.0)
        aliases[row, poor] = rich
        mass[row, rich] -= 1.0 - thresholds[row, poor]
        is_open[row, poor] = False
    return thresholds, aliases
