"""Low resolution equals Pillow's and OpenCV's rules."""

import numpy as np
import pytest
from PIL import Image

from qualnet_tf import corruptions
from qualnet_tf.corruptions import kernels, severities

FACTORS = severities.TABLES["imagenet_c"]["resolution_nearest"]


def picture(height, width):
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), "u1")


def degraded(levels, name, severity):
    image = levels.astype(np.float32) / np.float32(255)
    result = corruptions.apply(image, name, severity, seed=0)
    return np.round(result.numpy() * 255).astype(int)


@pytest.mark.parametrize("severity", range(1, 6))
@pytest.mark.parametrize("shape", [(32, 32), (112, 112), (33, 50)])
def test_bicubic_equals_pillow(shape, severity):
    levels = picture(*shape)
    small = [kernels.reduced(n, FACTORS[severity - 1]) for n in shape]
    expected = (
        Image.fromarray(levels)
        .resize(small[::-1], Image.Resampling.BICUBIC)
        .resize(shape[::-1], Image.Resampling.BICUBIC)
    )
    error = np.abs(
        degraded(levels, "resolution_bicubic", severity) - np.asarray(expected)
    )
    # Pillow rounds after each axis as well.
    assert error.max() <= 2 and error.mean() < 0.35


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
