"""Auxiliary classifiers teach the convolutions, and nothing else of the net."""

import keras
import numpy as np
import pytest

from qualnet_tf import methods
from tests.methods.tiny_methods import (
    make_batch,
    make_classifier,
    make_method,
    step,
    values,
)

if keras.backend.backend() != "tensorflow":
    pytest.skip("takes gradients with TensorFlow", allow_module_level=True)


def _log_softmax(logits):
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def test_terms_agree_with_numpy():
    method, batch = make_method("auxtraining"), make_batch()
    outputs = method(batch)
    terms = method.loss_terms(batch, outputs)
    rows = np.arange(len(batch["label"]))
    primary = np.exp(_log_softmax(np.asarray(outputs["logits"], np.float64)))
    labelled = mimicked = 0.0
    for logits in outputs["view_logits"]:
        logarithms = _log_softmax(np.asarray(logits, np.float64))
        labelled -= logarithms[rows, batch["label"]].mean()
        mimicked -= (primary * logarithms).sum(axis=-1).mean()
    assert float(terms["auxiliary_loss"]) == pytest.approx(
        0.05 * labelled, rel=1e-5
    )
    assert float(terms["self_distillation_loss"]) == pytest.approx(
        0.05 * mimicked, rel=1e-5
    )
    distance = 0.0
    for i, head in enumerate(method.auxiliary_heads):
        pairs = zip(
            method.head.get_layer("logits").get_weights(),
            head.get_layer(f"logits_view{i}").get_weights(),
            strict=True,
        )
        distance += sum(((a - b) ** 2).sum() for a, b in pairs)
    assert float(terms["merging_loss"]) == pytest.approx(distance, rel=1e-5)


@pytest.mark.parametrize(("epoch", "merges"), [(4, False), (3, True)])
def test_merging_begins_with_its_epoch(epoch, merges):
    method = make_method("auxtraining", merging_epoch=epoch)
    batch = make_batch()  # of epoch 3
    terms = method.loss_terms(batch, method(batch))
    assert (float(terms["merging_loss"]) > 0) == merges


def test_merging_draws_the_linear_layers_together():
    method, batch = make_method("auxtraining", learning_rate=0.05), make_batch()
    first = float(step(method, batch)["merging_loss"])
    for _ in range(20):
        method.reset_metrics()
        last = float(step(method, batch)["merging_loss"])
    assert last < 0.2 * first


def test_primary_statistics_never_see_a_corruption():
    batch = make_batch()
    other = {**batch, "views": 1.0 - batch["views"]}
    found = []
    for each in (batch, other):
        method = make_method("auxtraining")
        method(each, training=True)
        found.append(
            {
                path: value
                for path, value in values(method.backbone.weights).items()
                if "moving" in path
            }
        )
    for path, value in found[0].items():
        np.testing.assert_array_equal(value, found[1][path], path)
        assert np.any(value != 0.0)


def test_auxiliary_gradient_reaches_shared_kernels_alone():
    import tensorflow as tf

    method, batch = make_method("auxtraining"), make_batch()
    weights = method.backbone.trainable_weights
    with tf.GradientTape() as tape:
        terms = method.loss_terms(batch, method(batch, training=True))
        loss = terms["auxiliary_loss"] + terms["self_distillation_loss"]
    found = tape.gradient(loss, [w.value for w in weights])
    for weight, gradient in zip(weights, found, strict=True):
        assert (gradient is not None) == (weight.name == "kernel"), weight.path


def test_only_the_primary_classifier_is_deployed():
    method = make_method("auxtraining")
    assert not [p for p in values(method.classifier.weights) if "view" in p]


def test_without_views_the_auxiliary_terms_are_zero():
    method = make_method("auxtraining")
    batch = {k: make_batch()[k] for k in ("image", "clean_image", "label")}
    terms = method.loss_terms(batch, method(batch))
    assert [float(terms[name]) for name in method.term_names[1:]] == [0.0] * 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_views": 0}, "at least one corruption, received 0"),
        (
            {"num_views": 2, "auxiliary_weight": 0.0},
            "positive auxiliary_weight",
        ),
    ],
)
def test_bad_arguments_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        methods.get("auxtraining")(make_classifier(), **options)
