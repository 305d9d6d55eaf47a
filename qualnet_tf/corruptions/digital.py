"""Colour and coding: brightness, contrast, saturate, pixelate, JPEG.

Every function takes a float32 image [height, width, 3] in [0, 1] and returns
the same shape, neither clipped nor truncated. None draws at random.
"""

import tensorflow as tf

from qualnet_tf.corruptions import checks, filtering, kernels, severities


def brightness(image, severity, seed, options):
    """Adds to the HSV value; hue and saturation stay.

    With hue and saturation fixed, RGB is proportional to the value, so no
    colour conversion is needed. Black has no hue and becomes grey.
    """
    del seed
    rows = severities.rows("brightness", image, options.severity_table)
    (added,) = severities.columns(rows, severity)
    image = filtering.by_rows(image)
    value = tf.maximum(tf.maximum(image[:, :1], image[:, 1:2]), image[:, 2:])
    brighter = tf.clip_by_value(value + added, 0.0, 1.0)
    grey = brighter * tf.cast(value <= 0.0, tf.float32)
    scale = tf.math.divide_no_nan(brighter, value)
    return filtering.by_rows(image * scale + grey)


def saturate(image, severity, seed, options):
    """Scales and shifts the HSV saturation; hue and value stay.

    RGB lies between the value and value * (1 - saturation), in fixed
    proportions. Grey has hue 0, that is red, wherever saturation is added.
    """
    del seed
    rows = severities.rows("saturate", image, options.severity_table)
    factor, offset = severities.columns(rows, severity)
    image = filtering.by_rows(image)
    red, green, blue = image[:, :1], image[:, 1:2], image[:, 2:]
    value = tf.maximum(tf.maximum(red, green), blue)
    chroma = value - tf.minimum(tf.minimum(red, green), blue)
    saturation = tf.math.divide_no_nan(chroma, value)
    changed = tf.clip_by_value(saturation * factor + offset, 0.0, 1.0)
    share = tf.math.divide_no_nan(value - image, chroma)
    is_grey = tf.cast(chroma <= 0.0, tf.float32)
    share += is_grey * [[0.0], [1.0], [1.0]]
    return filtering.by_rows(value - value * changed * share)


def contrast(image, severity, seed, options):
    """Moves every value towards its channel's mean over the image."""
    del seed
    rows = severities.rows("contrast", image, options.severity_table)
    (factor,) = severities.columns(rows, severity)
    mean = tf.reduce_mean(image, axis=[0, 1])
    return (image - mean) * factor + mean


def pixelate(image, severity, seed, options):
    """Box resize down and up, rounded to 8 bits after each axis (Pillow)."""
    del seed
    shares = [
        row[0]
        for row in severities.rows("pixelate", image, options.severity_table)
    ]
    return severities.branch(
        [lambda share=share: _boxes(image, share) for share in shares],
        severity,
    )


def _boxes(image, share):
    (rows, below), (columns, beside) = (
        kernels.box_down_up(n, share) for n in image.shape[:2]
    )
    # An average leaves no range, so nothing is clipped; levels from here on.
    swapped = filtering.along_rows(
        filtering.by_rows(image), tf.constant(columns * 255.0), reach=1
    )
    swapped = checks.nearest_level(swapped)
    swapped = filtering.along_height(swapped, tf.constant(rows), reach=1)
    small = filtering.by_rows(checks.nearest_level(swapped) * (1.0 / 255.0))
    # Columns first: rows are copied whole, which costs next to nothing.
    return tf.gather(tf.gather(small, beside, axis=1), below, axis=0)


# How the released ImageNet-C files were saved.
_RELEASED_QUALITY = 85


def jpeg_compression(image, severity, seed, options):
    """Encodes and decodes as JPEG with halved chroma resolution (4:2:0).

    With the accurate integer transform TensorFlow decodes bit for bit as
    Pillow does; its default transform is off by up to 3 levels.
    """
    del seed
    rows = severities.rows("jpeg_compression", image, options.severity_table)
    quality = severities.choose([int(row[0]) for row in rows], severity)
    return _through_jpeg(image, tf.cast(quality, tf.int32))


def released_jpeg(image):
    """Saves and reads an 8-bit image as the released ImageNet-C files were."""
    return _through_jpeg(image, _RELEASED_QUALITY)


def _through_jpeg(image, quality):
    # A cast cuts off: with half a level more it rounds.
    levels = tf.cast(image * 255.0 + 0.5, tf.uint8)
    levels = tf.image.adjust_jpeg_quality(
        levels, quality, dct_method="INTEGER_ACCURATE"
    )
    levels = tf.ensure_shape(levels, image.shape)
    return tf.cast(levels, tf.float32) * (1.0 / 255.0)
