"""The two warps of elastic_transform."""

import numpy as np
import pytest
import scipy.ndimage
import tensorflow as tf

from qualnet_tf.corruptions import elastic


@pytest.mark.parametrize(
    ("fold", "mode"),
    [(elastic._mirrored, "mirror"), (elastic._folded, "reflect")],
)
def test_bilinear_equals_map_coordinates(fold, mode):
    random = np.random.default_rng(0)
    image = random.random((18, 25, 3)).astype(np.float32)
    down = random.uniform(-20, 40, (18, 25)).astype(np.float32)
    right = random.uniform(-30, 60, (18, 25)).astype(np.float32)
    ours = elastic.bilinear(tf.constant(image), fold(down, 18), fold(right, 25))
    expected = [
        scipy.ndimage.map_coordinates(
            image[..., c], [down, right], order=1, mode=mode
        )
        for c in range(3)
    ]
    np.testing.assert_allclose(ours, np.stack(expected, -1), atol=2e-5)


def test_affine_sources_invert_the_moved_corners():
    moves = np.array([[3.0, -2.0], [1.0, 4.0], [-5.0, 2.0]], np.float32)
    down, right = elastic.affine_sources(60, 90, tf.constant(moves))
    third = 20
    corners = [(45 + third, 30 + third), (45 + third, 30 - third)]
    corners.append((45 - third, 30 - third))
    for (x, y), (dx, dy) in zip(corners, moves.astype(int), strict=True):
        np.testing.assert_allclose(right[y + dy, x + dx], x, atol=1 / 32)
        np.testing.assert_allclose(down[y + dy, x + dx], y, atol=1 / 32)


def test_no_move_is_the_identity():
    down, right = elastic.affine_sources(20, 30, tf.zeros([3, 2]))
    np.testing.assert_array_equal(down, np.mgrid[:20, :30][0])
    np.testing.assert_array_equal(right, np.mgrid[:20, :30][1])
