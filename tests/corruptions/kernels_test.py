"""Filters against SciPy, and by their properties."""

import numpy as np
import pytest
import scipy.ndimage

from qualnet_tf.corruptions import kernels


@pytest.mark.parametrize(
    ("border", "mode"),
    [("edge", "nearest"), ("symmetric", "reflect"), ("reflect_101", "mirror")],
)
@pytest.mark.parametrize("sigma", [0.4, 1.0, 9.0])
def test_gaussian_matrix_equals_scipy(border, mode, sigma):
    line = np.random.default_rng(0).random(20)
    expected = scipy.ndimage.gaussian_filter1d(line, sigma, mode=mode)
    matrix = kernels.gaussian_matrix(20, sigma, border)
    np.testing.assert_allclose(matrix @ line, expected, atol=1e-6)


def test_no_sigma_is_the_identity():
    np.testing.assert_array_equal(kernels.gaussian_matrix(5, 0.0), np.eye(5))


@pytest.mark.parametrize("row", [(3, 0.1), (8, 0.5), (10, 0.5), (0.5, 0.6)])
def test_disk_is_symmetric_and_sums_to_1(row):
    disk = kernels.disk_kernel(*row)
    touches_grid = row[0] >= 8  # a quirk of the reference
    np.testing.assert_allclose(disk.sum(), 1.01 if touches_grid else 1, 4e-3)
    np.testing.assert_allclose(disk, disk.T)
    np.testing.assert_allclose(disk, disk[::-1])
    assert disk[0].max() > 0  # no empty ring is carried along


def test_padded_stack_keeps_the_centre():
    stack = kernels.padded_stack([np.ones((1, 1)), np.full((3, 3), 2.0)])
    np.testing.assert_array_equal(stack[0], np.pad([[1.0]], 1))
    assert stack.shape == (2, 3, 3)


@pytest.mark.parametrize(("size", "share"), [(224, 0.3), (32, 0.95), (17, 0.5)])
def test_box_matrix_averages_blocks(size, share):
    down, up = kernels.box_down_up(size, share)
    assert down.shape == (int(size * share), size)
    np.testing.assert_allclose(down.sum(axis=1), 1.0, rtol=1e-6)
    np.testing.assert_array_equal(np.unique(up), np.arange(len(down)))
    assert np.all(np.diff(up) >= 0)


@pytest.mark.parametrize("size", [32, 100, 224])
@pytest.mark.parametrize("factor", [1.01, 1.11, 2.5, 4.5])
def test_zoom_equals_scipy_zoom(size, factor):
    start, crop, enlarged, skipped = kernels.zoom_crop(size, factor)
    line = np.random.default_rng(0).random(size)
    zoomed = scipy.ndimage.zoom(line[start : start + crop], factor, order=1)
    assert len(zoomed) == enlarged
    expected = zoomed[skipped : skipped + size]
    ours = kernels.zoom_matrices(size, [factor])[0] @ line
    np.testing.assert_allclose(ours, expected, atol=1e-4)
