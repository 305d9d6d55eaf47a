"""Noise: gaussian, shot (Poisson), impulse (salt and pepper), speckle.

All four draw for each pixel and channel by itself. Every function takes a
float32 image [height, width, 3] in [0, 1] and returns the same shape, neither
clipped nor truncated.
"""

import tensorflow as tf

from qualnet_tf.corruptions import poisson, seeds, severities


def gaussian_noise(image, severity, seed, options):
    """Adds N(0, sigma)."""
    (sigma,) = _columns("gaussian_noise", image, severity, options)
    return image + sigma * seeds.normal(seed, image.shape)


def speckle_noise(image, severity, seed, options):
    """Multiplies by 1 + N(0, sigma)."""
    (sigma,) = _columns("speckle_noise", image, severity, options)
    return image + image * (sigma * seeds.normal(seed, image.shape))


def impulse_noise(image, severity, seed, options):
    """Sets a share of the values to 0 or 1, half of them each.

    Values, not pixels: as in scikit-image, whose `random_noise` made the
    released sets, the three channels of a pixel are hit independently.
    """
    (amount,) = _columns("impulse_noise", image, severity, options)
    draw = seeds.uniform(seed, image.shape)
    # Not tf.where, which goes from value to value.
    salted = tf.maximum(image, tf.cast(draw < amount, tf.float32))
    return salted * tf.cast(draw >= 0.5 * amount, tf.float32)


def shot_noise(image, severity, seed, options):
    """Poisson noise: photons are counted at c per unit of brightness.

    Rates are taken at the nearest of the 256 levels, which is exact for 8-bit
    pictures (the reference knows no others) and lets a table do the work.
    """
    photons = [
        row[0]
        for row in severities.rows("shot_noise", image, options.severity_table)
    ]
    counts = poisson.sample(image, tuple(photons), severity, seed)
    return counts * severities.choose([1.0 / c for c in photons], severity)


def _columns(name, image, severity, options):
    rows = severities.rows(name, image, options.severity_table)
    return severities.columns(rows, severity)
