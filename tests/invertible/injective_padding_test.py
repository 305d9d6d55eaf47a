"""InjectivePadding: where the zeros go, and bad channels."""

import numpy as np
import pytest

from qualnet_tf.invertible.injective_padding import InjectivePadding


def test_zeros_go_behind_each_half():
    x = np.arange(1, 5, dtype="float32").reshape(1, 1, 1, 4)
    z = InjectivePadding(10)(x)
    assert np.asarray(z).ravel().tolist() == [1, 2, 0, 0, 0, 3, 4, 0, 0, 0]


def test_inverse_ignores_the_padded_channels():
    layer = InjectivePadding(6)
    layer.build((None, 1, 1, 2))
    z = np.array([1, 7, 7, 2, 7, 7], "float32").reshape(1, 1, 1, 6)
    assert np.asarray(layer.inverse(z)).ravel().tolist() == [1, 2]


def test_equal_channels_change_nothing():
    x = np.ones((1, 2, 2, 4), "float32")
    np.testing.assert_array_equal(InjectivePadding(4)(x), x)


@pytest.mark.parametrize("channels", [0, 3, 4.0])
def test_refuses_bad_arguments(channels):
    with pytest.raises(ValueError, match="even whole number of at least 2"):
        InjectivePadding(channels)


@pytest.mark.parametrize("received", [3, 8])
def test_refuses_bad_inputs(received):
    with pytest.raises(ValueError, match=f"at most 6, received {received}"):
        InjectivePadding(6).build((None, 4, 4, received))
