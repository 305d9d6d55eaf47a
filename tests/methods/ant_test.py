"""ANT's generator climbs what the classifier descends."""

import keras
import numpy as np
import pytest

from qualnet_tf import methods
from qualnet_tf.methods.ant import CLEAN, GAUSSIAN, GENERATED
from tests.methods.tiny_methods import (
    BATCH,
    SIZE,
    make_batch,
    make_classifier,
    make_method,
    values,
)

if keras.backend.backend() != "tensorflow":
    pytest.skip("takes gradients with TensorFlow", allow_module_level=True)


def _gradients(method, batch):
    import tensorflow as tf

    weights = [w.value for w in method.trainable_weights]
    with tf.GradientTape() as tape:
        outputs = method(batch, training=True)
        loss = sum(method.loss_terms(batch, outputs).values())
    found = tape.gradient(loss, weights)
    return {
        w.path: np.asarray(g)
        for w, g in zip(method.trainable_weights, found, strict=True)
    }


def _generator_paths(method):
    return {w.path for w in method.noise_generator.weights}


def _loss(method, batch):
    outputs = method(batch, training=True)
    return float(method.loss_terms(batch, outputs)["classification_loss"])


def test_generator_has_the_reversed_gradient():
    """Against a difference of the objective itself."""
    method, batch = make_method("ant"), make_batch()
    gradients = _gradients(method, batch)
    bias = method.noise_generator.get_layer("convolution4").bias
    before, step = np.array(bias), 1e-3
    for channel in range(3):
        losses = []
        for sign in (1, -1):
            bias.assign(before + sign * step * np.eye(3)[channel])
            losses.append(_loss(method, batch))
        bias.assign(before)
        slope = (losses[0] - losses[1]) / (2 * step)
        # ReLUs and the clip have kinks within a step.
        assert gradients[bias.path][channel] == pytest.approx(
            -slope, rel=0.05, abs=5e-3
        )


def test_rate_scales_the_generators_gradient_alone():
    batch = make_batch()
    one, three = (
        _gradients(make_method("ant", generator_rate=rate), batch)
        for rate in (1.0, 3.0)
    )
    paths = _generator_paths(make_method("ant"))
    assert paths <= set(one)
    for path in one:
        factor = 3.0 if path in paths else 1.0
        np.testing.assert_allclose(
            three[path], factor * one[path], rtol=1e-3, atol=1e-5
        )


def test_kinds_decide_what_becomes_of_an_image():
    method, batch = make_method("ant", noise_deviation=0.01), make_batch()
    grey = np.full_like(batch["image"], 0.5)
    kinds = np.array([CLEAN, GENERATED, GAUSSIAN, CLEAN], np.int32)
    noisy = np.asarray(
        method.add_noise({**batch, "image": grey, "noise_kind": kinds})
    )
    added = noisy - grey
    np.testing.assert_array_equal(added[[0, 3]], 0.0)
    gaussian = batch["noise"][2, 1:-1, 1:-1]
    gaussian = gaussian / np.sqrt(np.mean(gaussian**2)) * 0.01
    np.testing.assert_allclose(added[2], gaussian, atol=1e-6)
    assert np.sqrt(np.mean(added[1] ** 2)) == pytest.approx(0.01, rel=1e-4)
    assert added[1].shape == (SIZE, SIZE, 3)


def test_noisy_images_stay_in_range():
    method, batch = make_method("ant", noise_deviation=2.0), make_batch()
    noisy = np.asarray(method.add_noise(batch))
    assert noisy.min() == 0.0 and noisy.max() == 1.0
    assert len(noisy) == BATCH


def test_validation_sees_no_noise():
    method, batch = make_method("ant"), make_batch()
    plain = method.classifier(batch["image"], training=False)
    np.testing.assert_allclose(
        method(batch, training=False)["logits"], plain, atol=1e-6
    )


def test_the_generator_is_not_exported():
    method = make_method("ant")
    deployed = set(values(method.classifier.weights))
    assert not deployed & _generator_paths(method)


@pytest.mark.parametrize("name", ["noise_deviation", "generator_rate"])
def test_what_is_not_positive_is_refused(name):
    with pytest.raises(ValueError, match=f"expected a positive {name}"):
        methods.get("ant")(make_classifier(), **{name: 0.0})
