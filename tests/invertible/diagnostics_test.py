"""Errors per block and Lipschitz estimates, against faults put in and SVD."""

import importlib.util
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import ops

from qualnet_tf import invertible
from qualnet_tf.invertible import diagnostics, rolling
from qualnet_tf.invertible.coupling import AdditiveCoupling
from qualnet_tf.invertible.injective_padding import InjectivePadding
from qualnet_tf.invertible.sequence import InvertibleSequence
from qualnet_tf.invertible.squeeze import Squeeze
from tests.invertible import gradient_cases

FAULT = 0.01
BLOCKS = ["stage1_block01", "stage1_block02", "stage1_block03"]
NAMES = ["pixel_normalization", "fixed_point", "squeeze", *BLOCKS]
NAMES += ["features_fixed_point"]


def _images(batch=2, side=8):
    generator = np.random.default_rng(1)
    shape = (batch, side, side, 3)
    return generator.uniform(size=shape).astype("float32")


def _trained_like(network):
    """Statistics and parameters as training leaves them."""
    gradient_cases.randomize(network, 2)
    return network


@pytest.fixture
def network():
    keras.utils.set_random_seed(0)
    made = invertible.get("irevnet_tiny")()
    made.build((None, 8, 8, 3))
    return _trained_like(made)


def _coupling(dtype="float64"):
    keras.utils.set_random_seed(0)
    blocks = [
        AdditiveCoupling(4, bottleneck_ratio=1, dtype=dtype, name=f"block{i}")
        for i in range(2)
    ]
    made = InvertibleSequence(blocks, dtype=dtype, name="network")
    made.build((None, 4, 4, 8))
    return _trained_like(made)


def _fail_in(monkeypatch, method, name, place):
    """Lets a block's method be off by FAULT in one of its results."""
    right = getattr(AdditiveCoupling, method)

    def wrong(self, *args, **kwargs):
        found = right(self, *args, **kwargs)
        if self.name != name:
            return found
        if place is None:
            return found + FAULT
        return tuple(
            each + FAULT if i == place else each for i, each in enumerate(found)
        )

    monkeypatch.setattr(AdditiveCoupling, method, wrong)


@pytest.mark.parametrize("rolled", [False, True])
def test_the_image_error_is_that_of_the_round_trip(network, rolled):
    if rolled:
        network = rolling.roll(network)
    errors = diagnostics.reconstruction_errors(network, _images())
    assert [error.name for error in errors] == NAMES
    difference = network.inverse(network(_images())) - _images()
    assert errors[0].accumulated == pytest.approx(
        float(np.max(np.abs(difference))), abs=3e-7
    )
    assert 0 < errors[0].accumulated < 1e-5
    scale = np.sqrt(np.mean(_images() ** 2))
    assert errors[0].scale == pytest.approx(scale)
    assert errors[0].own_relative == errors[0].own / errors[0].scale


@pytest.mark.parametrize(
    ("training", "method", "place"),
    [(False, "pure_inverse", None), (True, "pure_call_gradient", 0)],
)
def test_a_faulty_block_is_named(network, monkeypatch, training, method, place):
    _fail_in(monkeypatch, method, "stage1_block02", place)
    errors = diagnostics.reconstruction_errors(network, _images(), training)
    own = {error.name: error.own for error in errors}
    assert own.pop("stage1_block02") == pytest.approx(FAULT, rel=1e-3)
    assert own.pop("fixed_point") <= 2**-15
    assert max(own.values()) < 1e-5
    accumulated = [error.accumulated for error in errors]
    assert accumulated[NAMES.index("stage1_block03")] < 1e-5
    # Pixels are a quarter of what normalisation makes of them.
    assert min(accumulated[: NAMES.index("stage1_block03")]) > FAULT / 5


def test_the_check_of_the_backward_pass_uses_the_batch(network, monkeypatch):
    before = network.get_weights()
    errors = diagnostics.reconstruction_errors(network, _images(), True)
    # Pixels become multiples of 2**-14; from there on nothing is lost.
    assert 0 < max(error.accumulated for error in errors) <= 2**-15
    assert max(error.accumulated for error in errors[2:]) == 0
    outputs = []
    call = AdditiveCoupling.pure_call

    def noted(self, *args):
        found = call(self, *args)
        outputs.append(found[0])
        return found

    monkeypatch.setattr(AdditiveCoupling, "pure_call", noted)
    diagnostics.reconstruction_errors(network, _images(), True)
    monkeypatch.undo()
    for old, new in zip(before, network.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    np.testing.assert_allclose(
        outputs[-1], network(_images(), training=True), atol=1e-5
    )


def test_decoding_is_walked_from_the_image_to_the_features(
    network, monkeypatch
):
    shape = network.compute_output_shape((2, 8, 8, 3))
    features = np.random.default_rng(0).normal(size=shape).astype("float32")
    errors = diagnostics.decoding_errors(network, features)
    assert [error.name for error in errors] == NAMES[::-1]
    # The features are not on the grid; from there on nothing is lost.
    assert 1e-5 < errors[0].accumulated <= 2**-15
    assert max(error.accumulated for error in errors[1:-1]) == 0
    assert errors[-1].accumulated < 1e-6
    _fail_in(monkeypatch, "pure_inverse_gradient", "stage1_block02", 0)
    errors = diagnostics.decoding_errors(network, features)
    found = {error.name: error for error in errors}
    assert found["stage1_block02"].own == pytest.approx(FAULT, rel=1e-3)
    last = found["stage1_block03"]
    assert last.own < 1e-5 < last.accumulated
    assert found["stage1_block01"].accumulated < 1e-5


def test_features_without_an_image_come_back_through_padding():
    network = InvertibleSequence(
        [Squeeze(2), InjectivePadding(16), AdditiveCoupling(8)]
    )
    features = network(_images())
    assert diagnostics.decoding_errors(network, features)[0].accumulated < 1e-5
    errors = diagnostics.decoding_errors(network, features + 1.0)
    assert errors[0].accumulated < 1e-5


def test_what_is_no_number_counts_as_infinite(network):
    gamma = network.layers[-2].variables[0]
    gamma.assign(np.full(gamma.shape, np.nan))
    errors = diagnostics.reconstruction_errors(network, _images())
    assert errors[-2].own == float("inf")
    assert errors[0].accumulated == float("inf")


def _jacobian(function, point, step=1e-6):
    """Central differences in float64, all of them as one batch."""
    shifts = step * np.eye(point.size).reshape(-1, *point.shape)
    difference = function(point + shifts) - function(point - shifts)
    return difference.reshape(point.size, -1).T / (2 * step)


def test_lipschitz_estimates_are_the_largest_singular_values():
    network = _coupling()
    points = np.random.default_rng(3).normal(size=(2, 4, 4, 8))
    found = diagnostics.lipschitz_estimates(network, points, 40)
    assert list(found) == ["block0", "block1"]
    inputs = points
    for block in network.layers:
        values = [ops.convert_to_tensor(v) for v in block.variables]

        def residual(half, block=block, values=values):
            half = ops.convert_to_tensor(half)
            return np.asarray(block.residual(values, half, False)[0])

        largest = max(
            np.linalg.norm(_jacobian(residual, half), 2)
            for half in inputs[..., 4:]
        )
        assert found[block.name] == pytest.approx(largest, rel=1e-3)
        inputs = np.asarray(block(inputs))


def test_lipschitz_estimates_come_from_below_and_see_every_image():
    network = _coupling("float32")
    points = np.random.default_rng(3).normal(size=(3, 4, 4, 8))
    points = points.astype("float32")

    def estimate(points, rounds):
        return diagnostics.lipschitz_estimates(network, points, rounds)[
            "block0"
        ]

    assert estimate(points, 1) < estimate(points, 3) < estimate(points, 9)
    alone = [estimate(point[None], 9) for point in points]
    assert estimate(points, 9) == pytest.approx(max(alone), rel=0.02)


def test_lipschitz_estimates_know_that_f_may_be_constant():
    network = _coupling("float32")
    for variable in network.variables:
        if variable.path.endswith("kernel"):
            variable.assign(ops.zeros_like(variable))
    points = np.ones((1, 4, 4, 8), "float32")
    found = diagnostics.lipschitz_estimates(network, points, 2)
    assert found == {"block0": 0.0, "block1": 0.0}


def test_lipschitz_estimates_need_a_round(network):
    with pytest.raises(ValueError, match="num_iterations: expected at least 1"):
        diagnostics.lipschitz_estimates(network, _images(), 0)


def test_norm_scales_find_a_dead_channel(network):
    before = diagnostics.norm_scales(network)
    assert list(before) == BLOCKS
    assert max(before.values()) < 3
    group = network.layers[-2].groups[0]
    for variable in group.variables:
        if variable.name == "moving_variance":
            variable.assign(np.r_[0.0, np.ones(variable.shape[0] - 1)])
        elif variable.name == "gamma":
            variable.assign(np.full(variable.shape, -3.0))
    scales = diagnostics.norm_scales(network)
    assert scales["stage1_block03"] == pytest.approx(3 / np.sqrt(1e-5))
    assert scales["stage1_block02"] == before["stage1_block02"]


@pytest.mark.parametrize("constant", [0.0, 0.5, 1.0, 20.0])
def test_amplification_is_the_norm_of_the_inverse(constant):
    norm = np.linalg.norm([[-constant, 1.0], [1.0, 0.0]], 2)
    found = diagnostics.inverse_amplification(constant)
    assert found == pytest.approx(norm)
    assert found <= 1 + constant


_JAX_PROGRAM = """
import numpy as np, keras
from qualnet_tf import invertible
from qualnet_tf.invertible import diagnostics, rolling
assert keras.backend.backend() == "jax"
network = invertible.get("irevnet_tiny")()
network.build((None, 8, 8, 3))
network = rolling.roll(network)
x = np.random.default_rng(0).uniform(size=(2, 8, 8, 3)).astype("float32")
network(x, training=True)
for training in (False, True):
    errors = diagnostics.reconstruction_errors(network, x, training)
    assert len(errors) == 7
    assert 0 < errors[0].accumulated < 1e-5
    assert max(error.accumulated for error in errors[2:]) == 0
assert diagnostics.decoding_errors(network, network(x))[0].accumulated == 0
found = diagnostics.lipschitz_estimates(network, x, 3)
layers = rolling.unroll(network).layers
block = layers[3]
values = [variable.value for variable in block.variables]
import jax
for layer in layers[:3]:
    x = layer(x)
half = jax.numpy.split(x, 2, axis=-1)[1]
for image in range(2):
    jacobian = jax.jacobian(
        lambda h: block.residual(values, h, False)[0]
    )(half[image:image + 1]).reshape(4 * 24, 16 * 6)
    norm = np.linalg.norm(jacobian, 2)
    assert 0.5 * norm < found["stage1_block01"]
    assert found["stage1_block01"] < 2 * norm
"""


@pytest.mark.slow
def test_runs_on_the_jax_backend():
    if importlib.util.find_spec("jax") is None:
        pytest.skip("jax is not installed")
    done = subprocess.run(
        [sys.executable, "-c", _JAX_PROGRAM],
        env={
            **os.environ,
            "KERAS_BACKEND": "jax",
            "XLA_FLAGS": "--xla_backend_optimization_level=0",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
