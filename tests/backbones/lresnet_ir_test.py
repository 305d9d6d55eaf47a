"""LResNet-IR against its published sizes and its unit's formula."""

import math

import keras
import numpy as np
import pytest

from qualnet_tf import backbones
from qualnet_tf.models.heads import margin_head


def _count(variables):
    return sum(math.prod(variable.shape) for variable in variables)


@pytest.mark.slow
def test_published_size_of_the_network_and_its_grid():
    backbone = backbones.get("lresnet50a_ir")(112)
    assert backbone.output_shape == (None, 7, 7, 512)
    # Without the directions, which are 512 numbers per identity.
    head = margin_head((7, 7, 512), 10_572)
    *layers, directions = head.layers
    assert _count(directions.trainable_variables) == 5_412_864
    behind = [v for layer in layers for v in layer.trainable_variables]
    assert _count([*backbone.trainable_variables, *behind]) == 30_744_768
    assert _count(backbone.trainable_variables) == 30_743_232
    with_statistics = _count(
        [*backbone.variables, *(v for x in layers for v in x.variables)]
    )
    assert with_statistics == 30_781_888


def test_pixels_are_divided_by_128():
    model = backbones.get("lresnet_ir_tiny")(8)
    output = model.get_layer("pixel_normalization").output
    x = np.full((1, 8, 8, 3), 1.0, "float32")
    z = keras.Model(model.input, output)(x)
    np.testing.assert_allclose(z, 127.5 * 0.0078125, rtol=1e-6)


def test_convolutions_have_no_bias_and_slopes_start_at_a_quarter():
    model = backbones.get("lresnet_ir_small")(32)
    names = [variable.path.split("/")[-1] for variable in model.variables]
    assert "bias" not in names
    slopes = [v for v in model.variables if v.path.endswith("alpha")]
    # One per channel of the stem and of each unit's first convolution.
    assert [v.shape for v in slopes] == [
        (1, 1, width) for width in (16, 16, 32, 64, 128)
    ]
    assert all(np.all(v.numpy() == 0.25) for v in slopes)


def test_a_unit_follows_its_formula():
    """With centred taps alone, a convolution is a product of channels."""
    model = backbones.get("lresnet_ir_tiny")(8)
    generator = np.random.default_rng(0)
    for variable in model.variables:
        value = generator.uniform(0.5, 1.5, variable.shape)
        if variable.path.endswith("kernel"):
            value -= 1
            if variable.shape[0] == 3:
                value[np.arange(9).reshape(3, 3) != 4] = 0
        variable.assign(value)
    names = [f"stage2_block01_{x}" for x in ("norm", "add")]
    inputs = model.get_layer(names[0]).input
    x, y = keras.Model(model.input, [inputs, model.get_layer(names[1]).output])(
        generator.uniform(size=(1, 8, 8, 3)).astype("float32")
    )
    values = {v.path: v.numpy() for v in model.variables}

    def norm(value, name):
        gamma, beta, mean, variance = (
            values[f"stage2_block01_{name}/{x}"]
            for x in ("gamma", "beta", "moving_mean", "moving_variance")
        )
        return (value - mean) / np.sqrt(variance + 2e-5) * gamma + beta

    def conv(value, name):
        kernel = values[f"stage2_block01_{name}/kernel"]
        return value @ kernel[kernel.shape[0] // 2, kernel.shape[1] // 2]

    inner = norm(conv(norm(x.numpy(), "norm"), "conv1"), "conv1_norm")
    alpha = values["stage2_block01_prelu/alpha"]
    inner = np.where(inner > 0, inner, alpha * inner)
    # The stride is in the second convolution, which begins at pixel 0.
    inner = norm(conv(inner[:, ::2, ::2], "conv2"), "conv2_norm")
    shortcut = norm(conv(x.numpy()[:, ::2, ::2], "shortcut"), "shortcut_norm")
    np.testing.assert_allclose(y, inner + shortcut, rtol=1e-4, atol=1e-4)


def test_a_size_that_is_none_is_refused():
    with pytest.raises(ValueError, match="positive whole number of pixels"):
        backbones.get("lresnet50a_ir")(0)
