"""Procedural frost has the statistics of the photographs."""

import numpy as np
import pytest

from qualnet_tf.corruptions import textures


def test_channel_statistics():
    stack = textures.frost_textures("imagenet_c", 224, 224).astype(float)
    means = [(78, 149, 166), (201, 205, 215), (138, 153, 165), (112, 123, 135)]
    np.testing.assert_allclose(stack.mean(axis=(1, 2)), means, atol=4)
    deviations = stack.std(axis=(1, 2)).mean(axis=1)
    np.testing.assert_allclose(deviations, [20, 22, 29, 43], rtol=0.15)


@pytest.mark.parametrize(
    ("table", "height", "width", "side"),
    [
        ("imagenet_c", 224, 224, 512),
        ("imagenet_c", 600, 700, 716),
        ("tiny_imagenet_c", 64, 64, 154),
        ("cifar_c", 32, 32, 102),
    ],
)
def test_scale_follows_the_table_and_crops_fit(table, height, width, side):
    stack = textures.frost_textures(table, height, width)
    assert stack.shape == (4, side, side, 3) and stack.dtype == np.uint8


def test_kinds_differ():
    stack = textures.frost_textures("cifar_c", 32, 32).astype(float)
    flat = stack.mean(axis=-1).reshape(4, -1)
    correlation = np.corrcoef(flat) - np.eye(4)
    assert np.abs(correlation).max() < 0.5
