"""Two replicas share one batch: their losses sum to the whole batch's."""

import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parent.parent.parent

# Logical devices must be made before TensorFlow starts, hence a process.
SCRIPT = """
import numpy as np
import tensorflow as tf

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(
    cpu, [tf.config.LogicalDeviceConfiguration()] * 2
)
from tests.methods.tiny_methods import make_batch, make_method

strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
with strategy.scope():
    method = make_method("qualnet")
    sparing = make_method("qualnet", decoder_fraction=0.5)
    taught = make_method("kd")
batch = make_batch()


def half(context):
    rank = context.replica_id_in_sync_group
    rows = slice(2 * rank, 2 * rank + 2)
    return {name: tf.constant(value[rows]) for name, value in batch.items()}


parts = strategy.experimental_distribute_values_from_function(half)


@tf.function
def losses(part):
    return method.compute_loss(x=part, y_pred=method(part, training=False))


summed = strategy.reduce("SUM", strategy.run(losses, (parts,)), axis=None)
logged = {mean.name: float(mean.result()) for mean in method.term_means}
whole = method.compute_loss(x=batch, y_pred=method(batch, training=False))
np.testing.assert_allclose(float(summed), float(whole), rtol=1e-5)
np.testing.assert_allclose(sum(logged.values()), float(whole), rtol=1e-5)


@tf.function
def taught_losses(part):
    return taught.compute_loss(x=part, y_pred=taught(part, training=False))


summed = strategy.reduce(
    "SUM", strategy.run(taught_losses, (parts,)), axis=None
)
whole = taught.compute_loss(x=batch, y_pred=taught(batch, training=False))
np.testing.assert_allclose(float(summed), float(whole), rtol=1e-5)


@tf.function
def sparing_losses(part):
    return sparing.compute_loss(x=part, y_pred=sparing(part, training=False))


summed = strategy.reduce(
    "SUM", strategy.run(sparing_losses, (parts,)), axis=None
)
# Each replica decodes the first of its two images.
decoded = {name: value[[0, 2]] for name, value in batch.items()}
terms = method.loss_terms(batch, method(batch, training=False))
quality = method.loss_terms(decoded, method(decoded, training=False))
expected = terms["classification_loss"] + quality["quality_loss"]
np.testing.assert_allclose(float(summed), float(expected), rtol=1e-5)
"""


@pytest.mark.slow
def test_two_replicas_sum_to_the_loss_of_the_whole_batch():
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=ROOT,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
