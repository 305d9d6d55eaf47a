"""The two warps of elastic_transform."""

import numpy as np
import pytest
import scipy.ndimage
import tensorflow as tf

from qualnet_tf import corruptions
from qualnet_tf.corruptions import elastic, kernels


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


def test_the_packages_variant_moves_smoothly_and_has_no_affine_part():
    ramp = np.broadcast_to(np.linspace(0, 1, 64)[:, None, None], (64, 64, 3))
    image = tf.constant(ramp.astype(np.float32))
    options = corruptions.Options(variant="imagecorruptions")
    moved = [
        elastic.elastic_transform(image, severity, (1, severity), options)
        for severity in range(1, 6)
    ]
    # Displacements in pixels, away from the mirrored borders.
    shifts = [63 * (m - image).numpy()[8:-8, 8:-8, 0] for m in moved]
    rms = [float(np.sqrt(np.mean(shift**2))) for shift in shifts]
    noise = 0.005 * 64 / np.sqrt(3)  # of the uniform draws
    weights = kernels.gaussian_weights(0.64, 3.0)
    expected = (
        noise * np.sum(weights**2) * np.array([12.5, 16.25, 21.25, 25, 30])
    )
    np.testing.assert_allclose(rms, expected, rtol=0.15)
    assert max(abs(float(np.mean(shift))) for shift in shifts) < 0.2
