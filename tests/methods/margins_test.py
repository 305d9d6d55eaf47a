"""Margin losses: their formulas, the first loss of a face network, bad use."""

import math

import keras
import numpy as np
import pytest
from keras import ops

from qualnet_tf import backbones, methods
from qualnet_tf.methods.margins import MARGINS, Margin
from qualnet_tf.models.classifier import build_classifier, pooled_classifier
from tests.methods.tiny_methods import CLASSES, SIZE, make_batch, step

ANGLES = np.linspace(0.02, math.pi - 0.02, 400)


def _target_cosine(margin, angles):
    """What the margin makes of the target's cosine at some angles."""
    cosine = np.cos(angles).astype("float32")
    logits = np.stack([cosine, np.full_like(cosine, 0.1)], axis=1)
    target = np.zeros_like(logits)
    target[:, 0] = 1
    changed = margin(margin.scale * logits, target)
    changed = ops.convert_to_numpy(changed) / margin.scale
    np.testing.assert_allclose(changed[:, 1], 0.1, rtol=1e-6)
    return changed[:, 0]


def test_cosface_takes_the_margin_from_the_cosine():
    got = _target_cosine(Margin("cosface", 0.25, 30), ANGLES)
    np.testing.assert_allclose(got, np.cos(ANGLES) - 0.25, atol=1e-6)


def test_arcface_adds_to_the_angle():
    got = _target_cosine(Margin("arcface", 0.5, 64), ANGLES)
    inside = ANGLES < math.pi - 0.5 - 0.01
    expected = np.cos(ANGLES[inside] + 0.5)
    np.testing.assert_allclose(got[inside], expected, atol=1e-5)
    beyond = ANGLES > math.pi - 0.5 + 0.01
    expected = np.cos(ANGLES[beyond]) - 0.5 * math.sin(0.5)
    np.testing.assert_allclose(got[beyond], expected, atol=1e-6)


def test_sphereface_multiplies_the_angle():
    got = _target_cosine(Margin("sphereface", 4, 30), ANGLES)
    k = np.floor(4 * ANGLES / math.pi)
    expected = (-1.0) ** k * np.cos(4 * ANGLES) - 2 * k
    np.testing.assert_allclose(got, expected, atol=2e-2)


@pytest.mark.parametrize("name", MARGINS)
def test_the_logit_falls_with_the_angle_and_is_never_above_the_cosine(name):
    _, usual, _ = MARGINS[name]
    got = _target_cosine(Margin(name, usual, 30), ANGLES)
    assert np.all(np.diff(got) < 0)
    assert np.all(got <= np.cos(ANGLES) + 1e-5)


@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="differentiates with a tape"
)
@pytest.mark.parametrize("name", MARGINS)
def test_gradients_are_finite_at_the_ends(name):
    import tensorflow as tf

    margin = Margin(name, MARGINS[name][1], 30)
    ends = [1.0, 1 + 2e-7, -1.0, -1 - 2e-7, 1 - 1e-7, 0.0]
    logits = tf.constant([[30 * end, 1.0] for end in ends], tf.float32)
    target = tf.constant([[1.0, 0.0]] * len(ends))
    with tf.GradientTape() as tape:
        tape.watch(logits)
        changed = margin(logits, target)
    assert np.all(np.isfinite(changed))
    assert np.all(np.isfinite(tape.gradient(changed, logits)))


def _face_method(name, **options):
    keras.utils.set_random_seed(0)
    backbone = backbones.get("lresnet_ir_tiny")(SIZE)
    classifier = build_classifier(backbone, SIZE, CLASSES, cosine_scale=30.0)
    method = methods.get(name)(classifier, **options)
    method.compile(optimizer=keras.optimizers.SGD(0.1))
    return method


def test_first_loss_of_casia():
    """ln C + s m + s^2 / (2 d): 17.65 for 10,572 identities of 512 numbers."""
    from qualnet_tf.models.cosine_logits import CosineLogits

    keras.utils.set_random_seed(0)
    embeddings = np.random.default_rng(0).normal(size=(64, 512))
    logits = CosineLogits(10_572, 30.0)(embeddings.astype("float32"))
    labels = np.random.default_rng(1).integers(0, 10_572, 64)
    target = ops.one_hot(labels, 10_572, dtype="float32")
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)(
        target, Margin("cosface", 0.25, 30.0)(logits, target)
    )
    assert float(loss) == pytest.approx(17.65, abs=0.3)


@pytest.mark.parametrize("name", MARGINS)
def test_a_step_lowers_the_loss_of_its_batch(name):
    margin = Margin(name, MARGINS[name][1], 30.0)
    method = _face_method("supervised", margin=margin)
    losses = [float(step(method, make_batch())["loss"]) for _ in range(8)]
    assert np.all(np.isfinite(losses)) and losses[-1] < losses[0]


def test_a_margin_raises_the_loss_and_leaves_the_logits():
    batch = make_batch()
    plain = _face_method("supervised")
    strict = _face_method("supervised", margin=Margin())
    outputs = plain(batch)
    same = strict(batch)
    np.testing.assert_allclose(outputs["logits"], same["logits"])
    term = "classification_loss"
    lower = float(plain.loss_terms(batch, outputs)[term])
    assert float(strict.loss_terms(batch, same)[term]) > lower + 1


def test_embedding_is_the_pooled_map():
    method = _face_method("supervised")
    model = pooled_classifier(method.classifier)
    embedding, logits = model([make_batch()["image"]])
    assert embedding.shape == (4, 16) and logits.shape == (4, CLASSES)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("cosmic",), "expected one of cosface, arcface, sphereface"),
        (("arcface", 1.6), "less than 1.571 with arcface; 0.5 is usual"),
        (("cosface", -0.1), "at least 0 and less than 2 with cosface"),
        (("sphereface", 0.9), "at least 1 and less than inf"),
        (("cosface", 0.25, 0.0), "above 0; 30 is the paper's"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        Margin(*arguments)
