"""Drawings of ice are where they should be, and the same each time."""

import numpy as np
import pytest

from qualnet_tf.corruptions import texture_drawings


@pytest.mark.parametrize("kind", ["sheet", "needles", "hoar", "ferns"])
def test_a_seed_gives_one_drawing(kind):
    draw = getattr(texture_drawings, kind)
    one, same, other = (
        draw(np.random.default_rng(seed), 90, 121) for seed in (1, 1, 2)
    )
    assert one.shape == (90, 121) and np.isfinite(one).all()
    np.testing.assert_array_equal(one, same)
    assert np.abs(one - other).mean() > 0.5 * one.std()


def test_a_stroke_fades_and_enters_opposite():
    drawn = texture_drawings._strokes(
        (5, 8), np.array([[2.5, 6.5]]), np.zeros(1), np.full(1, 4), np.ones(1)
    )
    expected = np.zeros((5, 8))
    expected[2, [6, 7, 0, 1]] = (1, 0.75, 0.5, 0.25)
    np.testing.assert_allclose(drawn, expected)


def test_branches_stand_on_the_stem():
    starts, angles, lengths, shades = texture_drawings._branches(
        np.array([[10.0, 20.0]]), np.zeros(1), np.full(1, 50), np.ones(1), 3
    )
    np.testing.assert_allclose(starts[:, 0], 10)
    np.testing.assert_allclose(starts[::2, 1], [24, 45, 66])
    np.testing.assert_allclose(np.abs(np.degrees(angles)), 55)
    assert (np.diff(lengths[::2]) < 0).all()
    np.testing.assert_allclose(shades, 0.8)


def test_clouds_are_mostly_coarse():
    clouds = texture_drawings.clouds(np.random.default_rng(0), 64, 64, 2.0)
    np.testing.assert_allclose((clouds.mean(), clouds.std()), (0, 1), atol=1e-6)
    assert np.diff(clouds, axis=0).std() < 0.3
