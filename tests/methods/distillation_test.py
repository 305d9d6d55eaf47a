"""Every distillation baseline: a frozen teacher on clean images, its weight."""

import functools

import keras
import numpy as np
import pytest

from qualnet_tf import methods
from tests.methods.tiny_methods import (
    DISTILLATIONS,
    SIZE,
    make_batch,
    make_classifier,
    make_method,
    make_teacher,
    step,
    values,
)

PUBLISHED = {"kd": 0.9, "fitnet": 100.0, "pkt": 3e4, "vid": 1.0, "sp": 3e3}
# Parameters beside the classifier and the teacher.
EXTRA = {
    "fitnet": 9 * 16 * 48 + 48,
    "vid": 16 * 48 + 2 * 48 * 48 + 48,
}


@functools.cache
def _untouched(name):
    """One method of a name for all tests that only look at it."""
    return make_method(name)


def _terms(method, batch):
    terms = method.loss_terms(batch, method(batch))
    return {name: float(value) for name, value in terms.items()}


@pytest.mark.parametrize("name", DISTILLATIONS)
class TestEveryDistillation:
    def test_teacher_and_its_statistics_stay_as_they_are(self, name):
        method = make_method(name, learning_rate=1e-3)
        before = values(method.teacher.weights)
        assert any("moving" in path for path in before)
        for seed in range(2):
            step(method, make_batch(seed))
        after = values(method.teacher.weights)
        for path in before:
            np.testing.assert_array_equal(before[path], after[path], path)
        frozen = {id(weight) for weight in method.frozen_weights}
        assert frozen == {id(weight) for weight in method.teacher.weights}
        assert not frozen & {id(w) for w in method.trainable_weights}

    def test_teacher_sees_the_clean_image_and_the_student_the_other(self, name):
        method, batch = _untouched(name), make_batch()
        other = {**batch, "clean_image": np.zeros_like(batch["clean_image"])}
        first, second = _terms(method, batch), _terms(method, other)
        assert first["distillation_loss"] != pytest.approx(
            second["distillation_loss"], rel=1e-4
        )
        logits = [np.asarray(method(each)["logits"]) for each in (batch, other)]
        np.testing.assert_array_equal(*logits)
        taught = method.teach(batch)["logits"]
        np.testing.assert_allclose(
            taught, method.teacher(batch["clean_image"]), atol=1e-6
        )

    def test_published_weight_is_the_default(self, name):
        assert _untouched(name).distillation_weight == PUBLISHED[name]

    def test_weight_scales_the_term(self, name):
        batch = make_batch()
        half, whole = (
            _terms(make_method(name, distillation_weight=weight), batch)
            for weight in (0.25, 0.5)
        )
        assert whole["distillation_loss"] == pytest.approx(
            2 * half["distillation_loss"], rel=1e-5
        )

    def test_without_weight_it_is_supervised(self, name):
        batch = make_batch()
        found = _terms(make_method(name, distillation_weight=0.0), batch)
        plain = _terms(_untouched("supervised"), batch)
        assert found["distillation_loss"] == 0
        assert found["classification_loss"] == pytest.approx(
            plain["classification_loss"], rel=1e-6
        )

    def test_what_is_trained_beside_the_classifier(self, name):
        method = _untouched(name)
        classifier = {id(w) for w in method.classifier.weights}
        teacher = {id(w) for w in method.teacher.weights}
        extra = [
            weight
            for weight in method.weights
            if id(weight) not in classifier | teacher
        ]
        count = sum(int(np.prod(weight.shape)) for weight in extra)
        assert count == EXTRA.get(name, 0)
        assert all(weight.trainable for weight in extra)

    def test_term_reaches_every_weight_of_the_backbone(self, name):
        import tensorflow as tf

        method, batch = make_method(name), make_batch()
        weights = method.backbone.trainable_weights
        with tf.GradientTape() as tape:
            outputs = method(batch, training=True)
            loss = method.loss_terms(batch, outputs)["distillation_loss"]
        for weight, gradient in zip(
            weights, tape.gradient(loss, weights), strict=True
        ):
            assert gradient is not None, weight.path
            assert np.max(np.abs(gradient)) > 0, weight.path

    def test_negative_weights_are_refused(self, name):
        with pytest.raises(ValueError, match="at least 0, received -1"):
            make_method(name, distillation_weight=-1)


def test_kd_shares_the_objective():
    batch = make_batch()
    kd, plain = make_method("kd"), make_method("supervised")
    assert _terms(kd, batch)["classification_loss"] == pytest.approx(
        0.1 * _terms(plain, batch)["classification_loss"], rel=1e-5
    )


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("kd", {"distillation_weight": 1.5}, "at most 1, received 1.5"),
        ("kd", {"temperature": 0.0}, "positive temperature, received 0.0"),
        ("fitnet", {"hint_norm": "l3"}, "hint_norm: expected one of l1, l2"),
    ],
)
def test_values_out_of_range_are_refused(name, options, message):
    with pytest.raises(ValueError, match=message):
        make_method(name, **options)


@pytest.mark.parametrize("name", ["fitnet", "vid"])
def test_maps_on_different_grids_are_refused(name):
    from qualnet_tf import backbones
    from qualnet_tf.models.classifier import build_classifier

    backbone = backbones.get("resnet_small")(SIZE)
    classifier = build_classifier(backbone, SIZE, 3)
    with pytest.raises(ValueError, match="same total stride"):
        methods.get(name)(classifier, make_teacher())


def test_the_teacher_may_have_any_head():
    student, teacher = make_classifier(), make_classifier(1)
    method = methods.get("kd")(student, teacher)
    batch = make_batch()
    outputs = method.teach(batch)
    assert outputs["embedding"].shape == (4, 16)
    assert keras.ops.shape(outputs["logits"]) == (4, 3)
