"""One corruption applied to one image: checks, seed, function, 8 bits."""

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
