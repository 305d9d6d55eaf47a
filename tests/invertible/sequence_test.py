"""InvertibleSequence: order, nesting, use inside models, bad layers."""

import keras
import numpy as np
import pytest

from qualnet_tf.invertible.coupling import AdditiveCoupling
from qualnet_tf.invertible.pixel_normalization import PixelNormalization
from qualnet_tf.invertible.sequence import InvertibleSequence
from qualnet_tf.invertible.squeeze import Squeeze


def _sequence(**kwargs):
    return InvertibleSequence(
        [
            Squeeze(2, name="squeeze"),
            AdditiveCoupling(6, bottleneck_ratio=1, name="block"),
        ],
        **kwargs,
    )


def _images(seed=0):
    generator = np.random.default_rng(seed)
    return generator.uniform(size=(2, 4, 4, 3)).astype("float32")


def test_layers_run_in_order_and_back():
    first = PixelNormalization(mean=(1, 1, 1), std=(2, 2, 2), name="first")
    second = PixelNormalization(mean=(5, 5, 5), std=(1, 1, 1), name="second")
    layer = InvertibleSequence([first, second])
    x = _images()
    z = layer(x)
    np.testing.assert_allclose(z, (x - 1) / 2 - 5, atol=1e-6)
    np.testing.assert_allclose(layer.inverse(z), x, atol=1e-6)


def test_training_reaches_the_layers():
    layer, x = _sequence(), _images()
    layer.build(x.shape)
    before = layer.get_weights()
    layer(x, training=False)
    for old, new in zip(before, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    layer(x, training=True)
    moved = [
        not np.array_equal(old, new)
        for old, new in zip(before, layer.get_weights(), strict=True)
    ]
    assert sum(moved) == 6  # mean and variance of three norms


def test_a_sequence_may_hold_a_sequence():
    layer = InvertibleSequence([_sequence(name="inner")], name="outer")
    x = _images()
    z = layer(x)
    np.testing.assert_allclose(layer.inverse(z), x, atol=1e-6)
    assert "outer/inner/block/convolution1/kernel" in {
        variable.path for variable in layer.variables
    }


class _Inverse(keras.layers.Layer):
    def __init__(self, network):
        super().__init__()
        self.network = network

    def call(self, inputs):
        return self.network.inverse(inputs)


def test_inverse_inside_a_functional_model():
    layer, x = _sequence(), _images()
    z = layer(x)
    features = keras.Input(z.shape[1:])
    model = keras.Model(features, _Inverse(layer)(features))
    np.testing.assert_allclose(model.predict(z, verbose=0), x, atol=1e-6)


def test_saved_model_file_holds_weights_and_inverse(tmp_path):
    image = keras.Input((4, 4, 3))
    model = keras.Model(image, _sequence(name="net")(image))
    x = _images()
    model.layers[-1](x, training=True)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    z = model(x)
    np.testing.assert_array_equal(loaded(x), z)
    np.testing.assert_array_equal(
        loaded.layers[-1].inverse(z), model.layers[-1].inverse(z)
    )
    paths = [variable.path for variable in model.variables]
    assert [variable.path for variable in loaded.variables] == paths


def test_refuses_no_layers():
    with pytest.raises(ValueError, match="at least one invertible layer"):
        InvertibleSequence([])


def test_refuses_layers_without_an_inverse():
    with pytest.raises(
        ValueError, match=r"layers\[1\]: expected an Invert.*received ReLU"
    ):
        InvertibleSequence([Squeeze(2), keras.layers.ReLU()])


def test_refuses_repeated_names():
    with pytest.raises(ValueError, match="differ, received 'twice' 2 times"):
        InvertibleSequence([Squeeze(2, name="twice"), Squeeze(name="twice")])


def test_refuses_layers_that_do_not_fit():
    layer = InvertibleSequence([Squeeze(2), AdditiveCoupling(4)])
    with pytest.raises(ValueError, match="expected 8 channels"):
        layer.compute_output_shape((None, 4, 4, 3))
