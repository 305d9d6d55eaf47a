"""Spatter: drops of water (severities 1 to 3) or mud (4 and 5)."""

import numpy as np
import tensorflow as tf

from qualnet_tf.corruptions import (
    drops,
    filtering,
    kernels,
    seeds,
    severities,
)

# Pale turquoise and mud brown, in levels.
_WATER = (175, 238, 238)
_MUD = (63, 42, 20)


def spatter(image, severity, seed, options):
    """Covers part of the picture with drops.

    Where no drop forms the image stays as it is (the reference divides 0 by
    0 there and gives a black image, about once in 50 at 32 pixels).

    Args:
        image: float32 [height, width, 3] in [0, 1].
        severity: An int from 1 to 5 or an int32 scalar tensor.
        seed: An int32 tensor of shape [2].
        options: `Options` whose table is a name from `severities.TABLES`.

    Returns:
        float32 of the image's shape, not clipped.
    """
    rows = severities.rows("spatter", image, options.severity_table)
    height, width = image.shape[:2]
    noise = seeds.normal(seed, [height, width, 1])

    def one_severity(row):
        mean, deviation, sigma, threshold, strength, is_mud = row
        layer = _blurred(mean + deviation * noise, sigma)
        layer *= tf.cast(layer >= threshold, tf.float32)
        if is_mud:
            return _mud(image, layer > threshold, strength)
        return _water(image, layer, strength)

    return severities.branch(
        [lambda row=row: one_severity(row) for row in rows], severity
    )


def _blurred(layer, sigma):
    vertical, horizontal = (
        tf.constant(kernels.gaussian_matrix(n, sigma)) for n in layer.shape[:2]
    )
    return filtering.separable(
        layer, vertical, horizontal, kernels.gaussian_reach([sigma])
    )


def _mud(image, is_drop, sigma):
    """Paints smoothed drops over the image where they are thick enough."""
    mud = _blurred(tf.cast(is_drop, tf.float32), sigma)
    mud *= tf.cast(mud >= 0.8, tf.float32)
    colour = np.float32(_MUD) / np.float32(255)
    return image * (1.0 - mud) + colour * mud


def _water(image, layer, strength):
    """Adds light where the drops' shaded thickness is large."""
    # Eight bits that wrap around, as a cast in C does.
    levels = tf.math.floormod(tf.floor(layer * 255.0), 256.0)[..., 0]
    thickness = levels * drops.shading(levels)
    strength = tf.constant(strength, tf.float32)
    mask = tf.math.divide_no_nan(thickness, tf.reduce_max(thickness))
    colour = np.float32(_WATER) / np.float32(255)
    return image + (strength * mask)[..., None] * colour
