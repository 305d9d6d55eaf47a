"""Adapted batch norms answer with the statistics of the batch alone."""

import keras
import numpy as np
import pytest

from qualnet_tf.evaluation.adaptation import adapted
from qualnet_tf.subjects.keras_file import keras_subject
from qualnet_tf.subjects.subject import SubjectOptions


def _network(dropout=0.5):
    keras.utils.set_random_seed(0)
    image = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(4, 3, use_bias=False)(image)
    x = keras.layers.Dropout(dropout)(x)
    x = keras.layers.BatchNormalization()(x)
    x = keras.layers.ReLU()(x)
    x = keras.layers.Conv2D(4, 3, use_bias=False)(x)
    x = keras.layers.BatchNormalization(trainable=False)(x)
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.ReLU()(x))
    return keras.Model(image, keras.layers.Dense(3)(x))


def _subject(network):
    return keras_subject(network, "net", SubjectOptions(pixel_range="unit"))


def _images(count, seed=0):
    return np.random.default_rng(seed).random((count, 8, 8, 3), np.float32)


def _by_hand(network, image):
    """The forward pass with every normalisation by its own batch."""
    x = image
    for layer in network.layers[1:]:
        if isinstance(layer, keras.layers.BatchNormalization):
            x = np.asarray(x)
            mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
            x = (x - mean) / np.sqrt(variance + layer.epsilon)
            x = x * np.asarray(layer.gamma) + np.asarray(layer.beta)
        else:
            x = (
                layer(x, training=False)
                if layer.name[:4] == "drop"
                else layer(x)
            )
    return np.asarray(x)


def test_logits_are_those_of_the_batch_statistics():
    network = _network()
    subject = adapted(_subject(network))
    for seed in (0, 1):  # nothing stays of the first batch
        image = _images(20, seed)
        np.testing.assert_allclose(
            subject.logits(image), _by_hand(network, image), atol=1e-4
        )


def test_a_shift_of_brightness_is_undone():
    network = _network()
    image = 0.5 * _images(40)
    plain = _subject(network)
    before = plain.logits(image), plain.logits(image + 0.5)
    assert np.abs(before[0] - before[1]).max() > 0.05
    subject = adapted(_subject(network))
    np.testing.assert_allclose(
        subject.logits(image), subject.logits(image + 0.5), atol=1e-3
    )


def test_what_has_no_batch_norm_is_refused():
    image = keras.Input((8, 8, 3))
    x = keras.layers.GlobalAveragePooling2D()(image)
    with pytest.raises(ValueError, match="expected a network with batch norms"):
        adapted(_subject(keras.Model(image, keras.layers.Dense(3)(x))))


def test_what_is_no_network_is_refused():
    subject = adapted(_subject(_network()))
    with pytest.raises(ValueError, match="leave out --adapt_batch_norm"):
        adapted(subject)
