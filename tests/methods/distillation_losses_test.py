"""Distillation errors and their gradients against loops over NumPy numbers."""

import keras
import numpy as np
import pytest

from qualnet_tf.methods import fitnet, kd, pkt, sp, vid

if keras.backend.backend() != "tensorflow":
    pytest.skip("takes gradients with TensorFlow", allow_module_level=True)

BATCH = 5


def _random(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=(BATCH, *shape))


def _softmax(logits):
    powers = np.exp(logits - logits.max())
    return powers / powers.sum()


def _kd(teacher, student, temperature=3.0):
    total = 0.0
    for one, other in zip(teacher, student, strict=True):
        p, q = _softmax(one / temperature), _softmax(other / temperature)
        total += sum(a * np.log(a / b) for a, b in zip(p, q, strict=True))
    return temperature**2 * total / len(teacher)


def _hint(order):
    def error(teacher, student):
        return (np.abs(teacher - student) ** order).sum() / teacher.size

    return error


def _pkt(teacher, student):
    def chances(rows):
        kernel = np.empty((len(rows), len(rows)))
        for i, one in enumerate(rows):
            for j, other in enumerate(rows):
                product = np.linalg.norm(one) * np.linalg.norm(other)
                kernel[i, j] = 0.5 + 0.5 * one @ other / product
        return np.array([row / sum(row) for row in kernel])

    p, q = chances(teacher), chances(student)
    return sum((p * np.log(p / q)).ravel()) / len(teacher) ** 2


def _sp(teacher, student):
    def gram(maps):
        rows = [each.ravel() for each in maps]
        found = np.array([[one @ other for other in rows] for one in rows])
        return np.array([row / np.linalg.norm(row) for row in found])

    return np.linalg.norm(gram(teacher) - gram(student)) ** 2 / BATCH**2


VARIANCE = np.array([0.5, 1.0, 3.0])


def _vid(teacher, student):
    """The log of a normal density, without the constant log(2 pi) / 2."""
    total = 0.0
    for index in np.ndindex(teacher.shape):
        spread = VARIANCE[index[-1]]
        density = np.exp(
            -((teacher[index] - student[index]) ** 2) / (2 * spread)
        ) / np.sqrt(spread)
        total -= np.log(density)
    return total / teacher.size


CASES = {
    "kd": (
        lambda t, s: kd.soft_target_error(t, s, 3.0),
        _kd,
        _random(7),
        2 * _random(7, seed=1),
    ),
    "fitnet_l1": (
        lambda t, s: fitnet.hint_error(t, s, "l1"),
        _hint(1),
        _random(2, 2, 3),
        _random(2, 2, 3, seed=1),
    ),
    "fitnet_l2": (
        lambda t, s: fitnet.hint_error(t, s, "l2"),
        _hint(2),
        _random(2, 2, 3),
        _random(2, 2, 3, seed=1),
    ),
    "pkt": (pkt.neighbourhood_error, _pkt, _random(6), _random(4, seed=1)),
    "sp": (
        sp.similarity_error,
        _sp,
        _random(2, 2, 3),
        _random(2, 2, 4, seed=1),
    ),
    "vid": (
        lambda t, s: vid.gaussian_error(t, s, keras.ops.array(VARIANCE)),
        _vid,
        _random(2, 2, 3),
        _random(2, 2, 3, seed=1),
    ),
}


def _value_and_gradient(function, teacher, student):
    import tensorflow as tf

    student = tf.constant(student)
    with tf.GradientTape() as tape:
        tape.watch(student)
        value = function(tf.constant(teacher), student)
    return float(value), tape.gradient(value, student).numpy()


@pytest.mark.parametrize("name", CASES)
def test_value_and_gradient_agree_with_numpy(name):
    function, reference, teacher, student = CASES[name]
    value, gradient = _value_and_gradient(function, teacher, student)
    expected = reference(teacher, student)
    assert expected > 0.001
    # PKT's reference leaves its epsilon of 1e-7 out.
    assert value == pytest.approx(expected, rel=1e-5)
    step = 1e-6
    for index in list(np.ndindex(student.shape))[::3]:
        above, below = student.copy(), student.copy()
        above[index] += step
        below[index] -= step
        slope = reference(teacher, above) - reference(teacher, below)
        assert gradient[index] == pytest.approx(
            slope / (2 * step), rel=1e-5, abs=1e-5 * np.abs(gradient).max()
        )


@pytest.mark.parametrize("name", [n for n in CASES if n != "vid"])
def test_a_student_like_its_teacher_is_at_the_minimum(name):
    function, _, teacher, _ = CASES[name]
    value, gradient = _value_and_gradient(function, teacher, teacher)
    assert value == pytest.approx(0.0, abs=1e-9)
    assert np.max(np.abs(gradient)) < 1e-6


@pytest.mark.parametrize("name", ["pkt", "sp"])
def test_a_picture_without_features_is_no_nan(name):
    function, _, teacher, student = CASES[name]
    student = student.copy()
    student[1] = 0.0
    value, gradient = _value_and_gradient(function, teacher, student)
    assert np.isfinite(value) and np.isfinite(gradient).all()


@pytest.mark.parametrize("name", ["pkt", "sp"])
def test_scale_and_rotation_do_not_matter(name):
    function, _, teacher, student = CASES[name]
    channels = student.shape[-1]
    rotation = np.linalg.qr(_random(channels)[:channels])[0]
    value, _ = _value_and_gradient(function, teacher, student)
    turned, _ = _value_and_gradient(function, teacher, 7.0 * student @ rotation)
    assert turned == pytest.approx(value, rel=1e-5)


def test_variance_starts_at_five_and_has_a_gradient():
    import tensorflow as tf

    spread = vid.ChannelSpread()
    spread.build((None, 2, 2, 3))
    np.testing.assert_allclose(spread(None), [5.0] * 3, rtol=1e-6)
    teacher, mean = _random(2, 2, 3), _random(2, 2, 3, seed=1)
    with tf.GradientTape() as tape:
        variance = tf.cast(spread(None), "float64")
        error = vid.gaussian_error(teacher, mean, variance)
    gradient = tape.gradient(error, spread.log_scale.value).numpy()
    # d error / d v = (1 - (t - m)^2 / v) / (2 v), times the softplus's slope.
    squares = ((teacher - mean) ** 2).mean(axis=(0, 1, 2))
    slope = 1 - np.exp(-(5.0 - vid.EPSILON))
    expected = (1 - squares / 5.0) / 10.0 * slope / 3
    np.testing.assert_allclose(gradient, expected, rtol=1e-5)
