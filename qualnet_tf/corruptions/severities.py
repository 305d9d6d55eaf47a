"""Constants of every corruption at severities 1 to 5, by image size.

Source: the scripts that made ImageNet-C (224 pixels, and 299 for Inception
networks), Tiny-ImageNet-C (64) and CIFAR-10-C (32),
github.com/hendrycks/robustness. Severity is not monotone:
glass_blur 2 is milder than 1, elastic_transform 1 and 2 are far stronger than
3 to 5, saturate 1 and 2 desaturate while 3 to 5 oversaturate. Kept.

Over 300 lines, nearly all of them constants that are compared side by side.
"""

import numpy as np
import tensorflow as tf

# Columns of a row, for every corruption (single numbers are one column):
#   gaussian_noise, speckle_noise  standard deviation
#   shot_noise          photons at full brightness
#   impulse_noise       share of values replaced
#   gaussian_blur       sigma, pixels
#   glass_blur          sigma, largest offset, passes
#   defocus_blur        disk radius, sigma of its own blur
#   motion_blur         radius, sigma
#   zoom_blur           end (exclusive) and step of the zoom factors from 1
#   snow                mean, deviation, zoom, threshold, radius, sigma, mix
#   frost               weight of the image, weight of the texture
#   fog                 weight, decay of the plasma per level
#   brightness          added to the HSV value
#   contrast            factor
#   saturate            factor and offset of the HSV saturation
#   elastic_transform   alpha, sigma, corner jitter, each a share of the side
#   pixelate            share of the side kept
#   jpeg_compression    quality
#   spatter             mean, deviation, sigma, threshold, strength, mud?
#   deepcorrect_noise   standard deviation, 8-bit levels; six rows
#   deepcorrect_blur    sigma, pixels; six rows
#   auxtraining_*       deviation, 8-bit levels; sigma, pixels; distance of a
#                       factor from 1; degrees; see protocols.py for all these
#   resolution_*        factor by which both sides shrink (our own ladder: 2, 4
#                       and 8, severities 1, 3 and 5, are the 56, 28 and 14
#                       pixels of the paper's faces, which have 112)
_IMAGENET_C = {
    "gaussian_noise": (0.08, 0.12, 0.18, 0.26, 0.38),
    "shot_noise": (60, 25, 12, 5, 3),
    "impulse_noise": (0.03, 0.06, 0.09, 0.17, 0.27),
    "speckle_noise": (0.15, 0.2, 0.35, 0.45, 0.6),
    "gaussian_blur": (1, 2, 3, 4, 6),
    "glass_blur": (
        (0.7, 1, 2),
        (0.9, 2, 1),
        (1, 2, 3),
        (1.1, 3, 2),
        (1.5, 4, 2),
    ),
    "defocus_blur": ((3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5)),
    "motion_blur": ((10, 3), (15, 5), (15, 8), (15, 12), (20, 15)),
    "zoom_blur": (
        (1.11, 0.01),
        (1.16, 0.01),
        (1.21, 0.02),
        (1.26, 0.02),
        (1.31, 0.03),
    ),
    "snow": (
        (0.1, 0.3, 3, 0.5, 10, 4, 0.8),
        (0.2, 0.3, 2, 0.5, 12, 4, 0.7),
        (0.55, 0.3, 4, 0.9, 12, 8, 0.7),
        (0.55, 0.3, 4.5, 0.85, 12, 8, 0.65),
        (0.55, 0.3, 2.5, 0.85, 12, 12, 0.55),
    ),
    "frost": ((1, 0.4), (0.8, 0.6), (0.7, 0.7), (0.65, 0.7), (0.6, 0.75)),
    "fog": ((1.5, 2), (2, 2), (2.5, 1.7), (2.5, 1.5), (3, 1.4)),
    "brightness": (0.1, 0.2, 0.3, 0.4, 0.5),
    "contrast": (0.4, 0.3, 0.2, 0.1, 0.05),
    "saturate": ((0.3, 0), (0.1, 0), (2, 0), (5, 0.1), (20, 0.2)),
    # The authors multiplied by 244 where 224 was meant; see elastic.py.
    "elastic_transform": (
        (2, 0.7, 0.1),
        (2, 0.08, 0.2),
        (0.05, 0.01, 0.02),
        (0.07, 0.01, 0.02),
        (0.12, 0.01, 0.02),
    ),
    "pixelate": (0.6, 0.5, 0.4, 0.3, 0.25),
    "jpeg_compression": (25, 18, 15, 10, 7),
    "spatter": (
        (0.65, 0.3, 4, 0.69, 0.6, 0),
        (0.65, 0.3, 3, 0.68, 0.6, 0),
        (0.65, 0.3, 2, 0.68, 0.5, 0),
        (0.65, 0.3, 1, 0.65, 1.5, 1),
        (0.67, 0.4, 1, 0.65, 1.5, 1),
    ),
    "resolution_nearest": (2, 3, 4, 6, 8),
    "resolution_nearest_half_pixel": (2, 3, 4, 6, 8),
    "resolution_bilinear": (2, 3, 4, 6, 8),
    "resolution_area": (2, 3, 4, 6, 8),
    "resolution_bicubic": (2, 3, 4, 6, 8),
    "resolution_lanczos": (2, 3, 4, 6, 8),
    "deepcorrect_noise": (10, 20, 40, 60, 80, 100),
    "deepcorrect_blur": (1, 2, 3, 4, 5, 6),
    "auxtraining_noise": (20,) * 5,
    "auxtraining_blur": (1.0,) * 5,
    "auxtraining_jitter": (0.5,) * 5,
    "auxtraining_rotation": (30,) * 5,
}

_IMAGENET_C_299 = _IMAGENET_C | {
    "gaussian_noise": (0.09, 0.13, 0.19, 0.27, 0.4),
    "shot_noise": (50, 20, 10, 5, 3),
    "impulse_noise": (0.04, 0.07, 0.1, 0.18, 0.28),
    "speckle_noise": (0.16, 0.21, 0.36, 0.46, 0.61),
    "gaussian_blur": (1.5, 2.5, 3.5, 4.5, 6.5),
    "glass_blur": (
        (0.8, 1, 3),
        (1, 3, 1),
        (1.1, 2, 4),
        (1.2, 4, 2),
        (1.6, 5, 2),
    ),
    "defocus_blur": ((4, 0.1), (5, 0.5), (7, 0.5), (10, 0.5), (12, 0.5)),
    "motion_blur": ((12, 4), (17, 6), (17, 9), (17, 13), (22, 16)),
    "fog": ((1.5, 2), (2, 2), (2.5, 1.8), (2.5, 1.6), (3, 1.5)),
    "pixelate": (0.5, 0.4, 0.3, 0.25, 0.2),
    "jpeg_compression": (23, 16, 13, 8, 5),
    "spatter": (
        (0.65, 0.3, 4, 0.69, 0.9, 0),
        (0.65, 0.3, 3.5, 0.68, 0.9, 0),
        (0.65, 0.3, 3, 0.68, 0.8, 0),
        (0.65, 0.3, 1.2, 0.65, 1.8, 1),
        (0.67, 0.4, 1.2, 0.65, 1.8, 1),
    ),
}

_TINY_IMAGENET_C = _IMAGENET_C | {
    "gaussian_noise": (0.04, 0.08, 0.12, 0.15, 0.18),
    "shot_noise": (250, 100, 50, 30, 15),
    "impulse_noise": (0.01, 0.02, 0.05, 0.08, 0.14),
    "speckle_noise": (0.15, 0.2, 0.25, 0.3, 0.35),
    "gaussian_blur": (0.5, 0.75, 1, 1.25, 1.5),
    "glass_blur": (
        (0.1, 1, 1),
        (0.5, 1, 1),
        (0.6, 1, 2),
        (0.7, 2, 1),
        (0.9, 2, 2),
    ),
    "defocus_blur": ((0.5, 0.6), (1, 0.1), (1.5, 0.1), (2.5, 0.01), (3, 0.1)),
    "motion_blur": ((10, 1), (10, 1.5), (10, 2), (10, 2.5), (12, 3)),
    "zoom_blur": (
        (1.06, 0.01),
        (1.11, 0.01),
        (1.16, 0.01),
        (1.21, 0.01),
        (1.26, 0.01),
    ),
    "snow": (
        (0.1, 0.2, 1, 0.6, 8, 3, 0.8),
        (0.1, 0.2, 1, 0.5, 10, 4, 0.8),
        (0.15, 0.3, 1.75, 0.55, 10, 4, 0.7),
        (0.25, 0.3, 2.25, 0.6, 12, 6, 0.65),
        (0.3, 0.3, 1.25, 0.65, 14, 12, 0.6),
    ),
    "frost": ((1, 0.3), (0.9, 0.4), (0.8, 0.45), (0.75, 0.5), (0.7, 0.55)),
    "fog": ((0.4, 3), (0.7, 3), (1, 2.5), (1.5, 2), (2, 1.75)),
    "saturate": ((0.3, 0), (0.1, 0), (2, 0), (5, 0.1), (30, 0.2)),
    "elastic_transform": (
        (0, 0, 0.08),
        (0.05, 0.3, 0.06),
        (0.1, 0.08, 0.06),
        (0.1, 0.03, 0.03),
        (0.16, 0.03, 0.02),
    ),
    "pixelate": (0.9, 0.8, 0.7, 0.6, 0.5),
    "jpeg_compression": (65, 58, 50, 40, 25),
    "spatter": (
        (0.62, 0.1, 0.7, 0.7, 0.6, 0),
        (0.65, 0.1, 0.8, 0.7, 0.6, 0),
        (0.65, 0.3, 1, 0.69, 0.6, 0),
        (0.65, 0.1, 0.7, 0.68, 0.6, 1),
        (0.65, 0.1, 0.5, 0.67, 0.6, 1),
    ),
}

_CIFAR_C = _TINY_IMAGENET_C | {
    "gaussian_noise": (0.04, 0.06, 0.08, 0.09, 0.1),
    "shot_noise": (500, 250, 100, 75, 50),
    "impulse_noise": (0.01, 0.02, 0.03, 0.05, 0.07),
    "speckle_noise": (0.06, 0.1, 0.12, 0.16, 0.2),
    "gaussian_blur": (0.4, 0.6, 0.7, 0.8, 1),
    "glass_blur": (
        (0.05, 1, 1),
        (0.25, 1, 1),
        (0.4, 1, 1),
        (0.25, 1, 2),
        (0.4, 1, 2),
    ),
    "defocus_blur": ((0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1, 0.2), (1.5, 0.1)),
    "motion_blur": ((6, 1), (6, 1.5), (6, 2), (8, 2), (9, 2.5)),
    "snow": (
        (0.1, 0.2, 1, 0.6, 8, 3, 0.95),
        (0.1, 0.2, 1, 0.5, 10, 4, 0.9),
        (0.15, 0.3, 1.75, 0.55, 10, 4, 0.9),
        (0.25, 0.3, 2.25, 0.6, 12, 6, 0.85),
        (0.3, 0.3, 1.25, 0.65, 14, 12, 0.8),
    ),
    "frost": ((1, 0.2), (1, 0.3), (0.9, 0.4), (0.85, 0.4), (0.75, 0.45)),
    "fog": ((0.2, 3), (0.5, 3), (0.75, 2.5), (1, 2), (1.5, 1.75)),
    "brightness": (0.05, 0.1, 0.15, 0.2, 0.3),
    "contrast": (0.75, 0.5, 0.4, 0.3, 0.15),
    "saturate": ((0.3, 0), (0.1, 0), (1.5, 0), (2, 0.1), (2.5, 0.2)),
    "elastic_transform": (
        (0, 0, 0.08),
        (0.05, 0.2, 0.07),
        (0.08, 0.06, 0.06),
        (0.1, 0.04, 0.05),
        (0.1, 0.03, 0.03),
    ),
    "pixelate": (0.95, 0.9, 0.85, 0.75, 0.65),
    "jpeg_compression": (80, 65, 58, 50, 40),
    "spatter": (
        (0.62, 0.1, 0.7, 0.7, 0.5, 0),
        (0.65, 0.1, 0.8, 0.7, 0.5, 0),
        (0.65, 0.3, 1, 0.69, 0.5, 0),
        (0.65, 0.1, 0.7, 0.69, 0.6, 1),
        (0.65, 0.1, 0.5, 0.68, 0.6, 1),
    ),
    # The authors' CIFAR-100 experiments.
    "deepcorrect_noise": (5, 10, 15, 20, 25, 30),
    "deepcorrect_blur": (0.5, 1, 1.5, 2, 2.5, 3),
}

TABLES = {
    "imagenet_c": _IMAGENET_C,
    "imagenet_c_299": _IMAGENET_C_299,
    "tiny_imagenet_c": _TINY_IMAGENET_C,
    "cifar_c": _CIFAR_C,
}


def table_for(height, width, severity_table="auto"):
    """Returns the name of the table used for images of this size.

    Args:
        height: Image height in pixels.
        width: Image width in pixels.
        severity_table: A name from `TABLES`, or "auto": by the shorter side,
            imagenet_c from 160 up, tiny_imagenet_c from 48, cifar_c below
            (imagenet_c_299 only by name: the paper's networks see 224).

    Raises:
        ValueError: If the table is unknown.
    """
    if severity_table in TABLES:
        return severity_table
    if severity_table != "auto":
        raise ValueError(
            f"unknown severity table {severity_table!r}: expected auto or one "
            f"of {', '.join(TABLES)}"
        )
    side = min(height, width)
    if side >= 160:
        return "imagenet_c"
    return "tiny_imagenet_c" if side >= 48 else "cifar_c"


def rows(name, image, table):
    """Returns a corruption's rows, one to a severity, as tuples of numbers.

    Args:
        name: A corruption.
        image: The image, for its static height and width.
        table: A name from `TABLES`, or "auto".
    """
    table = table_for(image.shape[0], image.shape[1], table)
    return tuple(
        row if isinstance(row, tuple) else (row,) for row in TABLES[table][name]
    )


def choose(arrays, severity):
    """Returns the array of one severity as a tensor.

    Args:
        arrays: One array (or number) per severity, of equal shape and type.
        severity: An int from 1 up or an int32 scalar tensor.
    """
    arrays = np.asarray(arrays)
    if arrays.dtype == np.float64:
        arrays = arrays.astype(np.float32)
    if tf.is_tensor(severity):
        return tf.gather(tf.constant(arrays), severity - 1)
    return tf.constant(arrays[severity - 1])


def columns(table_rows, severity):
    """Returns the columns of one severity's row as float32 scalars."""
    row = choose(np.asarray(table_rows, np.float32), severity)
    return tf.unstack(row)


def branch(functions, severity):
    """Calls the function of one severity; only that one is computed.

    Args:
        functions: One function without arguments per severity; their results
            agree in shape and type.
        severity: An int from 1 up or an int32 scalar tensor.
    """
    if tf.is_tensor(severity):
        return switch(severity - 1, functions)
    return functions[severity - 1]()


def switch(index, functions):
    """As `tf.switch_case`, but skipped functions cost nothing.

    A switch is run by passing "dead" values through every operation of the
    branches not taken, hundreds of them here. A function that may not be
    inlined is one operation, whatever is in it.

    Args:
        index: int32 scalar tensor.
        functions: Functions without arguments, whose results agree in shape
            and type.
    """
    return tf.switch_case(index, [_sealed(f) for f in functions])


def _sealed(function):
    def call():
        # Without arguments: tf.function would make tensors of defaults.
        return function()

    attributes = {"_noinline": True}
    return tf.function(
        call, autograph=False, experimental_attributes=attributes
    )
