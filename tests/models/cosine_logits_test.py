"""Cosines against NumPy, and what half precision would break."""

import keras
import numpy as np
import pytest
from keras import ops

from qualnet_tf.models.cosine_logits import CosineLogits, unit_length
from qualnet_tf.models.heads import margin_head

GENERATOR = np.random.default_rng(0)


def _gradient(function, x):
    import tensorflow as tf

    x = tf.convert_to_tensor(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = function(x)
    return tape.gradient(y, x).numpy()


def test_logits_are_scaled_cosines():
    x = GENERATOR.normal(size=(5, 8)).astype("float32")
    layer = CosineLogits(7, scale=30)
    logits = ops.convert_to_numpy(layer(x))
    w = layer.kernel.numpy()
    norms = np.linalg.norm(x, axis=1)[:, None] * np.linalg.norm(w, axis=0)
    np.testing.assert_allclose(logits, 30 * (x @ w) / norms, atol=1e-4)
    again = CosineLogits.from_config(layer.get_config())
    assert (again.num_classes, again.scale) == (7, 30.0)


@pytest.mark.parametrize("size", [1e-30, 1e-5, 1.0, 12.0, 6e4, 1e30])
def test_length_is_one_at_every_size(size):
    x = (size * GENERATOR.normal(size=(3, 512))).astype("float32")
    length = np.linalg.norm(ops.convert_to_numpy(unit_length(x)), axis=1)
    np.testing.assert_allclose(length, 1, rtol=1e-5)


def test_zeros_stay_zeros():
    x = np.zeros((2, 4), "float32")
    assert np.all(ops.convert_to_numpy(unit_length(x)) == 0)


@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="differentiates with a tape"
)
def test_gradient_is_that_of_the_plain_formula():
    x = GENERATOR.normal(size=(3, 6)).astype("float32")
    w = GENERATOR.normal(size=(3, 6)).astype("float32")
    got = _gradient(lambda x: ops.sum(unit_length(x) * w), x)
    norm = np.linalg.norm(x, axis=1, keepdims=True)
    unit = x / norm
    expected = (w - unit * (unit * w).sum(1, keepdims=True)) / norm
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-6)
    zeros = np.zeros((2, 6), "float32")
    at_zero = _gradient(lambda x: ops.sum(unit_length(x) * w[:2]), zeros)
    assert np.all(np.isfinite(at_zero))


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize("value", [0.0, 1e-5, 12.0, 6e4])
def test_head_has_no_nan_in_half_precision(policy, value):
    keras.config.set_dtype_policy(policy)
    try:
        head = margin_head((2, 2, 512), 10)
    finally:
        keras.config.set_dtype_policy("float32")
    half = policy.removeprefix("mixed_")
    x = ops.cast(np.full((2, 2, 2, 512), value, "float32"), half)
    for training in (False, True):
        logits = head(x, training=training)
        assert keras.backend.standardize_dtype(logits.dtype) == "float32"
        logits = ops.convert_to_numpy(logits)
        assert np.all(np.isfinite(logits)) and np.all(np.abs(logits) < 30.1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [((1,), "at least 2 classes, received 1"), ((5, 0), "above 0, received 0")],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        CosineLogits(*arguments)


@pytest.mark.parametrize("half", ["float16", "bfloat16"])
def test_half_precision_vectors_are_scaled_in_float32(half):
    x = GENERATOR.normal(size=(3, 512)).astype("float32")
    unit = unit_length(ops.cast(x, half))
    assert keras.backend.standardize_dtype(unit.dtype) == "float32"
    length = np.linalg.norm(ops.convert_to_numpy(unit), axis=1)
    np.testing.assert_allclose(length, 1, rtol=1e-6)


def test_no_layer_of_the_head_follows_a_half_policy():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        head = margin_head((2, 2, 8), 3)
    finally:
        keras.config.set_dtype_policy("float32")
    types = {layer.name: layer.compute_dtype for layer in head.layers[1:]}
    assert types == dict.fromkeys(
        ("norm", "prelu", "pool", "logits"), "float32"
    )
