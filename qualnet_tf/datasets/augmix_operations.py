"""The nine operations of AugMix that ImageNet-C does not test.

Hendrycks, Mu, Cubuk, Zoph, Gilmer, Lakshminarayanan, "AugMix: A Simple Data
Processing Method to Improve Robustness and Uncertainty", ICLR 2020, section 3:
colour, contrast, brightness and sharpness are left out, because they overlap
with the corruptions of the test.

Every operation is `f(image, level, sign)`: float32 [height, width, 3] of a
static shape, in [0, 1] and holding whole 8-bit levels, k / 255, to the same.
The level, a float32 scalar in (0, 10], is its strength; the sign, +1.0 or
-1.0, is the direction of a movement. Ranges are those of the released AugMix
code; pixels equal Pillow 12's, made of float64 and whole numbers too.
"""

import math

import numpy as np
import tensorflow as tf

from qualnet_tf.corruptions import checks

# What an operation does at level 10 (released code, augmentations.py).
_MAX_LEVEL = 10.0
_POSTERIZE_BITS = 4
_ROTATE_DEGREES = 30
_SOLARIZE_LEVELS = 256
_SHEAR = 0.3
_TRANSLATE_DIVISOR = 3  # of the side

_NUM_LEVELS = 256
_CHANNELS = 3


def autocontrast(image, level, sign):
    """Stretches every channel to the full range; `ImageOps.autocontrast`."""
    del level, sign
    levels = _to_levels(image)
    low = tf.reduce_min(levels, axis=(0, 1))
    span = tf.reduce_max(levels, axis=(0, 1)) - low
    return _to_image(_look_up(levels, _stretching_tables(low, span)))


def equalize(image, level, sign):
    """Flattens the histogram of every channel; `ImageOps.equalize`."""
    del level, sign
    levels = _to_levels(image)
    counts = tf.raw_ops.DenseBincount(
        input=tf.reshape(_table_places(levels), [-1]),
        size=_CHANNELS * _NUM_LEVELS,
        weights=tf.constant([], tf.int32),
    )
    counts = tf.reshape(counts, [_CHANNELS, _NUM_LEVELS])
    brightest = tf.reduce_max(levels, axis=(0, 1))
    return _to_image(_look_up(levels, _equalizing_tables(counts, brightest)))


def posterize(image, level, sign):
    """Keeps 4 - level * 4 / 10 bits of the 8; `ImageOps.posterize`."""
    del sign
    cleared = 8 - _POSTERIZE_BITS + _whole(level, _POSTERIZE_BITS)
    levels = tf.bitwise.right_shift(_to_levels(image), cleared)
    return _to_image(tf.bitwise.left_shift(levels, cleared))


def solarize(image, level, sign):
    """Inverts from 256 - level * 256 / 10 upwards; `ImageOps.solarize`."""
    del sign
    threshold = _NUM_LEVELS - _whole(level, _SOLARIZE_LEVELS)
    levels = _to_levels(image)
    return _to_image(tf.where(levels < threshold, levels, 255 - levels))


def rotate(image, level, sign):
    """Turns by whole degrees, up to 30, about the centre.

    Positive is counter-clockwise; black comes in. `Image.rotate`, bilinear.
    """
    degrees = _whole(sign * level, _ROTATE_DEGREES)
    table = tf.constant(_rotations(image.shape[0], image.shape[1]))
    return _affine(image, tf.gather(table, degrees + _ROTATE_DEGREES))


def shear_x(image, level, sign):
    """Moves row y left by up to 0.3 * y; black comes in."""
    shear = _part(sign * level, _SHEAR)
    return _affine(image, [1.0, shear, 0.0, 0.0, 1.0, 0.0])


def shear_y(image, level, sign):
    """Moves column x up by up to 0.3 * x; black comes in."""
    shear = _part(sign * level, _SHEAR)
    return _affine(image, [1.0, 0.0, 0.0, shear, 1.0, 0.0])


def translate_x(image, level, sign):
    """Moves left by whole pixels, up to a third; black comes in."""
    return _translate(image, level, sign, axis=1)


def translate_y(image, level, sign):
    """Moves up by whole pixels, up to a third; black comes in."""
    return _translate(image, level, sign, axis=0)


# In the order of the paper's code; `augmix` draws places of this.
OPERATIONS = {
    function.__name__: function
    for function in (
        autocontrast,
        equalize,
        posterize,
        rotate,
        solarize,
        shear_x,
        shear_y,
        translate_x,
        translate_y,
    )
}


def _stretching_tables(low, span):
    """Returns tables that take low to 0 and low + span to 255, by channel.

    Args:
        low: int32 [channels], the darkest levels.
        span: int32 [channels]; 0 keeps the channel.
    """
    levels = tf.range(_NUM_LEVELS)
    darkest = tf.cast(low, tf.float64)[:, tf.newaxis]
    span = span[:, tf.newaxis]
    scale = 255.0 / tf.cast(tf.maximum(span, 1), tf.float64)
    # Truncated after these roundings: levels are lost where Pillow loses them.
    table = tf.cast(levels, tf.float64) * scale + -darkest * scale
    table = tf.clip_by_value(tf.cast(table, tf.int32), 0, 255)
    return tf.where(span > 0, table, levels)


def _equalizing_tables(counts, brightest):
    """Returns tables that spread the levels evenly, int32 [channels, 256].

    Args:
        counts: int32 [channels, 256], the histograms.
        brightest: int32 [channels], the highest level of each.
    """
    last = tf.gather(counts, brightest, batch_dims=1)
    step = (tf.reduce_sum(counts, axis=1) - last) // 255
    step = step[:, tf.newaxis]
    below = tf.cumsum(counts, axis=1, exclusive=True)
    some = tf.maximum(step, 1)
    # Small pictures exceed 255; Pillow clips where it stores the table.
    table = tf.minimum((some // 2 + below) // some, 255)
    return tf.where(step > 0, table, tf.range(_NUM_LEVELS))


def _look_up(levels, tables):
    """Replaces each level by the entry of its channel's table."""
    return tf.gather(tf.reshape(tables, [-1]), _table_places(levels))


def _table_places(levels):
    return levels + tf.range(_CHANNELS) * _NUM_LEVELS


def _rotations(height, width):
    """Returns matrices of -30 to 30 degrees, float64 [61, 6]; see _affine."""
    centre_x, centre_y = width / 2, height / 2
    rows = []
    for degrees in range(-_ROTATE_DEGREES, _ROTATE_DEGREES + 1):
        angle = -math.radians(degrees % 360)
        # 15 digits, as Pillow has it.
        cos, sin = round(math.cos(angle), 15), round(math.sin(angle), 15)
        back_x = -(cos * -centre_x + sin * -centre_y + centre_x)
        back_y = -(-sin * -centre_x + cos * -centre_y + centre_y)
        rows.append((cos, sin, back_x, -sin, cos, back_y))
    return np.array(rows, np.float64)


def _affine(image, matrix):
    """Shows at (x, y) what is at (a x + b y - c, d x + e y - f).

    Pillow's conventions: bilinear, black outside; the centre of the first
    pixel is (0.5, 0.5); places between it and the edge of the picture see the
    pixel repeated; results are truncated to whole levels.

    Args:
        image: float32 [height, width, 3] of whole levels.
        matrix: Float64 numbers (a, b, c, d, e, f).
    """
    height, width, _ = image.shape
    m = tf.unstack(tf.cast(tf.stack(matrix), tf.float64))
    x = tf.constant(np.arange(width) + 0.5)
    y = tf.constant(np.arange(height)[:, np.newaxis] + 0.5)
    # Subtracted: graph optimisation would reorder a sum of three.
    x, y = m[0] * x + m[1] * y - m[2], m[3] * x + m[4] * y - m[5]
    inside = (x >= 0.0) & (x < width) & (y >= 0.0) & (y < height)

    left, right, right_share = _neighbours(x, width)
    above, below, below_share = _neighbours(y, height)
    pixels = tf.reshape(tf.cast(_to_levels(image), tf.float64), [-1, _CHANNELS])

    def between(row):
        first = tf.gather(pixels, row * width + left)
        second = tf.gather(pixels, row * width + right)
        return _blend(first, second, right_share)

    levels = _blend(between(above), between(below), below_share)
    return _to_image(tf.where(inside[..., tf.newaxis], tf.floor(levels), 0.0))


def _neighbours(places, size):
    """Returns two indices and the share of the second, for every place."""
    first = tf.floor(places - 0.5)
    share = (places - 0.5 - first)[..., tf.newaxis]
    both = [tf.cast(first, tf.int32), tf.cast(first, tf.int32) + 1]
    return *(tf.clip_by_value(b, 0, size - 1) for b in both), share


def _blend(first, second, share):
    return first + (second - first) * share


def _translate(image, level, sign, axis):
    # Whole pixels need no interpolation.
    size = image.shape[axis]
    reach = size / _TRANSLATE_DIVISOR
    shift = _whole(sign * level, reach)
    reach = math.ceil(reach)
    paddings, begin = [(0, 0)] * 3, [0] * 3
    paddings[axis], begin[axis] = (reach, reach), reach + shift
    return tf.slice(tf.pad(image, paddings), begin, image.shape)


def _whole(level, at_most):
    """Returns int(level * at_most / 10), an int32 scalar; towards zero."""
    return tf.cast(_part(level, at_most), tf.int32)


def _part(level, at_most):
    """Returns level * at_most / 10 as a float64 scalar."""
    product = tf.cast(level, tf.float64) * at_most
    # Graph optimisation makes other numbers of a quotient with a constant
    # (the product with its reciprocal), but leaves this function alone.
    return tf.math.divide_no_nan(product, tf.constant(_MAX_LEVEL, tf.float64))


def _to_levels(image):
    return tf.cast(checks.nearest_level(image * 255.0), tf.int32)


def _to_image(levels):
    return tf.cast(levels, tf.float32) * (1.0 / 255.0)
