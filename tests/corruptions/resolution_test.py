"""Low resolution equals Pillow's and OpenCV's rules."""

import numpy as np
import pytest
from PIL import Image

from qualnet_tf import corruptions
from qualnet_tf.corruptions import kernels, resolution, severities

FACTORS = severities.TABLES["imagenet_c"]["resolution_nearest"]


def picture(height, width):
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), "u1")


def degraded(levels, name, severity):
    image = levels.astype(np.float32) / np.float32(255)
    result = corruptions.apply(image, name, severity, seed=0)
    return np.round(result.numpy() * 255).astype(int)


PILLOW = {
    "resolution_nearest_half_pixel": Image.Resampling.NEAREST,
    "resolution_bilinear": Image.Resampling.BILINEAR,
    "resolution_area": Image.Resampling.BOX,
    "resolution_bicubic": Image.Resampling.BICUBIC,
    "resolution_lanczos": Image.Resampling.LANCZOS,
}


@pytest.mark.parametrize("severity", [1, 2, 5])
@pytest.mark.parametrize("shape", [(32, 32), (112, 112), (33, 50)])
@pytest.mark.parametrize("name", PILLOW)
def test_equals_pillow(name, shape, severity):
    # Without extremes: Pillow clips after each axis.
    levels = picture(*shape) // 2 + 64
    small = [kernels.reduced(n, FACTORS[severity - 1]) for n in shape]
    expected = (
        Image.fromarray(levels)
        .resize(small[::-1], PILLOW[name])
        .resize(shape[::-1], PILLOW[name])
    )
    error = np.abs(degraded(levels, name, severity) - np.asarray(expected))
    # Pillow rounds after each axis as well.
    if name == "resolution_nearest_half_pixel":
        # Where a place falls on an edge, Pillow's float may fall short of it.
        assert np.mean(error > 0) < 0.07
    else:
        assert error.max() <= 3 and error.mean() < 0.4


@pytest.mark.parametrize("interpolation", resolution.INTERPOLATIONS)
def test_a_side_is_the_factor_that_leads_to_it(interpolation):
    levels = picture(112, 112)
    image = levels.astype(np.float32) / np.float32(255)
    for severity, side in ((1, 56), (3, 28), (5, 14)):
        small = resolution.reduce_and_enlarge(image, side, side, interpolation)
        np.testing.assert_array_equal(
            np.round(small.numpy() * 255),
            degraded(levels, f"resolution_{interpolation}", severity),
        )


def test_an_unknown_interpolation_is_named():
    with pytest.raises(ValueError, match="'cubic': expected one of nearest, "):
        resolution.reduce_and_enlarge(np.zeros((8, 8, 3), "f4"), 4, 4, "cubic")


@pytest.mark.parametrize("severity", range(1, 6))
def test_nearest_keeps_the_first_pixel_of_each_cell(severity):
    levels, factor = picture(96, 48), FACTORS[severity - 1]
    cells = levels[::factor, ::factor].repeat(factor, 0).repeat(factor, 1)
    ours = degraded(levels, "resolution_nearest", severity)
    np.testing.assert_array_equal(ours, cells)


def test_index_rules_differ_by_half_a_cell():
    floor = kernels.nearest_indices(112, 14)
    half = kernels.nearest_indices(112, 14, "half_pixel")
    np.testing.assert_array_equal(floor, 8 * np.arange(14))
    np.testing.assert_array_equal(half, 8 * np.arange(14) + 4)


def test_unknown_rule_is_named():
    with pytest.raises(ValueError, match="'centre': expected floor or half"):
        kernels.nearest_indices(8, 4, "centre")
