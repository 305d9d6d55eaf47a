"""The networks for 224 pixels, and what mixed precision makes of i-RevNets."""

import keras
import numpy as np
import pytest

from qualnet_tf import invertible
from qualnet_tf.invertible import rolling
from qualnet_tf.invertible.sequence import InvertibleSequence
from qualnet_tf.methods.supervised import Supervised
from qualnet_tf.models.classifier import build_classifier
from qualnet_tf.training.optimizers import KernelDecaySGD
from tests.invertible import gradient_cases
from tests.invertible.irevnet_test import PIXEL_ERROR, expected_parameters


def _made(name, side=224, batch=1):
    """A fresh network and images for it."""
    keras.utils.set_random_seed(0)
    network = invertible.get(name)()
    x = _images(side, batch)
    network.build(x.shape)
    return network, x


def _images(side, batch, seed=0):
    generator = np.random.default_rng(seed)
    return generator.uniform(size=(batch, side, side, 3)).astype("float32")


@pytest.mark.slow
def test_irevnet300_at_224():
    network, x = _made("irevnet300")
    expected = expected_parameters((6, 16, 72, 6), (24, 96, 384, 1536), 6, 4)
    assert network.count_params() == expected
    paths = {variable.path for variable in network.variables}
    assert len(paths) == len(network.variables)
    # Statistics as a training run leaves them: fresh ones would let F vanish.
    crops = _images(64, 4, seed=1)
    generator = np.random.default_rng(2)
    for warm_up_steps in (0, 3, 12):
        if warm_up_steps == 12:
            for variable in network.variables:
                if variable.path.endswith("gamma"):
                    variable.assign(generator.uniform(0.5, 2, variable.shape))
        for _ in range(warm_up_steps):
            network(crops, training=True)
        z = network(x, training=False)
        assert tuple(z.shape) == (1, 7, 7, 3072)
        back = network.inverse(z)
        np.testing.assert_allclose(back, x, atol=PIXEL_ERROR)
        np.testing.assert_array_equal(network(back, training=False), z)
    # Bijective: the other order, from a point that is no image.
    z = z[:, ::-1] + 0.1
    again = network(network.inverse(z), training=False)
    np.testing.assert_allclose(again, z, atol=2**-15)


@pytest.fixture
def mixed_policy(request):
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy(f"mixed_{request.param}")
    yield request.param
    keras.config.set_dtype_policy(policy)


_HALVES = ("float16", "bfloat16")


@pytest.mark.slow
@pytest.mark.parametrize("mixed_policy", _HALVES, indirect=True)
def test_irevnet300_at_224_with_residual_functions_in_half(mixed_policy):
    """With random statistics: neither they nor the precision matter."""
    network = rolling.roll(invertible.get("irevnet300")())
    network.build((None, 224, 224, 3))
    gradient_cases.randomize(network)
    x = _images(224, 1)
    back = network.inverse(network(x, training=False))
    np.testing.assert_allclose(back, x, atol=PIXEL_ERROR)


@pytest.mark.parametrize("mixed_policy", _HALVES, indirect=True)
def test_a_mixed_policy_leaves_the_stream_in_float32(mixed_policy):
    network, x = _made("irevnet_tiny", 8, 4)
    gradient_cases.randomize(network)
    assert {variable.dtype for variable in network.variables} == {"float32"}
    z = network(x, training=False)
    # Half precision is really used.
    difference = np.max(np.abs(z - _float32_features(network, x)))
    assert 1e-4 < difference < 0.1
    back = network.inverse(z)
    for tensor in (z, back):
        assert keras.backend.standardize_dtype(tensor.dtype) == "float32"
    np.testing.assert_allclose(back, x, atol=PIXEL_ERROR)


@pytest.mark.parametrize("mixed_policy", _HALVES, indirect=True)
def test_training_under_a_mixed_policy_keeps_the_round_trip(mixed_policy):
    network = rolling.roll(_made("irevnet_small", 32, 16)[0])
    network.memory_saving = True
    method = Supervised(build_classifier(network, 32, 10, normalized_head=True))
    method.compile(KernelDecaySGD(0.05, momentum=0.9))
    x = _images(32, 16)
    batch = {"image": x, "clean_image": x, "label": np.arange(16) % 10}
    losses = []
    for _ in range(8):
        method.reset_metrics()
        losses.append(method.train_on_batch(batch, return_dict=True)["loss"])
    assert losses[-1] < 0.6 * losses[0]
    back = network.inverse(network(x, training=False))
    np.testing.assert_allclose(back, x, atol=PIXEL_ERROR)


def _float32_features(network, x):
    """What it gives where its residual functions compute in float32."""
    layers = [
        type(layer).from_config({**layer.get_config(), **_in_float32(layer)})
        for layer in network.layers
    ]
    exact = InvertibleSequence(layers)
    exact.build(x.shape)
    exact.set_weights(network.get_weights())
    return np.asarray(exact(x, training=False))


def _in_float32(layer):
    has_residual = hasattr(layer, "residual_dtype")
    return {"residual_dtype": None} if has_residual else {}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "side", "num_blocks", "half_widths"),
    [
        ("irevnet300_half", 112, (6, 16, 72), (24, 96, 384)),
        ("irevnet96", 224, (2, 5, 23, 2), (24, 96, 384, 1536)),
    ],
)
def test_cheaper_networks_for_224(name, side, num_blocks, half_widths):
    network, x = _made(name, side)
    expected = expected_parameters(num_blocks, half_widths, 6, 4)
    assert network.count_params() == expected
    crops = _images(64, 4, seed=1)
    for _ in range(3):
        network(crops, training=True)
    z = network(x, training=False)
    np.testing.assert_allclose(network.inverse(z), x, atol=PIXEL_ERROR)
    z = z[:, ::-1] + 0.1
    again = network(network.inverse(z), training=False)
    np.testing.assert_allclose(again, z, atol=2**-15)
