"""The three ways to filter agree with SciPy."""

import numpy as np
import pytest
import scipy.ndimage
import tensorflow as tf

from qualnet_tf.corruptions import blur, filtering, kernels

IMAGE = np.random.default_rng(0).random((24, 31, 3)).astype(np.float32)


def test_separable_equals_gaussian_filter():
    vertical, horizontal = (
        tf.constant(kernels.gaussian_matrix(n, 1.5)) for n in (24, 31)
    )
    ours = filtering.separable(tf.constant(IMAGE), vertical, horizontal)
    expected = scipy.ndimage.gaussian_filter(
        IMAGE, (1.5, 1.5, 0), mode="nearest"
    )
    np.testing.assert_allclose(ours, expected, atol=1e-6)


def test_small_kernel_equals_correlate():
    kernel = np.random.default_rng(1).random((5, 5)).astype(np.float32)
    ours = filtering.small_kernel(
        tf.constant(IMAGE), tf.constant(kernel), "reflect_101"
    )
    expected = [
        scipy.ndimage.correlate(IMAGE[..., c], kernel, mode="mirror")
        for c in range(3)
    ]
    np.testing.assert_allclose(ours, np.stack(expected, -1), rtol=1e-5)


def test_fourier_equals_small_kernel():
    kernel = kernels.disk_kernel(3, 0.5)
    reach = len(kernel) // 2
    padded = filtering.pad(tf.constant(IMAGE), *[reach] * 4, "reflect_101")
    shape = tuple(filtering.fourier_size(n) for n in padded.shape[:2])
    spectrum = tf.constant(blur._spectra(kernel[None], shape)[0])
    ours = filtering.fourier(padded, spectrum, shape, IMAGE.shape[:2])
    expected = filtering.small_kernel(
        tf.constant(IMAGE), tf.constant(kernel, tf.float32), "reflect_101"
    )
    np.testing.assert_allclose(ours, expected, atol=1e-5)


@pytest.mark.parametrize(("size", "good"), [(34, 36), (240, 240), (262, 270)])
def test_fourier_size_has_small_factors(size, good):
    assert filtering.fourier_size(size) == good


@pytest.mark.parametrize(("height", "width"), [(224, 97), (130, 301)])
def test_parts_of_a_band_equal_the_whole_matrix(height, width):
    image = np.random.default_rng(1).random((height, width, 3), np.float32)
    rows, columns = (
        tf.constant(kernels.gaussian_matrix(n, 1.5)) for n in (height, width)
    )
    whole = filtering.separable(tf.constant(image), rows, columns)
    parts = filtering.separable(tf.constant(image), rows, columns, reach=6)
    np.testing.assert_allclose(parts, whole, atol=1e-6)


@pytest.mark.parametrize("size", [96, 131, 224, 299])
@pytest.mark.parametrize("share", [0.25, 0.4, 0.6, 0.95])
def test_parts_of_a_box_resize_equal_the_whole_matrix(size, share):
    image = np.random.default_rng(2).random((size, size, 3), np.float32)
    down = tf.constant(kernels.box_down_up(size, share)[0])
    for along in (filtering.along_width, filtering.along_height):
        whole = along(tf.constant(image), down)
        np.testing.assert_allclose(
            along(tf.constant(image), down, reach=1), whole, atol=1e-6
        )
