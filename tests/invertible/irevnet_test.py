"""Every named i-RevNet keeps the contract, fresh and after training."""

import functools
import importlib.util
import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from qualnet_tf import invertible

# name: (side of the test images, features, output grid at that side)
MEMBERS = {
    "irevnet300": (224, 3072, 7),
    "irevnet300_half": (112, 768, 7),
    "irevnet300_lm": (112, 768, 7),
    "irevnet300_lm_wide": (112, 3072, 7),
    "irevnet_lm_small": (112, 768, 7),
    "irevnet96": (224, 3072, 7),
    "irevnet_cifar": (16, 512, 2),
    "irevnet_small": (32, 192, 4),
    "irevnet_small_half": (16, 48, 4),
    "irevnet_mini": (32, 192, 4),
    "irevnet_tiny": (8, 48, 2),
}
# Half a step of the grid on the pixels' scale, and float32's own rounding.
PIXEL_ERROR = 2**-15 * 0.229 + 3e-7
SLOW = (
    "irevnet300",
    "irevnet300_half",
    "irevnet300_lm",
    "irevnet300_lm_wide",
    "irevnet96",
)
FAST = [name for name in MEMBERS if name not in SLOW]


def _images(name, batch=4, seed=0):
    side = MEMBERS[name][0]
    generator = np.random.default_rng(seed)
    return generator.uniform(size=(batch, side, side, 3)).astype("float32")


@functools.cache
def _built(name):
    """One network per name for all tests: building takes seconds."""
    network = invertible.get(name)()
    network.build((None, *_images(name, 1).shape[1:]))
    return network


def expected_parameters(num_blocks, half_widths, first_half, ratio):
    """Parameters of an i-RevNet, written out from the paper's block."""
    total, half, first = 0, first_half, True
    for blocks, width in zip(num_blocks, half_widths, strict=True):
        inner = width // ratio
        for _ in range(blocks):
            total += 9 * (half * inner + inner * inner + inner * width)
            total += 4 * (2 * inner + (0 if first else half))
            half, first = width, False
    return total


def test_every_member_is_tested():
    assert set(MEMBERS) == set(invertible.names())


@pytest.mark.parametrize("name", MEMBERS)
def test_output_shape_before_building(name):
    side, channels, grid = MEMBERS[name]
    shape = invertible.get(name)().compute_output_shape((None, side, side, 3))
    assert shape == (None, grid, grid, channels)


def test_cifar_output_shape_at_its_own_size():
    network = invertible.get("irevnet_cifar")()
    shape = network.compute_output_shape((None, 32, 32, 3))
    assert shape == (None, 4, 4, 512)


@pytest.mark.parametrize("name", FAST)
def test_round_trip_fresh_and_with_warm_statistics(name):
    network, x = _built(name), _images(name)
    for warm_up_steps in (0, 2):
        for _ in range(warm_up_steps):
            network(x, training=True)
        z = network(x, training=False)
        assert tuple(z.shape) == network.compute_output_shape(x.shape)
        back = network.inverse(z)
        np.testing.assert_allclose(back, x, atol=PIXEL_ERROR)
        np.testing.assert_array_equal(network(back, training=False), z)


@pytest.mark.parametrize("name", FAST)
def test_other_order_for_bijective_members(name):
    network = _built(name)
    assert network.bijective == (name != "irevnet_cifar")
    shape = network.compute_output_shape(_images(name).shape)
    z = np.random.default_rng(0).normal(size=shape).astype("float32")
    error = np.max(np.abs(network(network.inverse(z), training=False) - z))
    assert (error < 1e-4) == network.bijective


@pytest.mark.parametrize(
    "name",
    ["irevnet_tiny", pytest.param("irevnet_small", marks=pytest.mark.slow)],
)
def test_round_trip_after_training_steps(name):
    keras.utils.set_random_seed(0)
    network, x = invertible.get(name)(), _images(name, batch=16)
    labels = np.arange(16) % 2
    model = keras.Sequential(
        [
            keras.Input(x.shape[1:]),
            network,
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(2),
        ]
    )
    model.compile(
        keras.optimizers.SGD(0.1, momentum=0.9),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=False,
    )
    before = network.get_weights()
    history = model.fit(x, labels, batch_size=8, epochs=6, verbose=0)
    assert history.history["loss"][-1] < history.history["loss"][0]
    for old, new in zip(before, network.get_weights(), strict=True):
        assert not np.array_equal(old, new)
    z = network(x, training=False)
    np.testing.assert_allclose(network.inverse(z), x, atol=1e-4)


@pytest.mark.parametrize("name", FAST)
def test_variable_paths_are_unique_and_stable(name):
    paths = [variable.path for variable in _built(name).variables]
    assert len(set(paths)) == len(paths)
    assert f"{name}/stage1_block01/norm2/moving_mean" in paths


def test_a_second_network_has_the_same_variable_paths():
    paths = [variable.path for variable in _built("irevnet_tiny").variables]
    network = invertible.get("irevnet_tiny")()
    network.build((None, 16, 16, 3))
    assert [variable.path for variable in network.variables] == paths


@pytest.mark.parametrize("name", ["irevnet_small", "irevnet_tiny"])
def test_save_and_load(name, tmp_path):
    x = _images(name, 2)
    network = invertible.get(name)()
    image = keras.Input(x.shape[1:])
    model = keras.Model(image, network(image))
    network(x, training=True)
    model.save(tmp_path / "network.keras")
    loaded = keras.models.load_model(tmp_path / "network.keras")
    z = model(x)
    np.testing.assert_array_equal(loaded(x), z)
    np.testing.assert_array_equal(
        loaded.get_layer(name).inverse(z), network.inverse(z)
    )


def test_all_kernels_start_differently():
    network = invertible.get("irevnet_cifar")()
    network.build((None, 32, 32, 3))
    starts = {
        np.asarray(variable).ravel()[:8].tobytes()
        for variable in network.variables
        if variable.path.endswith("kernel")
    }
    assert len(starts) == 3 * 54


def test_cifar_parameters():
    expected = expected_parameters((18, 18, 18), (16, 64, 256), 16, 4)
    assert _built("irevnet_cifar").count_params() == expected


@pytest.mark.parametrize(("side", "received"), [(31, 31), (30, 15)])
def test_refuses_images_that_do_not_divide(side, received):
    message = f"divisible by 2, received {received}x{received}"
    with pytest.raises(ValueError, match=message):
        invertible.get("irevnet_tiny")().build((None, side, side, 3))


def test_unknown_name_lists_the_members():
    with pytest.raises(ValueError, match="expected one of irevnet300, "):
        invertible.get("irevnet")


@pytest.mark.parametrize(
    ("name", "full", "downscale", "share"),
    [
        ("irevnet300_half", "irevnet300", 2, 0.19),
        ("irevnet96", "irevnet300", 1, 0.31),
        ("irevnet_mini", "irevnet_small", 1, 0.23),
    ],
)
def test_cheaper_networks_cost_the_share_they_document(
    name, full, downscale, share
):
    side = MEMBERS[full][0]
    costs = []
    for each, own_side in ((name, side // downscale), (full, side)):
        shape = (None, own_side, own_side, 3)
        network = invertible.get(each)()
        costs.append(network.multiply_adds(shape))
        # Both end on the backbone's grid.
        assert network.compute_output_shape(shape)[1] == MEMBERS[full][2]
    assert costs[0] / costs[1] == pytest.approx(share, abs=0.005)


_JAX_PROGRAM = """
import numpy as np, keras
from qualnet_tf import backbones, invertible
from qualnet_tf.backbones.grouped_conv import GroupedConv2D
assert keras.backend.backend() == "jax"
x = np.random.default_rng(0).uniform(size=(2, 8, 8, 3)).astype("float32")
class Both(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.network = invertible.get("irevnet_tiny")()
        self.grouped = GroupedConv2D(4, 3, 2, padding="same")

    def build(self, input_shape):
        self.network.build(input_shape)
        self.grouped.build(self.network.compute_output_shape(input_shape))

    def call(self, inputs):
        features = self.network(inputs)
        back = self.network.inverse(features)
        return features, back, self.grouped(features)

image = keras.Input((8, 8, 3))
both = Both()
model = keras.Model(
    image, [*both(image), backbones.get("resnet_tiny")(8)(image)]
)
features, back, grouped, backbone = model.predict(x, verbose=0)
assert features.shape == (2, 2, 2, 48)
assert np.max(np.abs(back - x)) < 1e-4
assert grouped.shape == (2, 2, 2, 4)
assert backbone.shape == (2, 2, 2, 16)
try:
    both.network(x[:, :6])
except ValueError as error:
    assert "divisible by 2" in str(error)
else:
    raise SystemExit("a side that does not divide was cut")
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
            # Optimised code for each random kernel takes a second to compile.
            "XLA_FLAGS": "--xla_backend_optimization_level=0",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
