"""Bytes of a backward pass, counted by hand."""

import pytest

from qualnet_tf import invertible
from qualnet_tf.invertible import rolling
from qualnet_tf.invertible.coupling import AdditiveCoupling
from qualnet_tf.invertible.sequence import InvertibleSequence
from qualnet_tf.invertible.squeeze import Squeeze
from qualnet_tf.models.activation_memory import activation_bytes


def _built(blocks):
    network = InvertibleSequence([Squeeze(2), *blocks])
    network.build((None, 8, 8, 3))
    return network


def test_by_hand():
    first = AdditiveCoupling(6, bottleneck_ratio=2, first=True)
    second = AdditiveCoupling(24, strides=2, bottleneck_ratio=4)
    found = activation_bytes(_built([first, second]), 8)
    # 4x4 grid, halves of 6, width 3 inside: the half itself, then input and
    # ReLU of two norms. Then a half of 6 on the 4x4 grid and its ReLU, and
    # the same of width 6 on the 2x2 grid, twice.
    own = (4 * 4 * (6 + 4 * 3), 2 * 4 * 4 * 6 + 2 * 2 * 4 * 6)
    result = 2 * 2 * 48
    assert found.plain == 4 * sum(own)
    assert found.kept == 4 * result
    assert found.rebuilt == 4 * (max(own) + 4 * result)


@pytest.mark.parametrize(("dtype", "expected"), [("float16", 10), (None, 8)])
def test_half_precision_keeps_a_second_copy_of_each_relu(dtype, expected):
    block = AdditiveCoupling(6, bottleneck_ratio=1, residual_dtype=dtype)
    found = activation_bytes(_built([block]), 8)
    assert found.plain == expected * 3 * 4 * 4 * 6


def test_grows_with_depth_only_in_the_plain_pass():
    network = invertible.get("irevnet_tiny")()
    network.build((None, 8, 8, 3))
    rolled = rolling.roll(network)
    assert activation_bytes(network, 8) == activation_bytes(rolled, 8)
    layers = invertible.get("irevnet_tiny")().layers
    deep = InvertibleSequence([*layers, AdditiveCoupling(24, name="another")])
    deep.build((None, 8, 8, 3))
    more, less = activation_bytes(deep, 8), activation_bytes(network, 8)
    assert more.plain > less.plain
    assert more[1:] == less[1:]


def test_a_frozen_network_keeps_what_its_relus_gave():
    blocks = [
        AdditiveCoupling(6, bottleneck_ratio=1, first=True, name="first"),
        AdditiveCoupling(6, bottleneck_ratio=1, name="second"),
    ]
    network = _built(blocks)
    network.trainable = False
    assert activation_bytes(network, 8).plain == 4 * (2 + 3) * 4 * 4 * 6
