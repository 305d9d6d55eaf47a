"""Weather: snow, frost and fog.

Every function takes a float32 image [height, width, 3] in [0, 1] and returns
the same shape, neither clipped nor truncated.
"""

import tensorflow as tf

from qualnet_tf.corruptions import (
    checks,
    filtering,
    kernels,
    motion,
    plasma,
    seeds,
    severities,
    textures,
)

# The package imagecorruptions shows the textures larger than the authors do.
_ENLARGED = {"imagecorruptions": 1.1}

# Luma weights of ITU-R BT.601, as OpenCV's RGB2GRAY.
_LUMA = (0.299, 0.587, 0.114)


def snow(image, severity, seed, options):
    """Whitens the picture and adds flakes, and the same flakes upside down."""
    rows = severities.rows("snow", image, options.severity_table)
    mix = severities.columns(rows, severity)[6]
    flakes = _flakes(image, rows, severity, seeds.fold_seed(seed, 0))
    trail = [row[4:6] for row in rows]
    flakes = motion.blur_along_line(
        flakes, trail, severity, seeds.fold_seed(seed, 1), (-135.0, -45.0)
    )
    image = filtering.by_rows(image)
    grey = tf.add_n([w * image[:, i : i + 1] for i, w in enumerate(_LUMA)])
    white = tf.maximum(image, grey * 1.5 + 0.5)
    whitened = mix * image + (1.0 - mix) * white
    flakes = flakes[..., 0] + tf.reverse(flakes[..., 0], [0, 1])
    return filtering.by_rows(whitened + flakes[:, None])


def _flakes(image, rows, severity, seed):
    """Returns zoomed and thresholded noise, 8 bit: [height, width, 1]."""
    height, width = image.shape[:2]
    mean, deviation, _, threshold, *_ = severities.columns(rows, severity)
    zooms = [row[2] for row in rows]
    vertical, horizontal = (
        severities.choose(kernels.zoom_matrices(n, zooms), severity)
        for n in (height, width)
    )
    noise = mean + deviation * seeds.normal(seed, [height, width, 1])
    layer = filtering.separable(noise, vertical, horizontal)
    layer *= tf.cast(layer >= threshold, tf.float32)
    return checks.truncate_to_8_bits(layer)


def frost(image, severity, seed, options):
    """Mixes in a crop of a frost texture at its own scale."""
    rows = severities.rows("frost", image, options.severity_table)
    image_weight, texture_weight = severities.columns(rows, severity)
    crop = tf.cast(_frost_crop(image, seed, options), tf.float32)
    return image_weight * image + texture_weight * (crop * (1.0 / 255.0))


def _frost_crop(image, seed, options):
    """Returns a random place of a random texture, of the image's shape."""
    height, width = image.shape[:2]
    atlas = textures.frost_textures(
        options.severity_table,
        height,
        width,
        options.frost_textures,
        _ENLARGED.get(options.variant, 1.0),
    )
    draw = seeds.uniform(seed, [3])
    kind = tf.cast(draw[0] * float(len(atlas.places)), tf.int32)
    place = tf.gather(tf.constant(atlas.places), kind)
    free = tf.cast(place[1:] - [height, width], tf.float32)
    down, right = tf.unstack(tf.cast(draw[1:] * free, tf.int32))
    begin = [place[0] + down, right, 0]
    return tf.slice(tf.constant(atlas.pixels), begin, [height, width, 3])


def fog(image, severity, seed, options):
    """Adds a plasma cloud and scales the brightest value back."""
    rows = severities.rows("fog", image, options.severity_table)
    weight, decay = severities.columns(rows, severity)
    height, width = image.shape[:2]
    size = 1 << (max(height, width) - 1).bit_length()
    draws = seeds.uniform(seed, [plasma.num_draws(size)], -1.0, 1.0)
    cloud = plasma.plasma(draws, decay, size)[:height, :width, None]
    brightest = tf.reduce_max(image)
    return (image + weight * cloud) * (brightest / (brightest + weight))
