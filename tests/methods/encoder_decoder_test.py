"""The decoder of the ablation learns, in the direction that it runs in."""

import numpy as np
import pytest
import tensorflow as tf

from qualnet_tf import methods
from tests.methods.tiny_methods import (
    make_batch,
    make_decoder,
    make_method,
    step,
    values,
)


def test_every_weight_and_statistic_of_the_decoder_changes():
    method = make_method("encoder_decoder")
    before = values(method.decoder.weights)
    assert any("moving" in path for path in before)
    step(method, make_batch())
    after = values(method.decoder.weights)
    same = [
        path for path in before if np.array_equal(before[path], after[path])
    ]
    assert not same
    assert method.frozen_weights == []


def test_quality_loss_reaches_the_decoder():
    method, batch = make_method("encoder_decoder"), make_batch()
    weights = method.decoder.trainable_weights
    with tf.GradientTape() as tape:
        outputs = method(batch, training=True)
        loss = method.loss_terms(batch, outputs)["quality_loss"]
    gradients = tape.gradient(loss, weights)
    # Kernel, gamma and beta of nine, but for the first norm of the network.
    assert len(gradients) == 3 * 9 - 2
    assert all(np.max(np.abs(gradient)) > 0 for gradient in gradients)


def test_fresh_and_without_training_it_is_qualnet():
    """Stored statistics: the decoder is then the inverse, whoever trains it."""
    batch = make_batch()
    ours, qualnet = make_method("encoder_decoder"), make_method("qualnet")
    for weight, other in zip(
        ours.connector.weights, qualnet.connector.weights, strict=True
    ):
        other.assign(weight)
    found, expected = (
        float(m.loss_terms(batch, m(batch))["quality_loss"])
        for m in (ours, qualnet)
    )
    assert found == pytest.approx(expected, rel=1e-6)
    trained = ours(batch, training=True)["reconstruction"]
    assert np.max(np.abs(trained - ours(batch)["reconstruction"])) > 0.01


@pytest.mark.parametrize("fraction", [1.0, 0.5])
def test_reconstruction_is_that_of_the_decoded_part(fraction):
    method = make_method("encoder_decoder", decoder_fraction=fraction)
    batch = make_batch()
    decoded = method(batch)["reconstruction"]
    assert tuple(decoded.shape) == (int(4 * fraction), 16, 16, 3)
    terms = method.loss_terms(batch, method(batch))
    std = np.array([0.229, 0.224, 0.225])
    clean = batch["clean_image"][: decoded.shape[0]]
    error = np.mean(np.abs(clean - np.asarray(decoded)) / std)
    assert float(terms["quality_loss"]) == pytest.approx(0.5 * error, rel=1e-5)


def test_memory_saving_takes_the_same_step():
    after = []
    for saving in (False, True):
        method = make_method("encoder_decoder", learning_rate=0.01)
        method.decoder.network.memory_saving = saving
        step(method, make_batch())
        after.append(values(method.weights))
    for path, value in after[0].items():
        np.testing.assert_allclose(
            after[1][path], value, atol=1e-5, err_msg=path
        )


def test_a_frozen_decoder_is_refused():
    method = make_method("qualnet")
    with pytest.raises(ValueError, match="expected a trainable decoder"):
        methods.get("encoder_decoder")(
            method.classifier, method.connector, make_decoder(), 0.5
        )
