"""Filters are ranked by what their degradation costs, and then corrected."""

import keras
import numpy as np
import pytest

from qualnet_tf import backbones, invertible
from qualnet_tf.models.classifier import build_classifier
from qualnet_tf.models.corrected_convolution import CorrectedConvolution
from qualnet_tf.models.correction import (
    choose_filters,
    correct,
    correctable_layers,
    correction_priorities,
)
from tests.methods.tiny_methods import (
    CLASSES,
    SIZE,
    make_batch,
    make_classifier,
)


def _two_layer_classifier():
    """Whose forward pass a test can write down: convolution, ReLU, head."""
    keras.utils.set_random_seed(0)
    image = keras.Input((SIZE, SIZE, 3))
    outputs = keras.layers.Conv2D(5, 3, name="only", use_bias=False)(image)
    outputs = keras.layers.ReLU(name="relu")(outputs)
    backbone = keras.Model(image, outputs, name="two_layers")
    return build_classifier(backbone, SIZE, CLASSES)


def _loss(logits, labels):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    chances = powers / powers.sum(axis=1, keepdims=True)
    return -np.log(chances[np.arange(len(labels)), labels]).mean()


def test_priority_is_the_gain_of_one_clean_filter():
    classifier, batch = _two_layer_classifier(), make_batch()
    found = correction_priorities(
        classifier, batch["clean_image"], batch["image"], batch["label"]
    )
    convolution = classifier.layers[1].get_layer("only")
    dense = classifier.layers[2].get_layer("logits")
    kernel, bias = dense.get_weights()
    clean, degraded = (
        np.asarray(convolution(batch[name]))
        for name in ("clean_image", "image")
    )

    def loss(maps):
        embedding = np.maximum(maps, 0).mean(axis=(1, 2))
        return _loss(embedding @ kernel + bias, batch["label"])

    for number in range(5):
        swapped = degraded.copy()
        swapped[..., number] = clean[..., number]
        gain = loss(degraded) - loss(swapped)
        assert found["only"][number] == pytest.approx(gain, abs=1e-6)
        assert abs(gain) > 1e-5


def test_ranking_changes_nothing():
    classifier, batch = make_classifier(), make_batch()
    before = classifier.get_weights()
    logits = np.asarray(classifier(batch["image"]))
    found = correction_priorities(
        classifier, batch["clean_image"], batch["image"], batch["label"]
    )
    assert {name: len(gains) for name, gains in found.items()} == (
        correctable_layers(classifier.layers[1])
    )
    for old, new in zip(before, classifier.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    np.testing.assert_array_equal(classifier(batch["image"]), logits)


def test_equal_images_cost_nothing():
    classifier, batch = make_classifier(), make_batch()
    found = correction_priorities(
        classifier, batch["image"], batch["image"], batch["label"]
    )
    for gains in found.values():
        np.testing.assert_allclose(gains, 0.0, atol=1e-6)


@pytest.mark.parametrize(
    ("fraction", "expected"), [(0.5, [0, 2]), (0.51, [0, 2, 3]), (0.01, [2])]
)
def test_the_best_are_chosen_in_channel_order(fraction, expected):
    gains = {"a": np.array([0.5, -1.0, 2.0, 0.1])}
    assert choose_filters(gains, fraction) == {"a": expected}


@pytest.mark.parametrize("fraction", [0.0, 1.5])
def test_a_fraction_out_of_range_is_refused(fraction):
    with pytest.raises(ValueError, match="correction_fraction: expected above"):
        choose_filters({"a": np.zeros(3)}, fraction)


def test_corrected_classifier_starts_as_the_plain_one():
    classifier, batch = make_classifier(), make_batch()
    plain = np.asarray(classifier(batch["image"], training=False))
    layers = correctable_layers(classifier.layers[1])
    corrected = correct(classifier, {n: range(w) for n, w in layers.items()})
    # Frozen batch norms keep their statistics in training too.
    found = np.asarray(corrected(batch["image"], training=True))
    assert 0 < np.max(np.abs(found - plain)) < 0.1 * np.max(np.abs(plain))
    units = [
        layer.unit
        for layer in corrected.layers[1].layers
        if isinstance(layer, CorrectedConvolution)
    ]
    assert len(units) == len(layers) == 5
    learned = {id(w) for unit in units for w in unit.trainable_weights}
    assert {id(w) for w in corrected.trainable_weights} == learned


def test_resnets_correct_their_3x3_convolutions():
    assert len(correctable_layers(backbones.get("resnet18")(32))) == 17
    assert len(correctable_layers(backbones.get("resnet50")(32))) == 17
    assert len(correctable_layers(backbones.get("resnext101_32x8d")(32))) == 34


def test_invertible_networks_are_refused():
    network = invertible.get("irevnet_tiny")()
    with pytest.raises(ValueError, match="backbone with convolution layers"):
        correctable_layers(network)
