"""Elastic transform: a random affine map, then smooth random displacements.

The authors' version and, as a variant, that of the package imagecorruptions,
which has no affine part and other constants: another corruption. Simard,
Steinkraus and Platt, "Best practices for convolutional neural networks", ICDAR
2003.
"""

import numpy as np
import tensorflow as tf

from qualnet_tf.corruptions import kernels, seeds, severities

# The authors wrote 244 for 224 ("ultimately nothing is incorrect") and 360 for
# 299 pixels.
_SIDE_FACTOR = {"imagenet_c": 244 / 224, "imagenet_c_299": 360 / 299}

# Of the package imagecorruptions: amplitude of the noise and its smoothing as
# shares of the side, and the factor per severity.
_PACKAGE_REACH, _PACKAGE_SIGMA = 0.005, 0.01
_PACKAGE_ALPHA = (12.5, 16.25, 21.25, 25.0, 30.0)


def elastic_transform(image, severity, seed, options):
    """Moves three corners of a square by a few pixels, then every pixel.

    Args:
        image: float32 [height, width, 3] in [0, 1].
        severity: An int from 1 to 5 or an int32 scalar tensor.
        seed: An int32 tensor of shape [2].
        options: `Options` whose table is a name from `severities.TABLES`.

    Returns:
        float32 of the image's shape, in [0, 1].
    """
    if options.variant == "imagecorruptions":
        return _without_affine(image, severity, seed)
    height, width = image.shape[:2]
    side = min(height, width)
    side *= _SIDE_FACTOR.get(options.severity_table, 1.0)
    rows = severities.rows("elastic_transform", image, options.severity_table)
    rows = [tuple(side * share for share in row) for row in rows]
    alpha, _, jitter = severities.columns(rows, severity)
    down, right = affine_sources(
        height, width, jitter * seeds.uniform(seed, [3, 2], -1.0, 1.0)
    )
    image = bilinear(image, _mirrored(down, height), _mirrored(right, width))
    sigmas = [row[1] for row in rows]
    vertical, horizontal = (
        severities.choose(
            kernels.gaussian_matrices(n, sigmas, "symmetric", 3.0), severity
        )
        for n in (height, width)
    )
    noise = _smooth_noise(vertical, horizontal, seeds.fold_seed(seed, 1))
    return _displaced(image, alpha * noise)


def _without_affine(image, severity, seed):
    """The package's version: displacements alone, the same at every size."""
    height, width = image.shape[:2]
    vertical, horizontal = (
        tf.constant(
            kernels.gaussian_matrix(n, _PACKAGE_SIGMA * n, "symmetric", 3.0)
        )
        for n in (height, width)
    )
    alpha = severities.choose(_PACKAGE_ALPHA, severity)
    noise = _smooth_noise(vertical, horizontal, seed)
    return _displaced(image, (_PACKAGE_REACH * height) * alpha * noise)


def _displaced(image, shift):
    """Reads every pixel where it is moved from: shift [2, height, width]."""
    height, width = image.shape[:2]
    down = tf.range(height, dtype=tf.float32)[:, None] + shift[0]
    right = tf.range(width, dtype=tf.float32) + shift[1]
    return bilinear(image, _folded(down, height), _folded(right, width))


def affine_sources(height, width, moves):
    """Returns where an affine map of three moved corners reads each pixel.

    Args:
        height: Image height.
        width: Image width.
        moves: float32 [3, 2], how far (x, y) the corners move, in pixels.

    Returns:
        Row and column positions, float32 [height, width] each, rounded to
        1/32 pixel as OpenCV's warpAffine does.
    """
    x, y, third = width // 2, height // 2, min(height, width) // 3
    corners = np.array(
        [
            (x + third, y + third, 1.0),
            (x + third, y - third, 1.0),
            (x - third, y - third, 1.0),
        ]
    )
    solve = tf.constant(np.linalg.inv(corners), tf.float32)
    moved = tf.constant(corners[:, :2], tf.float32) + moves
    forward = tf.reduce_sum(solve[:, :, None] * moved, axis=1)
    (a, c), (b, d), (e, f) = (tf.unstack(r) for r in tf.unstack(forward))
    # x' = a x + b y + e, y' = c x + d y + f, solved for x and y.
    determinant = a * d - b * c
    columns = tf.range(width, dtype=tf.float32) - e
    rows = tf.range(height, dtype=tf.float32)[:, None] - f
    right = (d * columns - b * rows) / determinant
    down = (a * rows - c * columns) / determinant
    return tf.round(down * 32.0) / 32.0, tf.round(right * 32.0) / 32.0


def _smooth_noise(vertical, horizontal, seed):
    """Returns filtered uniform noise, [2, height, width]."""
    height, width = vertical.shape[0], horizontal.shape[0]
    noise = seeds.uniform(seed, [2 * height, width], -1.0, 1.0)
    noise = tf.matmul(noise, horizontal, transpose_b=True)
    noise = tf.reshape(noise, [2, height, width])
    return tf.stack([tf.matmul(vertical, plane) for plane in tf.unstack(noise)])


def _mirrored(positions, size):
    """Folds positions into 0..size-1, mirrored at the outer pixels' centres."""
    folded = _modulo(positions, 2.0 * (size - 1))
    folded = tf.minimum(folded, 2.0 * (size - 1) - folded)
    # Rounding may leave a position a hair outside.
    return tf.clip_by_value(folded, 0.0, size - 1.0)


def _folded(positions, size):
    """Folds positions into 0..size-1, mirrored at the outer pixels' edges."""
    shifted = _modulo(positions + 0.5, 2.0 * size)
    folded = tf.minimum(shifted, 2.0 * size - shifted) - 0.5
    return tf.clip_by_value(folded, 0.0, size - 1.0)


def _modulo(positions, period):
    """As tf.math.floormod, which goes from value to value."""
    return positions - period * tf.floor(positions * (1.0 / period))


def bilinear(image, down, right):
    """Reads an image at fractional positions.

    Args:
        image: float32 [height, width, channels].
        down: float32 [height, width], rows from 0 to height - 1.
        right: float32 [height, width], columns from 0 to width - 1.

    Returns:
        float32 of the image's shape.
    """
    height, width, channels = image.shape
    top, left = tf.floor(down), tf.floor(right)
    # Repeated per channel: cheaper than letting products broadcast.
    lower_weight, right_weight = (
        tf.tile(tf.reshape(part, [-1, 1]), [1, channels])
        for part in (down - top, right - left)
    )
    index = tf.cast(top, tf.int32) * width + tf.cast(left, tf.int32)
    index = tf.reshape(index, [-1])
    # Beyond the last row and column a neighbour is read, with weight 0.
    pixels = tf.reshape(image, [-1, channels])
    pixels = tf.pad(pixels, [[0, width + 1], [0, 0]])
    corner = tf.gather(pixels, index)
    upper = corner + right_weight * (tf.gather(pixels, index + 1) - corner)
    corner = tf.gather(pixels, index + width)
    lower = tf.gather(pixels, index + width + 1) - corner
    lower = corner + right_weight * lower
    return tf.reshape(upper + lower_weight * (lower - upper), image.shape)
