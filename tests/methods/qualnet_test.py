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

from qualnet_tf.methods import qualnet
from tests.methods.tiny_methods import (
    BATCH,
    SIZE,
    make_batch,
    make_method,
    step,
    values,
)

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


def _quality_gradient(method, batch, outputs):
    """Returns the quality loss and its gradient at the features."""
    features = tf.convert_to_tensor(outputs["features"])
    with tf.GradientTape() as tape:
        tape.watch(features)
        terms = method.loss_terms(batch, {**outputs, "features": features})
    gradient = tape.gradient(terms["quality_loss"], features)
    return float(terms["quality_loss"]), np.asarray(gradient)


def test_whole_batch_is_bit_equal_to_the_plain_formula():
    method, batch = make_method("qualnet"), make_batch()
    outputs = method(batch)
    plain = 0.5 * method.absolute_error(
        method.decoder.normalize(batch["clean_image"]),
        method.decoder.normalize(method.reconstruct(outputs["features"])),
    )
    whole = make_method("qualnet", decoder_fraction=1.0)
    for received in (method, whole):
        loss, _ = _quality_gradient(received, batch, outputs)
        assert loss == float(plain)


@pytest.mark.parametrize(
    ("fraction", "part"), [(0.01, 1), (0.25, 1), (0.3, 2), (0.75, 3)]
)
def test_fraction_decodes_the_first_images_alone(fraction, part):
    batch = make_batch()
    method = make_method("qualnet", decoder_fraction=fraction)
    outputs = method(batch)
    loss, gradient = _quality_gradient(method, batch, outputs)
    # By hand: the whole objective of a batch that has no other images.
    first = {name: value[:part] for name, value in batch.items()}
    first_outputs = {name: value[:part] for name, value in outputs.items()}
    expected, expected_gradient = _quality_gradient(
        make_method("qualnet"), first, first_outputs
    )
    assert loss == pytest.approx(expected, rel=1e-6)
    np.testing.assert_allclose(gradient[:part], expected_gradient, rtol=1e-4)
    assert np.all(np.any(gradient[:part], axis=(1, 2, 3)))
    assert not np.any(gradient[part:])


def test_fraction_leaves_the_classification_loss_alone():
    batch = make_batch()
    losses = []
    for fraction in (1.0, 0.25):
        method = make_method("qualnet", decoder_fraction=fraction)
        terms = method.loss_terms(batch, method(batch))
        losses.append(float(terms["classification_loss"]))
    assert losses[0] == losses[1]


def test_mean_over_all_parts_is_the_whole_batch():
    batch, losses = make_batch(), []
    method = make_method("qualnet", decoder_fraction=0.25)
    outputs = method(batch)
    for shift in range(BATCH):
        turned, outputs_too = (
            {key: np.roll(value, shift, axis=0) for key, value in each.items()}
            for each in (batch, outputs)
        )
        losses.append(_quality_gradient(method, turned, outputs_too)[0])
    whole, _ = _quality_gradient(make_method("qualnet"), batch, outputs)
    assert np.mean(losses) == pytest.approx(whole, rel=1e-5)
    assert np.ptp(losses) > 0


@pytest.mark.parametrize(
    ("fraction", "size", "part"),
    [(0.07, 100, 7), (0.7, 10, 7), (0.5, 7, 4), (0.25, 256, 64), (1e-12, 8, 1)],
)
def test_part_is_the_same_where_the_batch_axis_is_open(fraction, size, part):
    values = np.zeros((size, 2), np.float32)
    assert qualnet._part_size(fraction, values) == part

    @tf.function(input_signature=[tf.TensorSpec((None, 2), tf.float32)])
    def traced(values):
        assert values.shape[0] is None
        return qualnet._part_size(fraction, values)

    assert int(traced(values)) == part


def test_known_batch_axis_gives_static_shapes():
    method = make_method("qualnet", decoder_fraction=0.5)
    spec = tf.TensorSpec((BATCH, SIZE, SIZE, 3), tf.float32)
    shapes = []

    @tf.function(input_signature=[spec])
    def traced(image):
        shapes.append(method._decoded_part(image).shape)

    traced.get_concrete_function()
    assert shapes == [(BATCH // 2, SIZE, SIZE, 3)]


def test_fraction_trains_with_an_open_batch_axis():
    method = make_method("qualnet", decoder_fraction=0.5)
    data = tf.data.Dataset.from_tensor_slices(make_batch()).batch(BATCH - 1)
    assert data.element_spec["image"].shape[0] is None
    before = values(method.connector.weights)
    history = method.fit(data, epochs=1, shuffle=False, verbose=0)
    assert np.isfinite(history.history["quality_loss"]).all()
    after = values(method.connector.weights)
    assert all(not np.array_equal(before[p], after[p]) for p in before)


@pytest.mark.parametrize("fraction", [0.0, -0.5, 1.5])
def test_fractions_out_of_range_are_refused(fraction):
    message = f"decoder_fraction above 0 and at most 1, received {fraction}"
    with pytest.raises(ValueError, match=message):
        make_method("qualnet", decoder_fraction=fraction)


def test_smaller_decoder_has_the_averaged_image_as_target():
    method = make_method("qualnet", quality_weight=0.25, downscale=2)
    batch = make_batch()
    outputs = method(batch)
    decoded = np.asarray(method.reconstruct(outputs["features"]))
    assert decoded.shape == (BATCH, SIZE // 2, SIZE // 2, 3)
    clean = batch["clean_image"].reshape(BATCH, SIZE // 2, 2, SIZE // 2, 2, 3)
    std = np.array([0.229, 0.224, 0.225])
    error = np.mean(np.abs(clean.mean(axis=(2, 4)) - decoded) / std)
    received = method.loss_terms(batch, outputs)["quality_loss"]
    assert float(received) == pytest.approx(0.25 * error, rel=1e-5)


@pytest.mark.parametrize(
    "option", [{"decoder_fraction": 0.5}, {"downscale": 2}]
)
def test_cheaper_decoders_train_and_stay_frozen(option):
    """The step is compiled by XLA, which needs the shapes to be known."""
    method = make_method("qualnet", learning_rate=0.02, **option)
    method.jit_compile = True
    batch, decoder = make_batch(), values(method.decoder.weights)
    first = float(step(method, batch)["quality_loss"])
    for _ in range(15):
        method.reset_metrics()
        last = float(step(method, batch)["quality_loss"])
    assert last < first
    for path, value in values(method.decoder.weights).items():
        np.testing.assert_array_equal(decoder[path], value, path)


def test_negative_weight_is_refused():
    with pytest.raises(ValueError, match="quality_weight of at least 0"):
        make_method("qualnet", quality_weight=-1.0)


PORTED_OPTIONS = ({}, {"decoder_fraction": 0.5, "downscale": 2})
CODE = """
import sys, keras, numpy as np
from tests.methods.qualnet_test import PORTED_OPTIONS
from tests.methods.tiny_methods import make_batch, make_method, step
assert keras.backend.backend() == "jax"
for number, options in enumerate(PORTED_OPTIONS):
    method = make_method("qualnet", **options)
    start = np.load(f"{sys.argv[1]}/start{number}.npz")
    method.set_weights([start[key] for key in start.files])
    for seed in range(3):
        step(method, make_batch(seed))
    np.savez(f"{sys.argv[1]}/end{number}.npz", *method.get_weights())
"""


@pytest.fixture(scope="module")
def ported_steps(tmp_path_factory):
    """Methods after three steps, and the same steps' weights on JAX."""
    folder = tmp_path_factory.mktemp("ported")
    ported = []
    for number, options in enumerate(PORTED_OPTIONS):
        method = make_method("qualnet", **options)
        start = [keras.ops.convert_to_numpy(w) for w in method.weights]
        np.savez(folder / f"start{number}.npz", *start)
        for seed in range(3):
            step(method, make_batch(seed))
        ported.append((method, folder / f"end{number}.npz"))
    subprocess.run(
        [sys.executable, "-c", CODE, str(folder)],
        cwd=ROOT,
        env={
            **os.environ,
            "KERAS_BACKEND": "jax",
            "JAX_PLATFORMS": "cpu",
            # Compiling is most of the time, for three steps of each.
            "XLA_FLAGS": "--xla_backend_optimization_level=0",
        },
        check=True,
    )
    return ported


@pytest.mark.slow
@pytest.mark.skipif(
    importlib.util.find_spec("jax") is None, reason="JAX is not installed"
)
@pytest.mark.parametrize("number", range(len(PORTED_OPTIONS)))
def test_three_steps_agree_on_tensorflow_and_jax(number, ported_steps):
    """Both backends start from one file and end with the same weights."""
    method, path = ported_steps[number]
    end = np.load(path)
    for ours, name, weight in zip(
        method.get_weights(), end.files, method.weights, strict=True
    ):
        np.testing.assert_allclose(
            ours, end[name], rtol=1e-3, atol=2e-5, err_msg=weight.path
        )
