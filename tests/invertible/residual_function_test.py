"""The residual function against the same layers of Keras."""

import keras
import numpy as np
import pytest

from qualnet_tf.invertible import residual_function
from qualnet_tf.invertible.residual_function import ResidualFunction

CHANNELS, WIDTH = 4, 12


def _values(residual, seed=0):
    """Statistics and parameters as training leaves them."""
    generator = np.random.default_rng(seed)
    values = []
    for spec in residual.specs():
        if spec.name in ("gamma", "moving_variance"):
            value = generator.uniform(0.5, 2.0, spec.shape)
        else:
            value = generator.normal(0.0, 0.3, spec.shape)
        values.append(value.astype("float32"))
    return values


def _keras_layers(residual, values):
    """BN, ReLU and convolutions of Keras with those values."""
    values = iter(values)
    layers = []
    half = keras.Input((6, 6, residual.channels))
    outputs = half
    for number, filters in zip((1, 2, 3), (3, 3, WIDTH), strict=True):
        if number > 1 or not residual.first:
            layers.append(
                keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5)
            )
            outputs = keras.layers.ReLU()(layers[-1](outputs))
            layers[-1].set_weights([next(values) for _ in range(4)])
        strides = residual.strides if number == 1 else 1
        padded = keras.layers.ZeroPadding2D(1)(outputs)
        layers.append(
            keras.layers.Conv2D(filters, 3, strides, "valid", use_bias=False)
        )
        outputs = layers[-1](padded)
        layers[-1].set_weights([next(values)])
    return keras.Model(half, outputs), layers


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize(("strides", "first"), [(1, False), (2, False), (2, 1)])
def test_equals_the_layers_of_keras(strides, first, training):
    residual = ResidualFunction(CHANNELS, WIDTH, strides, first=bool(first))
    values = _values(residual)
    model, layers = _keras_layers(residual, values)
    half = np.random.default_rng(1).normal(size=(3, 6, 6, CHANNELS))
    half = half.astype("float32")
    outputs, moved = residual(values, half, training)
    np.testing.assert_allclose(
        outputs, model(half, training=training), atol=2e-5
    )
    if not training:
        assert moved == []
        return
    expected = [
        np.asarray(weight)
        for layer in layers
        for weight in layer.non_trainable_weights
    ]
    for one, other in zip(moved, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_statistics_are_picked_in_their_order():
    residual = ResidualFunction(CHANNELS, WIDTH)
    names = [f"{spec.scope}/{spec.name}" for spec in residual.specs()]
    assert residual_function.statistics_of(residual, names) == [
        f"norm{number}/{name}"
        for number in (1, 2, 3)
        for name in ("moving_mean", "moving_variance")
    ]


def test_multiply_adds_are_those_of_the_convolutions():
    residual = ResidualFunction(CHANNELS, WIDTH, strides=2)
    assert residual.multiply_adds(3, 5) == 15 * 9 * (4 * 3 + 3 * 3 + 3 * 12)
