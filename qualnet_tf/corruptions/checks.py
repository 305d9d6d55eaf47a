"""What goes into a corruption is checked here, and what comes out is 8 bit."""

import tensorflow as tf

MIN_SIDE = 16

# The released sets were truncated in float64. This much (in levels) keeps
# float32 rounding from losing a level where a result is a whole number.
_TRUNCATION_SLACK = 1e-4

# Multiplied, never divided by 255: graph optimisation turns a division by a
# constant into this product, and eager pixels must equal those of a graph.
_LEVEL = 1.0 / 255.0


def check_severity(severity, highest=5, name=""):
    """Returns the severity as a Python int where it is known, else a tensor.

    Args:
        severity: 1 to `highest`, an int or a scalar integer tensor.
        highest: Of the corruption, see `catalogue.num_severities`.
        name: The corruption, for the message.

    Returns:
        An int, or an int32 scalar tensor that fails at run time (on a CPU)
        when it is out of range.

    Raises:
        ValueError: If it is not a scalar integer, or known and out of range.
    """
    static = tf.get_static_value(severity) if tf.is_tensor(severity) else None
    known = severity if static is None else static.tolist()
    if tf.is_tensor(known):
        if not known.dtype.is_integer or known.shape.rank != 0:
            raise ValueError(
                "severity must be a scalar integer, received "
                f"{known.dtype.name} of shape {known.shape}; pass 1 to "
                f"{highest}"
            )
        # The gather is the cheapest range check that a graph can have.
        steps = tf.range(1, highest + 1)
        return tf.gather(steps, tf.cast(known, tf.int32) - 1)
    if not _is_whole(known) or not 1 <= known <= highest:
        of_name = f" of {name}" if name else ""
        raise ValueError(
            f"severity{of_name} must be an integer from 1 to {highest}, "
            f"received {known!r}; leave the image as it is where no "
            "corruption is wanted"
        )
    return int(known)


def _is_whole(number):
    return hasattr(number, "__index__") and not isinstance(number, bool)


def check_image(image):
    """Returns the image as a tensor after checking type, shape and range.

    Args:
        image: float32 [height, width, 3] in [0, 1].

    Returns:
        The float32 tensor. In a graph it fails at run time (on a CPU) when a
        value is outside [0, 1] or NaN.

    Raises:
        ValueError: If anything is not as described and known now.
    """
    image = tf.convert_to_tensor(image)
    if image.dtype != tf.float32:
        raise ValueError(
            f"image must be float32 in [0, 1], received {image.dtype.name}; "
            "cast to float32 (8-bit pixels: and divide by 255)"
        )
    _check_shape(image.shape)
    if tf.executing_eagerly():
        _check_range(image)
        return image
    return _with_range_assertion(image)


def _check_shape(shape):
    if shape.rank != 3 or shape[2] != 3:
        raise ValueError(
            "image must have the shape [height, width, 3], received "
            f"{shape}; corrupt one image at a time (tf.data map before "
            "batch) and repeat a grey channel three times"
        )
    if None in shape.as_list():
        raise ValueError(
            f"image must have a static height and width, received {shape}; "
            "resize it or call set_shape first"
        )
    if min(shape[0], shape[1]) < MIN_SIDE:
        raise ValueError(
            f"image sides must be at least {MIN_SIDE} pixels, received "
            f"{shape[0]}x{shape[1]}; enlarge the image first"
        )


def _check_range(image):
    low = float(tf.reduce_min(image))
    high = float(tf.reduce_max(image))
    if not (low >= 0.0 and high <= 1.0):
        raise ValueError(
            f"image values must lie in [0, 1], received {low:g} to "
            f"{high:g}; divide 8-bit pixels by 255 and replace NaN"
        )


def _with_range_assertion(image):
    low, high = tf.reduce_min(image), tf.reduce_max(image)
    # Not tf.debugging.Assert: that one adds a branch, which costs more than
    # the look at the pixels.
    assertion = tf.raw_ops.Assert(
        condition=(low >= 0.0) & (high <= 1.0),
        data=[
            "image values must lie in [0, 1], received the range",
            low,
            high,
            "; divide 8-bit pixels by 255 and replace NaN",
        ],
    )
    with tf.control_dependencies([assertion]):
        return tf.identity(image)


def truncate_to_8_bits(image):
    """Clips to [0, 1] and truncates to k / 255, as the released sets are.

    Args:
        image: float32 of any shape, nominally in [0, 1].

    Returns:
        float32 of the same shape, every value k / 255 with k in 0..255.
    """
    levels = tf.clip_by_value(image, 0.0, 1.0) * 255.0
    return tf.floor(levels + _TRUNCATION_SLACK) * _LEVEL


def round_to_8_bits(image):
    """As `truncate_to_8_bits`, but to the nearest level, halves up."""
    return nearest_level(tf.clip_by_value(image, 0.0, 1.0) * 255.0) * _LEVEL


def nearest_level(levels):
    """Rounds float32 levels, 0 to 255, to whole ones, halves up."""
    return tf.floor(levels + (0.5 + _TRUNCATION_SLACK))
