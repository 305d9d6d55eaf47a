"""Low resolution: an image is made smaller and enlarged again.

Not one of ImageNet-C's corruptions. Every function takes a float32 image
[height, width, 3] in [0, 1] and returns the same shape, not clipped.
"""

import tensorflow as tf

from qualnet_tf.corruptions import checks, filtering, kernels, severities


def resolution_nearest(image, severity, seed, options):
    """Keeps one pixel in factor x factor, each shown that large.

    Pixels are picked by `kernels.nearest_indices` with its default rule.
    """
    del seed
    factors = _factors("resolution_nearest", image, options)
    height, width = image.shape[:2]
    rows, columns = (
        [
            kernels.nearest_down_up_indices(size, kernels.reduced(size, factor))
            for factor in factors
        ]
        for size in (height, width)
    )
    image = tf.gather(image, severities.choose(rows, severity), axis=0)
    return tf.gather(image, severities.choose(columns, severity), axis=1)


def resolution_bicubic(image, severity, seed, options):
    """Bicubic interpolation down (smoothed, as Pillow does it) and up."""
    del seed
    factors = _factors("resolution_bicubic", image, options)
    height, width = image.shape[:2]

    def one_factor(factor):
        rows, columns = (
            kernels.reduced(size, factor) for size in (height, width)
        )
        small = _resized(image, rows, columns)
        return _resized(small, height, width)

    return severities.branch(
        [lambda factor=factor: one_factor(factor) for factor in factors],
        severity,
    )


def _factors(name, image, options):
    return [
        row[0] for row in severities.rows(name, image, options.severity_table)
    ]


def _resized(image, rows, columns):
    """Resizes to [rows, columns, 3], 8 bit."""
    height, width = image.shape[:2]
    image = filtering.along_width(
        image, tf.constant(kernels.bicubic_matrix(width, columns))
    )
    image = filtering.along_height(
        image, tf.constant(kernels.bicubic_matrix(height, rows))
    )
    return checks.round_to_8_bits(image)
