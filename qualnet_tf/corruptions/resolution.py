"""Low resolution: an image is made smaller and enlarged again.

Not one of ImageNet-C's corruptions. Every function takes a float32 image
[height, width, 3] in [0, 1] and returns the same shape, not clipped.

"Nearest" is two operations that read pixels half a cell apart, so it is named
which: `nearest` reads floor(i * scale), as OpenCV and PyTorch do;
`nearest_half_pixel` floor((i + 0.5) * scale), as `tf.image.resize` and Pillow.
A network that learned one is to be tested on the same. The other
interpolations are Pillow's (`area` is its box filter): smoothed on the way
down, 8 bit in between.
"""

import functools

import tensorflow as tf

from qualnet_tf.corruptions import checks, filtering, kernels, severities

# Interpolation -> the rule of `kernels.nearest_indices`.
_RULES = {"nearest": "floor", "nearest_half_pixel": "half_pixel"}
# Interpolation -> the filter of `kernels.resize_matrix`.
_FILTERS = {
    "bilinear": "bilinear",
    "area": "box",
    "bicubic": "bicubic",
    "lanczos": "lanczos",
}
INTERPOLATIONS = (*_RULES, *_FILTERS)


def reduce_and_enlarge(image, rows, columns, interpolation="nearest"):
    """Resizes to rows x columns pixels and back.

    Args:
        image: float32 [height, width, 3] in [0, 1], static shape.
        rows: Height in between, pixels, at least 1.
        columns: Width in between, likewise.
        interpolation: One of `INTERPOLATIONS`.

    Returns:
        float32 of the image's shape; not clipped.

    Raises:
        ValueError: If there is no such interpolation.
    """
    height, width = image.shape[:2]
    if interpolation in _FILTERS:
        small = _resized(image, rows, columns, _FILTERS[interpolation])
        return _resized(small, height, width, _FILTERS[interpolation])
    if interpolation not in _RULES:
        raise ValueError(
            f"interpolation {interpolation!r}: expected one of "
            f"{', '.join(INTERPOLATIONS)}"
        )
    rule = _RULES[interpolation]
    for axis, small in enumerate((rows, columns)):
        shown = kernels.nearest_down_up_indices(image.shape[axis], small, rule)
        image = tf.gather(image, shown, axis=axis)
    return image


def _nearest(name, image, severity, seed, options):
    """Keeps one pixel in factor x factor, each shown that large."""
    del seed
    rule = _RULES[name.removeprefix("resolution_")]
    factors = _factors(name, image, options)
    for axis in (0, 1):
        size = image.shape[axis]
        shown = [
            kernels.nearest_down_up_indices(
                size, kernels.reduced(size, factor), rule
            )
            for factor in factors
        ]
        image = tf.gather(image, severities.choose(shown, severity), axis=axis)
    return image


def _filtered(name, image, severity, seed, options):
    """Interpolation down and up by a factor."""
    del seed
    factors = _factors(name, image, options)
    interpolation = name.removeprefix("resolution_")

    def one_factor(factor):
        rows, columns = (
            kernels.reduced(size, factor) for size in image.shape[:2]
        )
        return reduce_and_enlarge(image, rows, columns, interpolation)

    return severities.branch(
        [lambda factor=factor: one_factor(factor) for factor in factors],
        severity,
    )


resolution_nearest = functools.partial(_nearest, "resolution_nearest")
resolution_nearest_half_pixel = functools.partial(
    _nearest, "resolution_nearest_half_pixel"
)
resolution_bilinear = functools.partial(_filtered, "resolution_bilinear")
resolution_area = functools.partial(_filtered, "resolution_area")
resolution_bicubic = functools.partial(_filtered, "resolution_bicubic")
resolution_lanczos = functools.partial(_filtered, "resolution_lanczos")


def _factors(name, image, options):
    return [
        row[0] for row in severities.rows(name, image, options.severity_table)
    ]


def _resized(image, rows, columns, filter_name):
    """Resizes to [rows, columns, 3], 8 bit."""
    height, width = image.shape[:2]
    image = filtering.along_width(
        image, tf.constant(kernels.resize_matrix(width, columns, filter_name))
    )
    image = filtering.along_height(
        image, tf.constant(kernels.resize_matrix(height, rows, filter_name))
    )
    return checks.round_to_8_bits(image)
