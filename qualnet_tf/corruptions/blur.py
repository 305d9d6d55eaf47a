"""Blurs that are the same for every image: gaussian, defocus and zoom.

Every function takes a float32 image [height, width, 3] in [0, 1] and returns
the same shape, neither clipped nor truncated.
"""

import numpy as np
import tensorflow as tf

from qualnet_tf.corruptions import filtering, kernels, severities

# Up to this size a direct convolution beats the Fourier transform.
_LARGEST_DIRECT_KERNEL = 7


def gaussian_blur(image, severity, seed, options):
    """Gaussian filter with replicated borders, cut off at 4 sigma."""
    del seed
    rows = severities.rows("gaussian_blur", image, options.severity_table)
    sigmas = [row[0] for row in rows]
    matrices = [kernels.gaussian_matrices(n, sigmas) for n in image.shape[:2]]
    vertical = severities.choose(matrices[0], severity)
    horizontal = severities.choose(matrices[1], severity)
    return filtering.separable(
        image, vertical, horizontal, kernels.gaussian_reach(sigmas)
    )


def defocus_blur(image, severity, seed, options):
    """A disk kernel; borders mirrored without repeating the edge pixel."""
    del seed
    rows = severities.rows("defocus_blur", image, options.severity_table)
    stack = kernels.padded_stack([kernels.disk_kernel(*row) for row in rows])
    if stack.shape[-1] <= _LARGEST_DIRECT_KERNEL:
        kernel = severities.choose(stack, severity)
        return filtering.small_kernel(image, kernel, "reflect_101")
    height, width = image.shape[:2]
    reach = stack.shape[-1] // 2
    padded = filtering.pad(image, *[reach] * 4, "reflect_101")
    shape = tuple(filtering.fourier_size(n) for n in padded.shape[:2])
    spectrum = severities.choose(_spectra(stack, shape), severity)
    return filtering.fourier(padded, spectrum, shape, (height, width))


def _spectra(stack, shape):
    """Returns the transforms of symmetric kernels: complex64.

    A kernel of reach r reads the padded image at 0..2r to give pixel 0, so
    its taps stand at minus 0..2r, modulo the length of the transform.
    """
    canvas = np.zeros((len(stack), *shape))
    taps = -np.arange(stack.shape[-1])
    canvas[:, taps[:, None], taps] = stack
    return np.fft.rfft2(canvas).astype(np.complex64)


def zoom_blur(image, severity, seed, options):
    """The mean of the image and of its clipped zooms.

    The list of factors starts at 1, so the clean image counts twice.
    """
    del seed
    # `np.arange` overshoots its end at ImageNet-C's severity 1 (the last
    # factor is 1.11): kept, the released set has it.
    factors = [
        np.arange(1.0, end, step)
        for end, step in severities.rows(
            "zoom_blur", image, options.severity_table
        )
    ]
    return severities.branch(
        [lambda row=row: _mean_zoom(image, row) for row in factors], severity
    )


def _mean_zoom(image, factors):
    zoomed = [_clipped_zoom(image, factor) for factor in factors]
    return tf.add_n([image, *zoomed]) * (1.0 / (len(zoomed) + 1))


def _clipped_zoom(image, factor):
    """Enlarges the image about its centre and keeps its size."""
    if factor == 1.0:
        return image
    height, width = image.shape[:2]
    top, rows, tall, above = kernels.zoom_crop(height, factor)
    left, columns, wide, before = kernels.zoom_crop(width, factor)
    crop = image[None, top : top + rows, left : left + columns]
    # Not tf.image.resize: that one does not align corner pixels.
    large = tf.raw_ops.ResizeBilinear(
        images=crop, size=[tall, wide], align_corners=True
    )
    return large[0, above : above + height, before : before + width]
