"""Snow, frost and fog change a picture in the right direction."""

import numpy as np
import tensorflow as tf
from PIL import Image

from qualnet_tf.corruptions import textures, weather
from qualnet_tf.corruptions.options import Options
from qualnet_tf.corruptions.seeds import as_seed

DARK = tf.fill([64, 64, 3], np.float32(0.25))


def test_snow_falls_twice_upside_down():
    ours = weather.snow(DARK, 2, as_seed(1), Options("imagenet_c")).numpy()
    np.testing.assert_allclose(ours, ours[::-1, ::-1], atol=1e-6)
    assert ours.min() >= 0.25 and ours.max() > 0.5


def test_fog_keeps_the_brightest_value():
    ours = weather.fog(DARK, 3, as_seed(1), Options("imagenet_c")).numpy()
    np.testing.assert_allclose(ours.max(), 0.25, rtol=1e-5)
    # Plasma 0 leaves image * max / (max + weight).
    np.testing.assert_allclose(ours.min(), 0.25 * 0.25 / 2.75, rtol=1e-5)


def _found_at(texture, crop):
    """Returns where the crop stands in the texture, pixel for pixel."""
    height, width = crop.shape[:2]
    return [
        (y, x)
        for y, x in np.argwhere((texture == crop[0, 0]).all(axis=-1))
        if np.array_equal(texture[y : y + height, x : x + width], crop)
    ]


def test_frost_is_a_weighted_crop():
    atlas = textures.frost_textures("imagenet_c", 64, 64)
    found = []
    for seed in range(30):
        ours = weather.frost(
            DARK, 1, as_seed(seed), Options("imagenet_c")
        ).numpy()
        crop = np.round((ours - 0.25) / 0.4 * 255).astype(int)
        for kind in (0, 1, 3, 4):
            places = _found_at(atlas.texture(kind), crop)
            found += [(kind, *place) for place in places]
    kinds, tops, lefts = map(set, zip(*found, strict=True))
    assert len(found) == 30 and len(kinds) == 4
    assert len(tops) > 9 and len(lefts) > 9


def test_frost_from_a_folder(tmp_path):
    picture = np.zeros((90, 100, 3), np.uint8)
    picture[...] = (10, 20, 30)
    Image.fromarray(picture).save(tmp_path / "ice.png")
    options = Options("imagenet_c", frost_textures=str(tmp_path))
    ours = weather.frost(DARK, 1, as_seed(1), options)
    expected = 0.25 + 0.4 * np.array([10, 20, 30]) / 255
    np.testing.assert_allclose(
        ours, np.broadcast_to(expected, (64, 64, 3)), rtol=1e-5
    )
