"""Frosted glass: blur, local shuffling of pixels, blur.

The reference walks over the pixels from the bottom right and "swaps" each with
a random neighbour; as its pixels are views of one array, the swap is in fact a
copy of the neighbour into the pixel. A pass is therefore a gather whose source
may itself have been written earlier in the pass. Such chains are followed by
pointer jumping, which gives the sequential result without the sequence.
"""

import tensorflow as tf

from qualnet_tf.corruptions import (
    checks,
    filtering,
    kernels,
    seeds,
    severities,
)


def glass_blur(image, severity, seed, options):
    """Blurs, shuffles pixels within a few pixels' distance, and blurs again.

    Args:
        image: float32 [height, width, 3] in [0, 1].
        severity: An int from 1 to 5 or an int32 scalar tensor.
        seed: An int32 tensor of shape [2].
        options: `Options` whose table is a name from `severities.TABLES`.

    Returns:
        float32 of the image's shape, in [0, 1].
    """
    rows = severities.rows("glass_blur", image, options.severity_table)
    height, width = image.shape[:2]
    sigmas = [row[0] for row in rows]
    vertical, horizontal = (
        severities.choose(kernels.gaussian_matrices(n, sigmas), severity)
        for n in (height, width)
    )
    reach = kernels.gaussian_reach(sigmas)
    image = filtering.separable(image, vertical, horizontal, reach)
    image = checks.truncate_to_8_bits(image)
    sources = severities.branch(
        [_shuffle(height, width, seed, row[1], row[2]) for row in rows],
        severity,
    )
    pixels = tf.gather(tf.reshape(image, [-1, 3]), sources)
    image = tf.reshape(pixels, image.shape)
    return filtering.separable(image, vertical, horizontal, reach)


def _shuffle(height, width, seed, reach, num_passes):
    """Returns a function that draws and composes the passes of one severity."""

    def compose():
        # 16 bits a direction: shares of 1/2 to 1/10 are right to 2**-13.
        draws = seeds.bits(seed, [num_passes, height, width])
        high = tf.bitwise.right_shift(draws, _u32(16))
        low = tf.bitwise.bitwise_and(draws, _u32(0xFFFF))
        scaled = tf.stack([high, low], axis=1) * _u32(2 * reach)
        whole = tf.bitwise.right_shift(scaled, _u32(16))
        # Asymmetric, as randint(-reach, reach) never returns reach.
        offsets = tf.bitcast(whole, tf.int32) - reach
        sources = pass_sources(offsets[0], reach)
        for later in range(1, num_passes):
            sources = tf.gather(sources, pass_sources(offsets[later], reach))
        return sources

    return compose


def pass_sources(offsets, reach):
    """Returns from where each pixel is taken in one sequential pass.

    Args:
        offsets: int32 [2, height, width], the drawn row and column offsets,
            each from -reach to reach - 1.
        reach: Largest offset; a margin of that width is not shuffled.

    Returns:
        int32 [height * width], indices into the pixels in raster order.
    """
    height, width = offsets.shape[1:]
    rows, columns = tf.range(height)[:, None], tf.range(width)
    own = rows * width + columns
    # Zeros and ones: tf.where goes from value to value.
    active = _walked(rows, height, reach) * _walked(columns, width, reach)
    down, right = offsets[0] * active, offsets[1] * active
    shift = down * width + right
    sources = tf.reshape(own + shift, [-1])
    if reach == 1:
        return sources  # offsets -1 and 0 never meet a pixel written before
    # A source further on in raster order was written earlier in this pass.
    written = _walked(rows + down, height, reach) * tf.cast(shift > 0, tf.int32)
    written *= _walked(columns + right, width, reach)
    last = tf.reshape(own + shift * written, [-1])

    # A link continues with a probability under 0.44: four rounds or five.
    def follow(last, _):
        further = tf.gather(last, last)
        return further, tf.reduce_any(further != last)

    last, _ = tf.while_loop(lambda _, moved: moved, follow, [last, True])
    return tf.gather(sources, last)


def _u32(number):
    return tf.constant(number, tf.uint32)


def _walked(positions, size, reach):
    """Returns 1 where a pass goes along an axis, else 0."""
    inside = (positions > reach) & (positions <= size - reach)
    return tf.cast(inside, tf.int32)
