"""Snow, frost and fog change a picture in the right direction."""

import numpy as np
import tensorflow as tf

from qualnet_tf.corruptions import textures, weather
from qualnet_tf.corruptions.seeds import as_seed

DARK = tf.fill([64, 64, 3], np.float32(0.25))


def test_snow_falls_twice_upside_down():
    ours = weather.snow(DARK, 2, as_seed(1), "imagenet_c").numpy()
    np.testing.assert_allclose(ours, ours[::-1, ::-1], atol=1e-6)
    assert ours.min() >= 0.25 and ours.max() > 0.5


def test_fog_keeps_the_brightest_value():
    ours = weather.fog(DARK, 3, as_seed(1), "imagenet_c").numpy()
    np.testing.assert_allclose(ours.max(), 0.25, rtol=1e-5)
    # Plasma 0 leaves image * max / (max + weight).
    np.testing.assert_allclose(ours.min(), 0.25 * 0.25 / 2.75, rtol=1e-5)


def test_frost_is_a_weighted_crop():
    ours = weather.frost(DARK, 1, as_seed(1), "imagenet_c").numpy()
    crop = np.round((ours - 0.25) / 0.4 * 255).astype(int)
    stack = textures.frost_textures("imagenet_c", 64, 64)
    corner = (stack[:, :, :] == crop[0, 0]).all(axis=-1)
    found = [
        np.array_equal(stack[k, y : y + 64, x : x + 64], crop)
        for k, y, x in np.argwhere(corner)
    ]
    assert any(found)
