"""Frost has the statistics of the photographs, and textures crops fit in."""

import numpy as np
import pytest
from PIL import Image

from qualnet_tf.corruptions import (
    texture_statistics,
    texture_table,
    textures,
)

# Means, deviations and sizes of frost1, frost2, frost2 again (frost3), frost4
# and frost5, taken with other tools than the table.
MEANS = [(78, 149, 166)] + 2 * [(201, 205, 214)]
MEANS += [(138, 153, 165), (112, 123, 135)]
DEVIATIONS = [(26.9, 16.5, 15.3)] + 2 * [(21.4, 22.1, 22.6)]
DEVIATIONS += [(28.5, 28.5, 29.9), (44.4, 43.3, 41.7)]
SIZES = [(600, 900), (315, 560), (315, 560), (350, 527), (495, 660)]


def _textures(*args, **kwargs):
    atlas = textures.frost_textures(*args, **kwargs)
    return [atlas.texture(index) for index in range(len(atlas.places))]


def test_means_and_deviations():
    for texture, mean, deviation in zip(
        _textures("imagenet_c", 224, 224), MEANS, DEVIATIONS, strict=True
    ):
        assert texture.dtype == np.uint8
        np.testing.assert_allclose(texture.mean(axis=(0, 1)), mean, atol=1)
        np.testing.assert_allclose(
            texture.std(axis=(0, 1)), deviation, rtol=0.03
        )


@pytest.mark.parametrize("index", [0, 1, 3, 4])
def test_statistics_are_those_measured(index):
    kind = textures._DRAW_ORDER[index]
    wanted = texture_table.statistics(kind)
    texture = textures.frost_textures("imagenet_c", 224, 224).texture(index)
    ours = texture_statistics.measure(texture)
    inner = slice(1, -1)
    np.testing.assert_allclose(ours.levels[inner], wanted.levels[inner], atol=3)
    np.testing.assert_allclose(ours.light, wanted.light, atol=1)
    ratio = _deviations(ours.rings) / _deviations(wanted.rings)
    # The two coarsest rings hold a handful of waves each; the finest hold
    # little, and whole levels add to it.
    np.testing.assert_allclose(ratio[:2], 1, atol=0.25)
    np.testing.assert_allclose(ratio[2:9], 1, atol=0.1)
    np.testing.assert_allclose(ratio[9:], 1, atol=0.2)
    np.testing.assert_allclose(
        _correlations(ours.rings), _correlations(wanted.rings), atol=0.08
    )


def _deviations(rings):
    return np.sqrt(np.diagonal(rings, axis1=1, axis2=2))


def _correlations(rings):
    deviations = _deviations(rings)
    return rings / (deviations[:, :, None] * deviations[:, None, :])


def test_the_same_textures_each_time():
    before = textures._texture("hoar")
    textures._texture.cache_clear()
    np.testing.assert_array_equal(textures._texture("hoar"), before)


def test_kinds_differ():
    corners = [
        texture[:200, :200].mean(axis=-1).ravel()
        for texture in _textures("imagenet_c", 150, 150)
    ]
    correlation = np.corrcoef([corners[index] for index in (0, 1, 3, 4)])
    assert np.abs(correlation - np.eye(4)).max() < 0.4


# As the released scripts get them from cv2.resize(fx=0.3) and 0.2.
@pytest.mark.parametrize(
    ("table", "side", "sizes"),
    [
        ("imagenet_c", 224, SIZES),
        ("imagenet_c_299", 299, SIZES),
        (
            "tiny_imagenet_c",
            64,
            [(180, 270), (94, 168), (94, 168), (105, 158), (148, 198)],
        ),
        (
            "cifar_c",
            32,
            [(120, 180), (63, 112), (63, 112), (70, 105), (99, 132)],
        ),
    ],
)
def test_scale_follows_the_table(table, side, sizes):
    assert [t.shape[:2] for t in _textures(table, side, side)] == sizes


def test_crops_fit():
    for texture in _textures("imagenet_c", 400, 950):
        assert texture.shape[0] >= 416 and texture.shape[1] >= 966
        # Enlarged just enough: one side has no more than the room.
        assert texture.shape[0] == 416 or texture.shape[1] == 966


def test_a_fifth_takes_every_fifth_pixel():
    native = textures._texture("ferns")
    shrunk = textures.frost_textures("cifar_c", 32, 32).texture(4)
    np.testing.assert_array_equal(shrunk, native[2::5, 2::5])


def test_enlarging_follows_a_ramp():
    ramp = np.tile(np.arange(0, 200, 10.0)[:, None, None], (1, 1, 3))
    tall = textures._resample(ramp, 2.0, 0)[:, 0, 0]
    middle = slice(6, -6)
    np.testing.assert_allclose(
        tall[middle], (np.arange(40) * 5 - 2.5)[middle], atol=1
    )
    # Keys' weights at a quarter for a = -0.75.
    weights = textures._cubic(np.array([0.25]))
    np.testing.assert_allclose(
        [weights[tap][0] for tap in (-1, 0, 1, 2)],
        [-0.10546875, 0.87890625, 0.26171875, -0.03515625],
    )


def test_enlarge_multiplies_the_scale():
    texture = _textures("imagenet_c", 224, 224, enlarge=1.1)[1]
    assert texture.shape == (346, 616, 3)


def test_pictures_of_a_folder(tmp_path):
    random = np.random.default_rng(0)
    high = random.integers(0, 256, (90, 70, 3), np.uint8)
    wide = random.integers(0, 256, (80, 120, 3), np.uint8)
    Image.fromarray(high).save(tmp_path / "b.png")
    Image.fromarray(wide).save(tmp_path / "a.PNG")
    first, second = _textures("imagenet_c", 50, 40, str(tmp_path))
    np.testing.assert_array_equal(first, wide)
    np.testing.assert_array_equal(second, high)
    small = _textures("cifar_c", 32, 32, str(tmp_path))
    assert [texture.shape[:2] for texture in small] == [(48, 72), (62, 48)]
