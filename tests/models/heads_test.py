"""The head against its formula in NumPy."""

import keras
import numpy as np
import pytest

from qualnet_tf.models.heads import linear_head

FEATURES = np.random.default_rng(0).normal(size=(2, 4, 4, 6)).astype("f")


def test_linear_head_is_a_mean_and_a_matrix():
    head = linear_head((4, 4, 6), 3)
    kernel, bias = (np.asarray(w.numpy()) for w in head.weights)
    expected = FEATURES.mean(axis=(1, 2)) @ kernel + bias
    np.testing.assert_allclose(head(FEATURES), expected, atol=1e-5)


def test_normalized_head_rectifies_first():
    head = linear_head((4, 4, 6), 3, normalized=True)
    kernel = head.get_layer("logits").kernel.numpy()
    rectified = np.maximum(FEATURES / np.sqrt(1 + 1e-5), 0)
    expected = rectified.mean(axis=(1, 2)) @ kernel
    np.testing.assert_allclose(head(FEATURES), expected, atol=1e-5)


def test_logits_are_float32_under_a_half_policy():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        head = linear_head((4, 4, 6), 3)
    finally:
        keras.config.set_dtype_policy("float32")
    assert head.output.dtype == "float32"


def test_one_class_is_refused():
    with pytest.raises(ValueError, match="at least 2 classes, received 1"):
        linear_head((4, 4, 6), 1)
