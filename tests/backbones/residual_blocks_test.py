"""The residual blocks: padding, shortcuts, start values."""

import keras
import numpy as np
import pytest

from qualnet_tf.backbones.residual_blocks import (
    basic_block,
    bottleneck_block,
    convolution,
)


def _model(block, channels, *arguments, **options):
    inputs = keras.Input((6, 6, channels))
    return keras.Model(inputs, block(inputs, *arguments, **options))


def _layer_names(model):
    return {layer.name for layer in model.layers}


@pytest.mark.parametrize("size", [1, 3, 7])
@pytest.mark.parametrize("strides", [1, 2])
def test_convolution_pads_both_sides_alike(size, strides):
    model = _model(convolution, 1, 1, size, strides, "conv")
    kernel = np.random.default_rng(0).normal(size=(size, size))
    model.get_layer("conv").set_weights([kernel.reshape(size, size, 1, 1)])
    x = np.random.default_rng(1).normal(size=(6, 6)).astype("float32")
    padded = np.pad(x, size // 2)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (size, size))
    expected = (windows * kernel).sum((2, 3))[::strides, ::strides]
    y = np.asarray(model(x.reshape(1, 6, 6, 1)))[0, :, :, 0]
    np.testing.assert_allclose(y, expected, atol=1e-5)


def test_kernels_start_with_two_over_fan_out():
    model = _model(convolution, 64, 128, 3, 1, "conv")
    variance = np.var(model.get_layer("conv").get_weights()[0])
    assert variance == pytest.approx(2 / (9 * 128), rel=0.02)


@pytest.mark.parametrize(
    ("channels", "strides", "projected"),
    [(8, 1, False), (8, 2, True), (4, 1, True)],
)
def test_shortcut_is_projected_where_the_shape_changes(
    channels, strides, projected
):
    model = _model(basic_block, channels, 8, strides, "block")
    assert ("block_shortcut" in _layer_names(model)) == projected
    assert model.output_shape == (None, 6 // strides, 6 // strides, 8)


@pytest.mark.parametrize(
    ("block", "last"),
    [(basic_block, "block_conv2"), (bottleneck_block, "block_conv3")],
)
def test_without_a_residual_the_block_is_its_shortcut(block, last):
    channels = 8 if block is basic_block else 32
    model = _model(block, channels, 8, 1, "block")
    last = model.get_layer(last)
    last.set_weights([np.zeros_like(last.get_weights()[0])])
    x = np.random.default_rng(0).normal(size=(1, 6, 6, channels))
    expected = np.maximum(x, 0)
    np.testing.assert_allclose(model(x), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [(1, 1), (2, 2), (1, 1)]),
        ({"stride_in_first": True}, [(2, 2), (1, 1), (1, 1)]),
    ],
)
def test_place_of_a_bottlenecks_stride(options, expected):
    model = _model(bottleneck_block, 16, 8, 2, "block", **options)
    strides = [
        model.get_layer(f"block_conv{number}").strides for number in (1, 2, 3)
    ]
    assert strides == expected
    assert model.output_shape == (None, 3, 3, 32)
    assert model.get_layer("block_shortcut").strides == (2, 2)


@pytest.mark.parametrize(("channels", "strides"), [(15, 1), (16, 2)])
def test_thin_maps_never_meet_a_strided_1x1_kernel(channels, strides):
    """oneDNN would end the process in its gradient (issue 6035 there)."""
    model = _model(convolution, channels, 8, 1, 2, "conv")
    assert model.get_layer("conv").strides == (strides, strides)
    assert model.output_shape == (None, 3, 3, 8)


def test_grouped_bottleneck_width():
    model = _model(
        bottleneck_block, 8, 64, 1, "block", groups=4, width_per_group=2
    )
    assert model.get_layer("block_conv2").kernel.shape == (3, 3, 2, 8)
    assert model.output_shape[-1] == 256
