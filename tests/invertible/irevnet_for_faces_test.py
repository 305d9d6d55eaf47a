"""The decoders of faces at their full size."""

import keras
import numpy as np
import pytest

from qualnet_tf import invertible
from tests.invertible.irevnet_test import PIXEL_ERROR, expected_parameters


@pytest.mark.parametrize(
    ("name", "millions", "last_width"),
    [("irevnet300_lm", 58.8, 384), ("irevnet300_lm_wide", 126.0, 1536)],
)
def test_parameters_of_the_decoders_of_faces(name, millions, last_width):
    """The numbers that the two widths are documented with."""
    network = invertible.get(name)()
    network.build((None, 112, 112, 3))
    trained = sum(w.shape.num_elements() for w in network.trainable_weights)
    assert trained / 1e6 == pytest.approx(millions, abs=0.05)
    if last_width == 384:
        expected = expected_parameters((6, 16, 72, 6), (24, 96, 384, 384), 6, 4)
        assert network.count_params() == expected
    assert network.bijective == (name == "irevnet300_lm")


@pytest.mark.slow
def test_the_wide_decoder_of_faces_drops_three_quarters():
    keras.utils.set_random_seed(0)
    network = invertible.get("irevnet300_lm_wide")()
    x = np.random.default_rng(0).random((1, 112, 112, 3), dtype=np.float32)
    z = network(x, training=False)
    assert z.shape == (1, 7, 7, 4 * 768)
    np.testing.assert_allclose(network.inverse(z), x, atol=PIXEL_ERROR)
    # Many to one: what stands in the padding is not heard.
    for layer in reversed(network.layers[-7:]):
        z = layer.inverse(z)
    padding = network.layers[-8]
    assert padding.channels == 3072
    moved = np.array(z)
    moved[..., 384:1536] += 1.0
    moved[..., 1920:] += 1.0
    np.testing.assert_array_equal(padding.inverse(moved), padding.inverse(z))
