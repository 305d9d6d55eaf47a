"""Corrections reach the chosen channels of a frozen convolution alone."""

import keras
import numpy as np
import pytest

from qualnet_tf.backbones.grouped_conv import GroupedConv2D
from qualnet_tf.models import cost
from qualnet_tf.models.corrected_convolution import CorrectedConvolution
from tests.methods.tiny_methods import values


def _image(channels=4):
    return np.random.default_rng(0).random((2, 6, 6, channels), np.float32)


def _layers():
    return {
        "plain": keras.layers.Conv2D(5, 3, strides=2, use_bias=False),
        "grouped": GroupedConv2D(6, 3, groups=2, padding="same"),
    }


@pytest.mark.parametrize("kind", _layers())
def test_chosen_channels_get_what_the_unit_says(kind):
    convolution = _layers()[kind]
    layer = CorrectedConvolution(convolution, [3, 1], width=8)
    outputs = np.asarray(layer(_image()))
    plain = np.asarray(convolution(_image()))
    layer.unit.layers[-1].kernel.assign(np.ones((1, 1, 8, 2)) * [1.0, -2.0])
    outputs = np.asarray(layer(_image()))
    corrections = np.asarray(layer.unit(plain[..., [3, 1]]))
    assert np.min(np.max(np.abs(corrections), axis=(0, 1, 2))) > 0.01
    expected = plain.copy()
    expected[..., 3] += corrections[..., 0]
    expected[..., 1] += corrections[..., 1]
    np.testing.assert_allclose(outputs, expected, atol=1e-5)
    assert layer.compute_output_shape(_image().shape) == plain.shape


def test_starts_close_to_the_convolution():
    convolution = keras.layers.Conv2D(5, 3)
    layer = CorrectedConvolution(convolution, range(5))
    outputs = np.asarray(layer(_image()))
    plain = np.asarray(convolution(_image()))
    difference = np.max(np.abs(outputs - plain))
    assert 0 < difference < 0.05 * np.max(np.abs(plain))


def test_only_the_unit_is_trainable():
    layer = CorrectedConvolution(keras.layers.Conv2D(5, 3), [0])
    layer.build((None, 6, 6, 4))
    own = {id(w) for w in layer.unit.trainable_weights}
    assert {id(w) for w in layer.trainable_weights} == own
    # Four batch norms and four kernels.
    assert len(own) == 4 * 2 + 4


@pytest.mark.parametrize("kind", _layers())
def test_survives_a_file(kind, tmp_path):
    image = keras.Input((6, 6, 4))
    convolution = _layers()[kind]
    convolution(_image())  # as in a network that is corrected: built before
    layer = CorrectedConvolution(convolution, [4, 0], width=3, name="c")
    model = keras.Model(image, layer(image))
    layer.unit.layers[-1].kernel.assign(np.ones((1, 1, 3, 2)))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.get_layer("c").filters == [4, 0]
    assert list(values(loaded.weights)) == list(values(model.weights))
    np.testing.assert_allclose(loaded(_image()), model(_image()), atol=1e-6)


def test_no_filter_is_refused():
    with pytest.raises(ValueError, match="expected filters to correct"):
        CorrectedConvolution(keras.layers.Conv2D(5, 3), [])


def test_cost_is_that_of_convolution_and_unit():
    layer = CorrectedConvolution(_layers()["plain"], [0, 2], width=3)
    image = keras.Input((9, 9, 4))
    model = keras.Model(image, layer(image))
    grid = 4 * 4
    convolution = grid * 5 * 4 * 9
    unit = grid * (2 * 3 + 2 * 3 * 3 * 9 + 3 * 2)
    assert cost.multiply_adds(model) == convolution + unit
