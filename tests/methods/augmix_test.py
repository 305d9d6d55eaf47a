"""AugMix compares an image's prediction with its views'."""

import keras
import numpy as np
import pytest

from qualnet_tf import methods
from qualnet_tf.methods import augmix
from tests.methods.tiny_methods import (
    BATCH,
    CLASSES,
    make_batch,
    make_classifier,
    make_method,
)


def _divergence(logits):
    """By loops over NumPy numbers: mean KL from the mean prediction."""
    total = 0.0
    for image in range(logits.shape[1]):
        powers = np.exp(logits[:, image])
        predictions = powers / powers.sum(axis=-1, keepdims=True)
        mean = predictions.mean(axis=0)
        for one in predictions:
            total += sum(
                p * (np.log(p) - np.log(m))
                for p, m in zip(one, mean, strict=True)
            )
    return total / (logits.shape[0] * logits.shape[1])


@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow",
    reason="takes gradients with TensorFlow's tape",
)
def test_divergence_and_gradient_agree_with_numpy():
    import tensorflow as tf

    logits = np.random.default_rng(0).normal(size=(3, 4, 5))
    variable = tf.constant(logits)
    with tf.GradientTape() as tape:
        tape.watch(variable)
        value = augmix.jensen_shannon_divergence(variable)
    gradient = tape.gradient(value, variable).numpy()
    assert float(value) == pytest.approx(_divergence(logits), rel=1e-5)
    step = 1e-6
    for index in list(np.ndindex(logits.shape))[::4]:
        above, below = logits.copy(), logits.copy()
        above[index] += step
        below[index] -= step
        slope = (_divergence(above) - _divergence(below)) / (2 * step)
        assert gradient[index] == pytest.approx(
            slope, rel=1e-5, abs=1e-5 * np.abs(gradient).max()
        )


def test_equal_predictions_do_not_diverge():
    logits = np.random.default_rng(0).normal(size=(1, 4, 5)).repeat(3, axis=0)
    value = augmix.jensen_shannon_divergence(logits)
    assert float(value) == pytest.approx(0.0, abs=1e-9)


def test_certain_and_opposite_predictions_stay_finite():
    logits = np.array([[[1e4, 0.0]], [[0.0, 1e4]]])
    value = float(augmix.jensen_shannon_divergence(logits))
    assert value == pytest.approx(np.log(2), rel=1e-6)


def test_views_are_classified_as_one_batch_with_their_image():
    method, batch = make_method("augmix"), make_batch()
    outputs = method(batch, training=False)
    assert outputs["view_logits"].shape == (3, BATCH, CLASSES)
    for i, images in enumerate(
        (batch["image"], batch["views"][:, 0], batch["views"][:, 1])
    ):
        np.testing.assert_allclose(
            outputs["view_logits"][i], method.classifier(images), atol=1e-5
        )
    np.testing.assert_array_equal(outputs["logits"], outputs["view_logits"][0])
    assert outputs["features"].shape[0] == BATCH


def test_statistics_are_those_of_all_views():
    method, batch = make_method("augmix"), make_batch()
    norm = method.backbone.get_layer("stem_conv_norm")
    seen = keras.Model(
        method.backbone.input, method.backbone.get_layer("stem_conv").output
    )
    images = np.concatenate(
        [batch["image"], *np.moveaxis(batch["views"], 1, 0)]
    )
    mean = np.mean(np.asarray(seen(images)), axis=(0, 1, 2))
    method(batch, training=True)
    np.testing.assert_allclose(norm.moving_mean, 0.1 * mean, atol=1e-5)


def test_weight_multiplies_the_divergence():
    batch = make_batch()
    found = []
    for weight in (1.0, 12.0):
        method = make_method("augmix", consistency_weight=weight)
        terms = method.loss_terms(batch, method(batch))
        found.append(float(terms["consistency_loss"]))
    assert found[1] == pytest.approx(12 * found[0], rel=1e-5)
    assert found[0] > 0


def test_without_views_nothing_diverges():
    method = make_method("augmix")
    batch = {k: v for k, v in make_batch().items() if k != "views"}
    terms = method.loss_terms(batch, method(batch))
    assert float(terms["consistency_loss"]) == pytest.approx(0.0, abs=1e-6)


def test_negative_weight_is_refused():
    with pytest.raises(ValueError, match="consistency_weight of at least 0"):
        methods.get("augmix")(make_classifier(), consistency_weight=-1.0)
