"""Compiled where a size recurs, and the same pixels either way."""

import numpy as np
import pytest
import tensorflow as tf

from qualnet_tf import corruptions
from qualnet_tf.datasets import picture_corrupter
from qualnet_tf.datasets.copied_pictures import Picture
from qualnet_tf.datasets.picture_corrupter import (
    PAYS_AFTER,
    CopySettings,
    PictureCorrupter,
)

SEVERITIES = (1, 4)


def picture(index=0, height=24, width=18):
    pixels = np.random.default_rng(index).integers(
        0, 256, (height, width, 3), dtype=np.uint8
    )
    return Picture(index, 0, "a", "b.png", tf.io.encode_png(pixels).numpy())


def corrupt(corrupter, chosen, name="gaussian_noise"):
    return corrupter.levels(
        corrupter.read(chosen), corrupter.seed_of(chosen), name, SEVERITIES
    ).numpy()


@pytest.mark.parametrize("name", ["gaussian_noise", "contrast", "glass_blur"])
def test_graph_and_eager_pixels_are_those_of_apply(name):
    settings = CopySettings((name,), seed=7)
    one = picture(3)
    eager, graph = (
        PictureCorrupter(settings, recurring) for recurring in ((), [(24, 18)])
    )
    image = eager.read(one)
    expected = [
        np.round(
            corruptions.apply(image, name, severity, eager.seed_of(one)) * 255
        )
        for severity in SEVERITIES
    ]
    np.testing.assert_array_equal(corrupt(eager, one, name), expected)
    np.testing.assert_array_equal(corrupt(graph, one, name), expected)
    assert not eager.compiled_sizes
    assert graph.compiled_sizes == {(24, 18)}


def test_a_size_is_compiled_once_it_has_recurred():
    corrupter = PictureCorrupter(CopySettings(("contrast",)))
    for count in range(PAYS_AFTER):
        corrupt(corrupter, picture(count), "contrast")
    assert not corrupter.compiled_sizes
    corrupt(corrupter, picture(), "contrast")
    assert corrupter.compiled_sizes == {(24, 18)}


def test_pictures_of_one_size_share_one_graph():
    corrupter = PictureCorrupter(CopySettings(("contrast",)), [(24, 18)])
    for count in range(3):
        corrupt(corrupter, picture(count), "contrast")
    assert len(corrupter._graphs) == 1


def test_only_a_few_sizes_are_compiled(monkeypatch):
    monkeypatch.setattr(picture_corrupter, "MAX_SIZES", 1)
    sizes = [(24, 18), (18, 24)]
    corrupter = PictureCorrupter(CopySettings(("contrast",)), sizes)
    results = [
        corrupt(corrupter, picture(0, *size), "contrast") for size in sizes
    ]
    assert corrupter.compiled_sizes == {(24, 18)}
    assert results[1].shape == (2, 18, 24, 3)


@pytest.mark.parametrize("recurring", [(), [(24, 18)]])
def test_png_files_hold_the_levels(recurring):
    corrupter = PictureCorrupter(CopySettings(("fog",)), recurring)
    one = picture()
    image, seed = corrupter.read(one), corrupter.seed_of(one)
    files = corrupter.encoded(image, seed, "contrast", SEVERITIES)
    decoded = [tf.io.decode_png(file).numpy() for file in files]
    np.testing.assert_array_equal(decoded, corrupt(corrupter, one, "contrast"))


def test_seed_hangs_on_the_settings_and_the_place():
    first = PictureCorrupter(CopySettings(("fog",), seed=1))
    other = PictureCorrupter(CopySettings(("fog",), seed=2))
    seeds = {
        tuple(corrupter.seed_of(picture(index)).numpy().tolist())
        for corrupter in (first, other)
        for index in (0, 1)
    }
    assert len(seeds) == 4


def test_table_follows_the_size_that_is_corrupted():
    assert CopySettings(("fog",)).table_of(picture()) == "cifar_c"
    cropped = CopySettings(("fog",), image_size=224)
    assert cropped.size_of(picture()) == (224, 224)
    assert cropped.table_of(picture()) == "imagenet_c"


def test_groups_are_expanded():
    assert len(CopySettings(("all",)).corruption_names) == 19
