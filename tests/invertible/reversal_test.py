"""Gradients by reconstruction equal plain ones, and store nothing."""

import importlib.util
import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from qualnet_tf import invertible
from qualnet_tf.invertible import reversal, rolling
from qualnet_tf.invertible.coupling_run import CouplingRun
from qualnet_tf.invertible.invertible_layer import InvertibleLayer
from qualnet_tf.invertible.sequence import InvertibleSequence
from qualnet_tf.invertible.squeeze import Squeeze
from tests.invertible import gradient_cases, memory_cases

tensorflow_only = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow",
    reason="takes gradients with TensorFlow's tape",
)
DIRECTIONS = ("train", "call", "inverse", "decode")


@tensorflow_only
@pytest.mark.parametrize("execution", ["graph", "eager"])
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_gradients_of_the_tiny_network(direction, execution):
    gradient_cases.check("irevnet_tiny", direction, execution)


@tensorflow_only
@pytest.mark.slow
@pytest.mark.parametrize("direction", ["train", "inverse"])
def test_gradients_when_compiled_by_xla(direction):
    # The first block is single in it, the others are a loop.
    gradient_cases.check(
        "irevnet_tiny", direction, "compiled", ("rolled_saving",)
    )


@tensorflow_only
@pytest.mark.slow
@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        ("irevnet_small", "float32"),
        ("irevnet_small", "float64"),
        ("irevnet_cifar", "float32"),
        ("slice_of_irevnet300", "float32"),
    ],
)
def test_gradients_of_other_networks(name, dtype, direction):
    gradient_cases.check(name, direction, "graph", ("rolled_saving",), dtype)


@tensorflow_only
@pytest.mark.slow
@pytest.mark.parametrize("direction", ["train", "inverse"])
def test_gradients_of_many_blocks(direction):
    # Eagerly: so many operations are cheap to run, but not to trace.
    gradient_cases.check(
        "deep_slice_of_irevnet300", direction, "eager", ("rolled_saving",)
    )


@pytest.mark.slow
def test_gradients_on_the_jax_backend():
    if importlib.util.find_spec("jax") is None:
        pytest.skip("jax is not installed")
    done = subprocess.run(
        [sys.executable, "-m", "tests.invertible.gradient_cases"],
        env={
            **os.environ,
            "KERAS_BACKEND": "jax",
            # Each program runs once: most of the time would be its compiling.
            "XLA_FLAGS": "--xla_backend_optimization_level=0",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip() == "gradients agree on jax"


@tensorflow_only
def test_statistics_move_once():
    network, x = gradient_cases.make("irevnet_tiny")
    network = gradient_cases.variant(network, "rolled_saving")
    features = np.asarray(network(x, training=False))
    (run,) = [layer for layer in network.layers if _is_run(layer)]
    before = np.array(run.statistics[0])
    gradient_cases.gradients(
        network, x, np.ones_like(features), "train", "graph"
    )
    network(x, training=True)
    # The first norm of the run sees the first block's second half.
    first_block = network.layers[3]
    values = [np.asarray(value) for value in first_block.variables]
    squeezed = x
    for layer in network.layers[:3]:
        squeezed = layer(squeezed)
    halves, _ = first_block.couple(
        values, np.split(np.asarray(squeezed), 2, axis=-1), True
    )
    mean = np.asarray(halves[1]).mean(axis=(0, 1, 2))
    expected = 0.9 * before[0] + 0.1 * mean
    np.testing.assert_allclose(run.statistics[0][0], expected, atol=1e-5)


def _is_run(layer):
    return isinstance(layer, CouplingRun)


@tensorflow_only
def test_a_frozen_network_gets_no_gradient_and_keeps_its_statistics():
    import tensorflow as tf

    network, x = gradient_cases.make("irevnet_tiny")
    network = gradient_cases.variant(network, "rolled_saving")
    network.trainable = False
    before = network.get_weights()
    variables = [variable.value for variable in network.variables]
    z = tf.constant(network(x, training=False))

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            tape.watch([z, *variables])
            both = tf.reduce_sum(network.inverse(z) ** 2) + tf.reduce_sum(
                network(x, training=True)
            )
        return tape.gradient(both, [z, *variables])

    function = step.get_concrete_function()
    of_z, *of_variables = function.structured_outputs
    assert of_z is not None
    assert of_variables == [None] * len(variables)
    # Nor is one computed in secret.
    operations = set(_needed_operations(function))
    assert "Conv2DBackpropInput" in operations
    assert "Conv2DBackpropFilter" not in operations
    step()
    for old, new in zip(before, network.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def _all_nodes(function):
    definition = function.graph.as_graph_def()
    yield from definition.node
    for body in definition.library.function:
        yield from body.node_def


def _needed_operations(function):
    """The operations that results depend on, also inside loops."""
    library = function.graph.as_graph_def().library.function
    for body in library:
        nodes = {node.name: node for node in body.node_def}
        waiting = [*body.ret.values(), *body.control_ret.values()]
        while waiting:
            node = nodes.pop(waiting.pop().lstrip("^").split(":")[0], None)
            if node is not None:
                yield node.op
                waiting += node.input


@pytest.fixture(scope="module")
def live_peaks():
    """What `memory_cases` measures, in one process for both directions."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.invertible.memory_cases"],
        env={**os.environ, **memory_cases.ENVIRONMENT},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


@tensorflow_only
@pytest.mark.parametrize("direction", ["call", "inverse"])
def test_live_bytes_do_not_grow_with_the_blocks(direction, live_peaks):
    peaks = live_peaks[direction]
    for way in ("saving", "rolled_saving"):
        # Measured 39.0 and 39.4 MB, and 133.6 MB for plain.
        assert peaks[f"{way} 16"] < 1.2 * peaks[f"{way} 4"]
        assert peaks["plain 16"] > 1.5 * peaks[f"{way} 16"]


@tensorflow_only
def test_graph_does_not_grow_with_the_blocks():
    import tensorflow as tf

    def num_nodes(num_blocks):
        network = memory_cases.chain(num_blocks, "rolled_saving")
        x = tf.zeros((1, 64, 64, 16))

        @tf.function
        def step():
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(network(x, training=True))
            variables = [v.value for v in network.trainable_variables]
            return tape.gradient(loss, variables)

        return len(list(_all_nodes(step.get_concrete_function())))

    assert num_nodes(4) == num_nodes(16)


class _Scale(InvertibleLayer):
    """A user's layer: it knows nothing of reversal."""

    def build(self, input_shape):
        super().build(input_shape)
        self.log_scale = self.add_weight(
            name="log_scale", shape=(input_shape[-1],), initializer="ones"
        )

    def call(self, inputs, training=False):
        return inputs * keras.ops.exp(self.log_scale)

    def _invert(self, outputs):
        return outputs * keras.ops.exp(-self.log_scale)

    def compute_output_shape(self, input_shape):
        return tuple(input_shape)


@tensorflow_only
@pytest.mark.parametrize("direction", ["train", "inverse"])
def test_a_layer_that_writes_no_gradient_has_one(direction):
    x = np.random.default_rng(0).normal(size=(2, 4, 4, 3)).astype("float32")
    found = []
    for saving in (False, True):
        network = InvertibleSequence(
            [_Scale(name="scale"), Squeeze(2, name="squeeze")], saving
        )
        network.build(x.shape)
        z = np.asarray(network(x))
        inputs, result = (z, x) if direction == "inverse" else (x, z)
        found.append(
            gradient_cases.gradients(
                network, inputs, np.cos(result), direction, "graph"
            )[0]
        )
    for plain, saving in zip(*found, strict=True):
        np.testing.assert_allclose(saving, plain, rtol=1e-5)


def test_call_gives_what_the_layer_gives():
    network, x = gradient_cases.make("irevnet_tiny")
    outputs, moved = reversal.call(network, x, False)
    np.testing.assert_array_equal(outputs, network(x, training=False))
    assert moved == []
    back, moved = reversal.invert(network, outputs)
    assert moved == []
    np.testing.assert_allclose(back, x, atol=1e-5)


@pytest.mark.parametrize("name", ["irevnet_tiny", "irevnet_small"])
def test_a_saving_network_survives_a_file(name, tmp_path):
    network = rolling.roll(invertible.get(name)())
    network.memory_saving = True
    image = keras.Input((32, 32, 3))
    model = keras.Model(image, network(image))
    gradient_cases.randomize(network)
    model.save(tmp_path / "network.keras")
    loaded = keras.models.load_model(tmp_path / "network.keras").get_layer(name)
    assert loaded.memory_saving
    for old, new in zip(
        rolling.values_by_block(network),
        rolling.values_by_block(loaded),
        strict=True,
    ):
        for one, other in zip(old, new, strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("saving", [False, True])
def test_inverting_in_training_mode_is_refused(saving):
    network, x = gradient_cases.make("irevnet_tiny")
    network.memory_saving = saving
    z = network(x, training=False)
    with pytest.raises(
        ValueError,
        match="training=True: expected training=False.*call with "
        "training=False too",
    ):
        network.inverse(z, training=True)
