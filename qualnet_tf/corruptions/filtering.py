"""Linear filters of an image in the graph: separable, small, or by Fourier."""

import numpy as np
import tensorflow as tf

from qualnet_tf.corruptions import kernels

# A long axis is filtered in this many parts where the filter is short.
_NUM_PARTS = 4


def separable(image, rows, columns, reach=None):
    """Filters along the width, then along the height.

    Args:
        image: float32 [height, width, channels].
        rows: float32 [height, height], applied to the height axis.
        columns: float32 [width, width], applied to the width axis.
        reach: How far from the diagonal the matrices' entries may stand, in
            pixels of the image; None is anywhere. With it, most zeros are not
            multiplied.

    Returns:
        float32 of the image's shape.
    """
    return along_height(along_width(image, columns, reach), rows, reach)


def along_width(image, columns, reach=None):
    """Multiplies the width axis of [height, width, channels] by a matrix.

    Args:
        image: float32 [height, width, channels].
        columns: float32 [new width, width].
        reach: As for `separable`.

    Returns:
        float32 [height, new width, channels].
    """
    return by_rows(along_rows(by_rows(image), columns, reach))


def along_rows(swapped, columns, reach=None):
    """As `along_width`, of what `by_rows` gave and without swapping back.

    Takes [height, channels, width], returns [height, channels, new width].
    """
    height, channels, width = swapped.shape
    lines = tf.reshape(swapped, [-1, width])
    parts = [
        tf.matmul(
            lines[:, first:last], columns[top:end, first:last], transpose_b=True
        )
        for top, end, first, last in _parts(columns.shape, reach)
    ]
    lines = tf.concat(parts, axis=1)
    return tf.reshape(lines, [height, channels, columns.shape[0]])


def along_height(image, rows, reach=None):
    """As `along_width`, for the height axis and a [new height, height]."""
    flat = tf.reshape(image, [image.shape[0], -1])
    parts = [
        tf.matmul(rows[top:end, first:last], flat[first:last])
        for top, end, first, last in _parts(rows.shape, reach)
    ]
    shape = [rows.shape[0], *image.shape[1:]]
    return tf.reshape(tf.concat(parts, axis=0), shape)


def _parts(shape, reach):
    """Returns the parts of a banded matrix that are not all zeros.

    Returns:
        A list of (first row, end row, first column, end column).
    """
    num_rows, size = shape
    part = size / _NUM_PARTS
    if reach is None or size < 96 or part + 2 * reach > 0.7 * size:
        return [(0, num_rows, 0, size)]
    step = -(-num_rows // _NUM_PARTS)
    ends = [
        (top, min(top + step, num_rows)) for top in range(0, num_rows, step)
    ]
    return [
        (
            top,
            end,
            max(top * size // num_rows - reach, 0),
            min(-(-end * size // num_rows) + reach, size),
        )
        for top, end in ends
    ]


def by_rows(image):
    """Swaps width and channels: [height, channels, width], and back again.

    One channel of a row is then contiguous. What treats channels differently
    is several times as fast so, and the swap costs next to nothing.
    """
    return tf.transpose(image, [0, 2, 1])


def pad(image, top, bottom, left, right, border):
    """Pads [height, width, channels] by a rule of `kernels.border_indices`."""
    height, width = image.shape[:2]
    rows = np.arange(-top, height + bottom)
    columns = np.arange(-left, width + right)
    rows = kernels.border_indices(rows, height, border)
    columns = kernels.border_indices(columns, width, border)
    image = tf.gather(image, rows, axis=0)
    return tf.gather(image, columns, axis=1)


def small_kernel(image, kernel, border):
    """Correlates each channel with a kernel of odd size.

    Args:
        image: float32 [height, width, channels].
        kernel: float32 [size, size].
        border: A rule of `kernels.border_indices`.
    """
    reach = kernel.shape[0] // 2
    padded = pad(image, reach, reach, reach, reach, border)
    taps = tf.tile(kernel[:, :, None, None], [1, 1, image.shape[2], 1])
    return tf.nn.depthwise_conv2d(padded[None], taps, [1] * 4, "VALID")[0]


def fourier_size(size):
    """Returns the next even length from `size` up with factors 2, 3, 5 only."""
    size += size % 2
    while True:
        rest = size
        for factor in (2, 3, 5):
            while rest % factor == 0:
                rest //= factor
        if rest == 1:
            return size
        size += 2


def fourier(padded, spectrum, fourier_shape, output_shape):
    """Filters each channel by a product of spectra.

    Args:
        padded: float32 [height, width, channels], padded already.
        spectrum: complex64 [rows, columns // 2 + 1], the filter's transform.
        fourier_shape: (rows, columns), at least the padded size.
        output_shape: (height, width) of the top left part that is returned.

    Returns:
        float32 [output height, output width, channels].
    """
    planes = tf.transpose(padded, [2, 0, 1])
    product = tf.signal.rfft2d(planes, fourier_shape) * spectrum
    planes = tf.signal.irfft2d(product, fourier_shape)
    planes = planes[:, : output_shape[0], : output_shape[1]]
    return tf.transpose(planes, [1, 2, 0])
