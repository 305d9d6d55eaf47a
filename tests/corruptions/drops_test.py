"""The relief of water drops against plain counterparts."""

import numpy as np
import pytest
import scipy.ndimage
import skimage.feature
import tensorflow as tf

from qualnet_tf.corruptions import drops


def drop_levels():
    noise = np.random.default_rng(0).normal(0.65, 0.3, (48, 48))
    layer = scipy.ndimage.gaussian_filter(noise, 2)
    layer[layer < 0.68] = 0
    return np.floor(np.clip(layer, 0, 1) * 255).astype(np.float32)


def test_edges_run_around_the_drops():
    levels = drop_levels()
    edges = drops.canny_edges(tf.constant(levels)).numpy()
    wet = levels > 0
    rim = scipy.ndimage.binary_dilation(wet) & ~scipy.ndimage.binary_erosion(
        wet
    )
    assert edges.sum() > 50
    assert rim[edges].mean() > 0.9
    # scikit-image smooths differently; most of its edges must be near ours.
    theirs = skimage.feature.canny(levels, 0.1, 50, 150)
    near = scipy.ndimage.binary_dilation(edges, np.ones((3, 3)))
    assert near[theirs].mean() > 0.95


def test_weak_edges_count_only_when_connected():
    levels = np.zeros((20, 20), np.float32)
    levels[:, 10:] = np.linspace(18, 60, 20)[
        :, None
    ]  # weak above, strong below
    levels[3:9, 3:5] = 18  # weak on its own
    edges = drops.canny_edges(tf.constant(levels)).numpy()
    assert edges[1:, 9:11].any(axis=1).all()
    assert not edges[:, :7].any()


def test_distance_is_close_to_euclidean_and_cut_off():
    edges = np.zeros((40, 50), bool)
    edges[5, 7] = edges[30, 12] = True
    ours = drops.edge_distance(tf.constant(edges)).numpy()
    exact = np.minimum(scipy.ndimage.distance_transform_edt(~edges), 20)
    assert ours[5, 7] == 0 and ours.max() == 20
    np.testing.assert_allclose(ours, exact, rtol=0.025)
    np.testing.assert_allclose(ours[5, 8:12], [1, 2, 3, 4])
    np.testing.assert_allclose(ours[6:8, 8], [1.4, 2.1969], rtol=1e-5)


def test_equalized_spreads_the_levels():
    levels = np.repeat([3.0, 10.0, 11.0, 12.0], [10, 10, 20, 10])
    levels = tf.constant(levels.astype(np.float32).reshape(5, 10))
    ours = np.unique(drops.equalized(levels))
    # (cumulative - darkest) / (total - darkest) * 255
    np.testing.assert_array_equal(ours, [0, 64, 191, 255])
    flat = tf.fill([4, 4], 9.0)
    np.testing.assert_array_equal(drops.equalized(flat), flat)


def test_shading_equals_opencv():
    cv2 = pytest.importorskip("cv2", reason="OpenCV is not installed")
    levels = drop_levels()
    edges = cv2.Canny(levels.astype(np.uint8), 50, 150)
    distance = cv2.distanceTransform(255 - edges, cv2.DIST_L2, 5)
    relief = cv2.blur(np.minimum(distance, 20), (3, 3)).astype(np.uint8)
    relief = cv2.equalizeHist(relief)
    emboss = np.array([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]])
    expected = cv2.blur(cv2.filter2D(relief, cv2.CV_8U, emboss), (3, 3))
    np.testing.assert_array_equal(drops.canny_edges(levels), edges > 0)
    error = np.abs(drops.shading(tf.constant(levels)) - expected)
    assert error.mean() < 0.1
