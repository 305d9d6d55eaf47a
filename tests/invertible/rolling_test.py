"""Rolled and unrolled networks: the same blocks, names and numbers."""

import numpy as np
import pytest

from qualnet_tf import invertible
from qualnet_tf.invertible import irevnet, rolling
from qualnet_tf.invertible.coupling_run import CouplingRun
from tests.invertible import gradient_cases


def _names(network):
    return [layer.name for layer in network.layers]


def test_irevnet300_has_one_run_per_stage():
    network = rolling.roll(irevnet.irevnet300())
    assert _names(network)[3:-1] == [
        "stage1_block01",
        "stage1_block02_to_block06",
        "stage2_block01",
        "stage2_block02_to_block16",
        "stage3_block01",
        "stage3_block02_to_block72",
        "stage4_block01",
        "stage4_block02_to_block06",
    ]
    assert (
        sum(
            layer.num_blocks
            for layer in network.layers
            if isinstance(layer, CouplingRun)
        )
        + 4
        == 100
    )


@pytest.mark.parametrize("name", invertible.names())
def test_unrolling_undoes_rolling(name):
    network = invertible.get(name)()
    again = rolling.unroll(rolling.roll(network))
    assert _names(again) == _names(network)
    for layer, copy in zip(network.layers, again.layers, strict=True):
        assert copy.get_config() == layer.get_config()


@pytest.mark.parametrize("name", ["irevnet_tiny", "irevnet_small"])
def test_both_give_the_same_numbers(name):
    network, x = gradient_cases.make(name)
    rolled = rolling.roll(network)
    z = network(x, training=False)
    np.testing.assert_array_equal(rolled(x, training=False), z)
    np.testing.assert_array_equal(rolled.inverse(z), network.inverse(z))
    unrolled = rolling.unroll(rolled)
    for old, new in zip(
        network.get_weights(), unrolled.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(old, new)


def test_weights_move_between_both_block_by_block():
    network, x = gradient_cases.make("irevnet_tiny")
    other = rolling.roll(invertible.get("irevnet_tiny")())
    other.build((None, 8, 8, 3))
    assert np.max(np.abs(other(x) - network(x))) > 0.1
    rolling.set_values_by_block(other, rolling.values_by_block(network))
    np.testing.assert_array_equal(other(x), network(x))
    # three blocks, rolled or not, between layers without weights
    counts = [len(block) for block in rolling.values_by_block(other)]
    assert counts == [0, 0, 0, 11, 15, 15, 0]


def test_nothing_is_shared():
    network, x = gradient_cases.make("irevnet_tiny")
    rolled = rolling.roll(network)
    before = rolled(x)
    for variable in network.variables:
        variable.assign(np.zeros(variable.shape))
    np.testing.assert_array_equal(rolled(x), before)


def test_an_unbuilt_network_stays_unbuilt():
    rolled = rolling.roll(invertible.get("irevnet_tiny")())
    assert not rolled.built
    assert not rolled.variables
