"""The checks every invertible layer inherits."""

import subprocess
import sys

import keras
import numpy as np
import pytest

from qualnet_tf.invertible.coupling import AdditiveCoupling
from qualnet_tf.invertible.injective_padding import InjectivePadding
from qualnet_tf.invertible.pixel_normalization import PixelNormalization
from qualnet_tf.invertible.sequence import InvertibleSequence
from qualnet_tf.invertible.squeeze import Squeeze

# One of each kind, with the channels it takes.
LAYERS = {
    "squeeze": (lambda: Squeeze(2), 3),
    "coupling": (lambda: AdditiveCoupling(4, bottleneck_ratio=2), 8),
    "strided_coupling": (lambda: AdditiveCoupling(8, strides=2), 4),
    "injective_padding": (lambda: InjectivePadding(10), 4),
    "pixel_normalization": (PixelNormalization, 3),
    "sequence": (lambda: InvertibleSequence([Squeeze(2, name="s")]), 3),
}


@pytest.fixture(params=LAYERS, name="case")
def _case(request):
    make, channels = LAYERS[request.param]
    values = np.random.default_rng(0).uniform(size=(2, 4, 6, channels))
    return make(), values.astype("float32")


def test_room_is_listed_without_keras():
    code = (
        "import sys; from qualnet_tf import invertible, backbones; "
        "assert invertible.names() and backbones.names(); "
        "print({'keras', 'tensorflow'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "set()"


def test_round_trip_and_shape(case):
    layer, x = case
    z = layer(x, training=False)
    assert tuple(z.shape) == layer.compute_output_shape(x.shape)
    np.testing.assert_allclose(layer.inverse(z), x, atol=1e-6)


def test_other_order_holds_for_bijective_layers_only(case):
    layer, x = case
    shape = layer(x).shape
    z = np.random.default_rng(1).normal(size=shape).astype("float32")
    error = np.max(np.abs(layer(layer.inverse(z), training=False) - z))
    assert (error < 1e-5) == layer.bijective


def test_config_round_trip(case):
    layer, x = case
    z = layer(x)
    copy = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(layer)
    )
    copy.set_weights(layer.get_weights())
    assert copy.get_config() == layer.get_config()
    np.testing.assert_array_equal(copy(x), z)
    np.testing.assert_array_equal(copy.inverse(z), layer.inverse(z))


def test_inverse_needs_a_built_layer(case):
    layer, x = case
    with pytest.raises(ValueError, match="expected a built layer"):
        layer.inverse(x)


def test_inverse_refuses_other_channels(case):
    layer, x = case
    z = np.asarray(layer(x))
    with pytest.raises(
        ValueError,
        match=rf"expected {z.shape[-1]} channels, received {z.shape[-1] + 2}",
    ):
        layer.inverse(np.concatenate([z, z[..., :2]], axis=-1))


def test_inverse_refuses_symbolic_tensors(case):
    layer, x = case
    shape = layer(x).shape
    with pytest.raises(ValueError, match="call inverse in the call of a layer"):
        layer.inverse(keras.Input(shape[1:]))


def test_build_refuses_other_ranks(case):
    layer, _ = case
    with pytest.raises(ValueError, match="expected a shape .batch, height"):
        layer.build((None, 8))


def test_build_refuses_unknown_channels(case):
    layer, _ = case
    with pytest.raises(ValueError, match="known channels, received"):
        layer.build((None, 8, 8, None))


def test_a_built_layer_refuses_other_channels(case):
    layer, x = case
    layer(x)
    with pytest.raises(ValueError, match="incompatible with the layer"):
        layer(np.concatenate([x, x], axis=-1))


def test_stays_float32_under_mixed_precision():
    reference = AdditiveCoupling(4)
    x = np.random.default_rng(0).normal(size=(2, 4, 4, 8)).astype("float32")
    expected = reference(x, training=False)
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    try:
        layer = AdditiveCoupling(4)
        layer.build(x.shape)
        layer.set_weights(reference.get_weights())
        z = layer(x, training=False)
        back = layer.inverse(z)
    finally:
        keras.mixed_precision.set_global_policy("float32")
    assert keras.backend.standardize_dtype(z.dtype) == "float32"
    # Equal to the bit: no part of F may have run in bfloat16.
    np.testing.assert_array_equal(z, expected)
    np.testing.assert_allclose(back, x, atol=1e-6)
