"""The decoder stays frozen, and its gradient reaches the backbone."""

import importlib.util
import os
import pathlib
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.methods.tiny_methods import make_batch, make_method, step, values

ROOT = pathlib.Path(__file__).parent.parent.parent


def test_quality_loss_reaches_backbone_and_connector():
    method = make_method("qualnet")
    batch = make_batch()
    parts = {
        "backbone": method.backbone.trainable_weights,
        "connector": method.connector.trainable_weights,
    }
    with tf.GradientTape(persistent=True) as tape:
        outputs = method(batch, training=True)
        loss = method.loss_terms(batch, outputs)["quality_loss"]
    for name, weights in parts.items():
        for weight, gradient in zip(
            weights, tape.gradient(loss, weights), strict=True
        ):
            assert gradient is not None, (name, weight.path)
            assert np.max(np.abs(gradient)) > 0, (name, weight.path)


def test_no_gradient_is_asked_of_the_decoder():
    method = make_method("qualnet")
    trainable = {id(weight) for weight in method.trainable_weights}
    assert method.decoder.weights
    assert not trainable & {id(w) for w in method.decoder.weights}


def test_decoder_weights_and_statistics_are_bit_identical_after_steps():
    method = make_method("qualnet")
    before = values(method.decoder.weights)
    assert any("moving" in path for path in before)
    for seed in range(3):
        step(method, make_batch(seed))
    after = values(method.decoder.weights)
    for path in before:
        np.testing.assert_array_equal(before[path], after[path], path)


def test_zero_weight_is_exactly_the_supervised_update():
    qualnet = make_method("qualnet", quality_weight=0.0)
    supervised = make_method("supervised")
    for weight, other in zip(
        supervised.classifier.weights, qualnet.classifier.weights, strict=True
    ):
        other.assign(weight)
    for seed in range(3):
        step(qualnet, make_batch(seed))
        step(supervised, make_batch(seed))
    expected = values(supervised.classifier.weights)
    received = values(qualnet.classifier.weights)
    for path in expected:
        np.testing.assert_array_equal(expected[path], received[path], path)


def test_quality_loss_is_the_l1_of_normalised_pixels():
    method = make_method("qualnet", quality_weight=0.25)
    batch = make_batch()
    outputs = method(batch)
    received = method.loss_terms(batch, outputs)["quality_loss"]
    decoded = np.asarray(method.reconstruct(outputs["features"]))
    std = np.array([0.229, 0.224, 0.225])
    error = np.mean(np.abs(batch["clean_image"] - decoded) / std)
    assert float(received) == pytest.approx(0.25 * error, rel=1e-5)


def test_target_is_the_clean_image():
    method = make_method("qualnet")
    batch = make_batch()
    outputs = method(batch)
    other = {**batch, "image": batch["image"] * 0}
    first = method.loss_terms(batch, outputs)["quality_loss"]
    assert float(first) == float(
        method.loss_terms(other, outputs)["quality_loss"]
    )
    other = {**batch, "clean_image": batch["clean_image"] * 0}
    assert float(first) != float(
        method.loss_terms(other, outputs)["quality_loss"]
    )


def test_negative_weight_is_refused():
    with pytest.raises(ValueError, match="quality_weight of at least 0"):
        make_method("qualnet", quality_weight=-1.0)


@pytest.mark.slow
@pytest.mark.skipif(
    importlib.util.find_spec("jax") is None, reason="JAX is not installed"
)
def test_three_steps_agree_on_tensorflow_and_jax(tmp_path):
    """Both backends start from one file and end with the same weights."""
    method = make_method("qualnet")
    start = [keras.ops.convert_to_numpy(w) for w in method.weights]
    np.savez(tmp_path / "start.npz", *start)
    for seed in range(3):
        step(method, make_batch(seed))
    code = (
        "import sys, numpy as np\n"
        "from tests.methods.tiny_methods import *\n"
        "assert keras.backend.backend() == 'jax'\n"
        "m = make_method('qualnet')\n"
        "start = np.load(sys.argv[1] + '/start.npz')\n"
        "m.set_weights([start[k] for k in start.files])\n"
        "[step(m, make_batch(seed)) for seed in range(3)]\n"
        "np.savez(sys.argv[1] + '/end.npz', *m.get_weights())\n"
    )
    subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"},
        check=True,
    )
    end = np.load(tmp_path / "end.npz")
    for ours, name, weight in zip(
        method.get_weights(), end.files, method.weights, strict=True
    ):
        np.testing.assert_allclose(
            ours, end[name], rtol=1e-3, atol=2e-5, err_msg=weight.path
        )
