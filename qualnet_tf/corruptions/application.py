"""One corruption applied to one image: checks, seed, function, 8 bits."""

import functools

import tensorflow as tf

from qualnet_tf.corruptions import catalogue, checks, seeds, severities


@tf.autograph.experimental.do_not_convert
def apply(image, name, severity, seed, severity_table="auto"):
    """See `qualnet_tf.corruptions.apply`."""
    function = catalogue.get(name)
    severity = checks.check_severity(severity)
    image = checks.check_image(image)
    height, width = image.shape[:2]
    table = severities.table_for(height, width, severity_table)
    cell = catalogue.names().index(name) * 10 + severity
    seed = seeds.fold_seed(seed, cell)
    return checks.truncate_to_8_bits(function(image, severity, seed, table))


def apply_batch(images, name, severity, seeds, severity_table="auto"):
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
    severity = checks.check_severity(severity)
    corrupt = _batched(name, severity_table)
    if tf.executing_eagerly():
        for image in images:  # a graph could only fail while it runs
            checks.check_image(image)
    return corrupt(images, tf.convert_to_tensor(severity), pairs)


@functools.lru_cache(maxsize=256)
def _batched(name, severity_table):
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
                severity_table,
            ),
            (images, pairs),
            fn_output_signature=tf.TensorSpec(shape, tf.float32),
        )

    return corrupt
