"""Half precision, pieces of a batch and XLA change how, not what is learnt."""

import csv
import types

import keras
import numpy as np
import pytest
import tensorflow as tf

from qualnet_tf.models.decoders import load_decoder
from qualnet_tf.training import build, replicas
from qualnet_tf.training.build import build_method, compile_method
from qualnet_tf.training.callbacks import CheckpointEvery
from qualnet_tf.training.precision import set_precision, set_synchronized
from qualnet_tf.training.replicas import open_replicas
from tests.training.fit_test import assert_same_weights
from tests.training.tiny_runs import config, train

HALVES = ("mixed_bfloat16", "mixed_float16")


@pytest.fixture(scope="module")
def stage1(tmp_path_factory):
    """A stage 1 whose residual functions compute in half precision."""
    return train(
        tmp_path_factory.mktemp("runs") / "stage1",
        backbone="irevnet_tiny",
        num_epochs=1,
        decay_epochs=(),
        precision="mixed_bfloat16",
    )


def losses(run):
    with open(run.metrics, newline="") as file:
        return [float(row["loss"]) for row in csv.DictReader(file)]


class _Stop(Exception):
    pass


@pytest.mark.parametrize("precision", HALVES)
def test_a_run_in_half_precision_goes_on_where_it_stopped(
    stage1, tmp_path, monkeypatch, precision
):
    values = {
        "precision": precision,
        "method": "qualnet",
        "quality_weight": 0.5,
        "stage1_run_dir": str(stage1.path),
    }
    whole = train(tmp_path / "whole", **values)
    assert losses(whole)[-1] < losses(whole)[0]
    assert keras.config.dtype_policy().name == "float32"
    save = CheckpointEvery.on_train_batch_end

    def save_then_stop(self, batch, logs=None):
        save(self, batch, logs)
        if self.steps.done == 8:
            raise _Stop

    monkeypatch.setattr(CheckpointEvery, "on_train_batch_end", save_then_stop)
    with pytest.raises(_Stop):
        train(tmp_path / "run", **values)
    monkeypatch.undo()
    assert keras.config.dtype_policy().name == "float32"
    run = train(tmp_path / "run", **values)
    assert_same_weights(whole, run)
    with np.load(sorted(run.checkpoints.glob("*.npz"))[-1]) as arrays:
        scales = [n for n in arrays.files if n.endswith("dynamic_scale")]
    assert len(scales) == (precision == "mixed_float16")


def test_a_decoder_computes_in_float32(stage1):
    classifier = keras.saving.load_model(stage1.classifier)
    halves = [
        layer.residual_dtype
        for layer in classifier.layers[1].layers
        if hasattr(layer, "residual_dtype")
    ]
    assert halves and set(halves) == {"bfloat16"}
    set_precision(config("any", precision="mixed_float16"))
    try:
        decoder = load_decoder(stage1.classifier, 16, 10)
        saving = load_decoder(stage1.classifier, 16, 10, memory_saving=True)
        features = np.random.default_rng(0).normal(
            size=(2, *decoder.feature_shape(16))
        )
        decoded = decoder(features.astype("float32"))
        assert decoded.dtype == tf.float32
        np.testing.assert_allclose(
            decoded, saving(features.astype("float32")), atol=1e-4
        )
        again = decoder.network(decoded, training=False)
        np.testing.assert_allclose(again, features, atol=1e-3)
    finally:
        keras.config.set_dtype_policy("float32")


def test_losses_and_weights_are_float32(stage1):
    made = config(
        "any",
        precision="mixed_float16",
        method="qualnet",
        quality_weight=0.5,
        stage1_run_dir=str(stage1.path),
    )
    set_precision(made)
    try:
        method = build_method(made, 10)
        compile_method(method, made, 5)
    finally:
        keras.config.set_dtype_policy("float32")
    batch = _batch()
    outputs = method(batch, training=False)
    assert outputs["features"].dtype == tf.float16
    assert outputs["logits"].dtype == tf.float32
    terms = method.loss_terms(batch, outputs)
    assert {term.dtype for term in terms.values()} == {tf.float32}
    assert {weight.dtype for weight in method.trainable_weights} == {"float32"}
    assert isinstance(method.optimizer, keras.optimizers.LossScaleOptimizer)


def _batch(size=8):
    generator = np.random.default_rng(1)
    image = generator.random((size, 16, 16, 3)).astype("float32")
    return {
        "image": tf.constant(image),
        "clean_image": tf.constant(image[:, ::-1]),
        "label": tf.constant(generator.integers(0, 10, size), tf.int32),
    }


def _updated(made, **changes):
    keras.utils.set_random_seed(0)
    method = build_method(made, 10)
    compile_method(method, made, 5)
    # Without it each piece has statistics of its own.
    for layer in method.backbone.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False
    for name, value in changes.items():
        setattr(method, name, value)
    for _ in range(2):
        method.train_step(_batch())
    return {w.path: w.numpy() for w in method.trainable_weights}, method


@pytest.mark.parametrize("method", ["supervised", "qualnet"])
def test_pieces_have_the_mean_gradient_of_the_batch(stage1, method):
    values = {"method": method, "learning_rate": 0.01}
    if method == "qualnet":
        values |= {
            "quality_weight": 0.5,
            "stage1_run_dir": str(stage1.path),
        }
    whole, one = _updated(config("any", **values))
    pieces, other = _updated(config("any", accumulation_steps=4, **values))
    assert set(whole) == set(pieces)
    for path, value in whole.items():
        np.testing.assert_allclose(
            pieces[path], value, rtol=1e-4, atol=1e-6, err_msg=path
        )
    np.testing.assert_allclose(
        other.get_metrics_result()["loss"],
        one.get_metrics_result()["loss"],
        rtol=1e-5,
    )


@pytest.mark.parametrize(
    "values, message",
    [
        ({"accumulation_steps": 3}, "expected a divisor of --batch_size=8"),
        ({"sharding": "file"}, "expected --strategy=multi_worker beside it"),
        (
            {"deterministic": True, "fixed_order": False},
            "expected batches in a fixed order",
        ),
    ],
)
def test_flags_that_contradict_each_other_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        config("any", **values)


def test_a_cluster_is_asked_for_by_tf_config(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    with pytest.raises(ValueError, match="TF_CONFIG is not set"):
        open_replicas(config("any", strategy="multi_worker"))


@pytest.mark.parametrize(
    "values, message",
    [
        ({"batch_size": 9}, "expected a multiple of 2, for 2 replicas"),
        (
            {"sync_batch_norm": True, "jit_compile": True},
            "expected one of them with 2 replicas",
        ),
        (
            {
                "sync_batch_norm": True,
                "memory_saving": True,
                "backbone": "irevnet_tiny",
            },
            "expected one of them with 2 replicas and an invertible network",
        ),
    ],
)
def test_what_replicas_cannot_do_is_refused(values, message):
    two = types.SimpleNamespace(count=2, strategy=object())
    with pytest.raises(ValueError, match=message):
        replicas._check_batch(config("any", **values), two)


def test_batch_norm_is_synchronised_for_training_alone():
    made = config("any", sync_batch_norm=True)
    method = build_method(made, 10)
    build.compile_method(method, made, 5)
    norms = [
        layer
        for layer in method.backbone.layers
        if isinstance(layer, keras.layers.BatchNormalization)
    ]
    assert norms and all(norm.synchronized for norm in norms)
    set_synchronized(method, False)
    assert not any(norm.synchronized for norm in norms)


@pytest.mark.parametrize(
    "values",
    [{"steps_per_execution": 2}, {"strategy": "mirrored"}],
    ids=["executions", "mirrored"],
)
def test_how_steps_are_run_changes_no_weight(tmp_path, values):
    plain = train(tmp_path / "plain")
    other = train(tmp_path / "other", **values)
    assert_same_weights(plain, other)
    assert plain.metrics.read_text() == other.metrics.read_text()
