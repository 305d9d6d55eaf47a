"""Motion blur: an exponentially fading trail along a random direction.

ImageMagick's motion blur, which the authors called: one-sided, so the picture
moves as well; 2 * radius + 1 taps weighted by half a Gaussian, at the nearest
pixel along the line; borders replicated; result truncated to 8 bits (measured:
the released functions are half a level darker than rounding would be).
"""

import math

import numpy as np
import tensorflow as tf

from qualnet_tf.corruptions import checks, filtering, seeds, severities


def motion_blur(image, severity, seed, options):
    """Blurs along a direction drawn from -45 to 45 degrees.

    Args:
        image: float32 [height, width, 3] in [0, 1].
        severity: An int from 1 to 5 or an int32 scalar tensor.
        seed: An int32 tensor of shape [2].
        options: `Options` whose table is a name from `severities.TABLES`.

    Returns:
        float32 of the image's shape, in [0, 1], truncated to 8 bits.
    """
    rows = severities.rows("motion_blur", image, options.severity_table)
    return blur_along_line(image, rows, severity, seed, (-45.0, 45.0))


def blur_along_line(image, radius_sigma, severity, seed, degrees):
    """Motion blur with radius and sigma by severity and a drawn angle.

    Args:
        image: float32 [height, width, channels] in [0, 1].
        radius_sigma: Five pairs.
        severity: An int from 1 to 5 or an int32 scalar tensor.
        seed: An int32 tensor of shape [2].
        degrees: Range of the angle; 0 reads to the right, 90 downwards.

    Returns:
        float32 of the image's shape, truncated to 8 bits.
    """
    weights = severities.choose(_weights(radius_sigma), severity)
    num_taps = weights.shape[0]
    angle = seeds.uniform(seed, [], *np.radians(degrees))
    steps = tf.range(num_taps, dtype=tf.float32)
    right = tf.cast(tf.math.ceil(steps * tf.cos(angle) - 0.5), tf.int32)
    down = tf.cast(tf.math.ceil(steps * tf.sin(angle) - 0.5), tf.int32)
    low, high = np.radians(degrees)
    left_pad, right_pad = _reach(math.cos, low, high, num_taps - 1)
    top_pad, bottom_pad = _reach(math.sin, low, high, num_taps - 1)
    padded = filtering.pad(
        image, top_pad, bottom_pad, left_pad, right_pad, "edge"
    )
    shape = tuple(filtering.fourier_size(n) for n in padded.shape[:2])
    taps = tf.stack(
        [(-top_pad - down) % shape[0], (-left_pad - right) % shape[1]], axis=1
    )
    spectrum = tf.signal.rfft2d(tf.scatter_nd(taps, weights, shape))
    blurred = filtering.fourier(padded, spectrum, shape, image.shape[:2])
    return checks.truncate_to_8_bits(blurred)


def _weights(radius_sigma):
    """Returns half-Gaussian weights [5, most taps], zeros after the end."""
    num_taps = [2 * int(radius) + 1 for radius, _ in radius_sigma]
    weights = np.zeros((len(num_taps), max(num_taps)))
    for row, count, (_, sigma) in zip(
        weights, num_taps, radius_sigma, strict=True
    ):
        row[:count] = np.exp(-0.5 * (np.arange(count) / sigma) ** 2)
        row /= row.sum()
    return weights


def _reach(wave, low, high, length):
    """Returns how far the line can go below and above zero, in pixels.

    Args:
        wave: math.cos or math.sin.
        low: Smallest angle in radians.
        high: Largest angle in radians.
        length: Length of the line in pixels.
    """
    values = [wave(angle) for angle in np.linspace(low, high, 181)]
    below = max(0, math.ceil(-min(values) * length) + 1)
    above = max(0, math.ceil(max(values) * length) + 1)
    return (below if min(values) < 0 else 0), (above if max(values) > 0 else 0)
