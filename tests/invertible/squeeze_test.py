"""Squeeze: the channel order, and sizes that do not divide."""

import numpy as np
import pytest

from qualnet_tf.invertible.squeeze import Squeeze


@pytest.mark.parametrize("block_size", [2, 3])
def test_channel_order_against_indices(block_size):
    height, width, channels = 6, 12, 5
    x = np.arange(height * width * channels, dtype="float32")
    x = x.reshape(1, height, width, channels)
    z = np.asarray(Squeeze(block_size)(x))
    for position in np.ndindex(height, width, channels):
        row, column, channel = position
        place = (row % block_size) * block_size + column % block_size
        assert (
            z[
                0,
                row // block_size,
                column // block_size,
                place * channels + channel,
            ]
            == x[(0, *position)]
        )


def test_channel_order_against_the_split_of_the_paper():
    # psi as published cuts the width into blocks and reads every block of
    # columns row by row: view(batch, height / b, b * b * c).
    x = np.random.default_rng(0).normal(size=(2, 4, 6, 3)).astype("float32")
    columns = [
        x[:, :, start : start + 2].reshape(2, 2, 12) for start in (0, 2, 4)
    ]
    np.testing.assert_array_equal(Squeeze(2)(x), np.stack(columns, axis=2))


def test_unknown_sides_stay_unknown():
    shape = Squeeze(2).compute_output_shape((None, None, 6, 3))
    assert shape == (None, None, 3, 12)


def test_refuses_sides_that_do_not_divide():
    with pytest.raises(ValueError, match="divisible by 2, received 4x5"):
        Squeeze(2).build((None, 4, 5, 3))


def test_a_built_layer_refuses_sides_that_do_not_divide():
    layer = Squeeze(2)
    layer.build((None, 4, 4, 3))
    with pytest.raises(ValueError, match="divisible by 2, received 5x4"):
        layer(np.zeros((1, 5, 4, 3), "float32"))


@pytest.mark.parametrize("block_size", [1, 0, 2.0])
def test_refuses_bad_block_sizes(block_size):
    with pytest.raises(ValueError, match="whole number of at least 2"):
        Squeeze(block_size)
