"""One corruption applied to one image: checks, seed, function, 8 bits."""

import dataclasses
import functools

import tensorflow as tf

from qualnet_tf.corruptions import (
    catalogue,
    checks,
    digital,
    seeds,
    severities,
)
from qualnet_tf.corruptions.options import Options

# These return values k / 255 themselves.
_ON_8_BIT_GRID = {
    "motion_blur",
    "pixelate",
    "jpeg_compression",
    "resolution_bilinear",
    "resolution_area",
    "resolution_bicubic",
    "resolution_lanczos",
}


@tf.autograph.experimental.do_not_convert
def apply(image, name, severity, seed, options=None):
    """See `qualnet_tf.corruptions.apply`."""
    catalogue.get(name)
    image = checks.check_image(image)
    return apply_checked(image, name, severity, seed, options)


@tf.autograph.experimental.do_not_convert
def apply_checked(image, name, severity, seed, options=None):
    """As `apply`, for an image that went through `checks.check_image`.

    A branch that corrupts uses it: looking at every pixel once more would
    cost as much as a mild corruption of a small image.
    """
    function = catalogue.get(name)
    severity = checks.check_severity(
        severity, catalogue.num_severities(name), name
    )
    height, width = image.shape[:2]
    options = options or Options()
    table = severities.table_for(height, width, options.severity_table)
    options = dataclasses.replace(options, severity_table=table)
    cell = catalogue.names().index(name) * 10 + severity
    seed = seeds.fold_seed(seed, cell)
    image = function(image, severity, seed, options)
    if name not in _ON_8_BIT_GRID:
        image = checks.truncate_to_8_bits(image)
    return digital.released_jpeg(image) if options.imagenet_c_jpeg else image


def apply_batch(images, name, severity, seeds, options=None):
    """See `qualnet_tf.corruptions.apply_batch`."""
    images = tf.convert_to_tensor(images)
    if images.shape.rank != 4:
        raise ValueError(
            "images must have the shape [batch, height, width, 3], received "
            f"{images.shape}; one image alone goes through apply"
        )
    pairs = tf.convert_to_tensor(seeds)
    if not pairs.dtype.is_integer or pairs.shape.rank != 2:
        raise ValueError(
            "seeds must be integers of shape [batch, 2], received "
            f"{pairs.dtype.name} of shape {pairs.shape}; fold_seed makes one "
            "pair per image"
        )
    severity = checks.check_severity(
        severity, catalogue.num_severities(name), name
    )
    corrupt = _batched(name, options)
    if tf.executing_eagerly():
        for image in images:  # a graph could only fail while it runs
            checks.check_image(image)
    return corrupt(images, tf.convert_to_tensor(severity), pairs)


@functools.lru_cache(maxsize=256)
def _batched(name, options):
    """Returns a graph function that corrupts image by image."""
    catalogue.get(name)

    @tf.function(autograph=False, reduce_retracing=True)
    def corrupt(images, severity, pairs):
        shape = images.shape[1:]
        return tf.map_fn(
            lambda both: apply(
                tf.ensure_shape(both[0], shape),
                name,
                severity,
                tf.ensure_shape(both[1], [2]),
                options,
            ),
            (images, pairs),
            fn_output_signature=tf.TensorSpec(shape, tf.float32),
        )

    return corrupt
