"""The inverse direction as a network of its own, in training mode."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from qualnet_tf.invertible import irevnet, rolling
from qualnet_tf.invertible.coupling import AdditiveCoupling
from tests.invertible import gradient_cases


def _features(network, x):
    shape = network.compute_output_shape(x.shape)
    return np.random.default_rng(3).normal(size=shape).astype("float32")


@pytest.mark.parametrize("way", ["plain", "saving", "rolled", "rolled_saving"])
def test_without_training_it_is_the_inverse(way):
    network, x = gradient_cases.make("irevnet_tiny")
    network = gradient_cases.variant(network, way)
    before = network.get_weights()
    z = _features(network, x)
    np.testing.assert_array_equal(network.decode(z), network.inverse(z))
    for old, new in zip(before, network.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_a_block_uses_and_moves_the_statistics_of_its_own_direction():
    keras.utils.set_random_seed(0)
    block = AdditiveCoupling(4, bottleneck_ratio=1, name="block")
    y = np.random.default_rng(0).normal(size=(3, 5, 5, 8)).astype("float32")
    block.build(y.shape)
    x = np.asarray(block.decode(y, training=True))
    y1, y2 = np.split(y, 2, axis=-1)
    values = [np.asarray(variable) for variable in block.variables]
    outputs, _ = block.residual(values, y1, True)
    np.testing.assert_array_equal(x[..., 4:], y1)
    np.testing.assert_allclose(x[..., :4], y2 - outputs, atol=1e-5)
    mean, variance = block.statistics[:2]
    np.testing.assert_allclose(mean, 0.1 * y1.mean(axis=(0, 1, 2)), atol=1e-6)
    np.testing.assert_allclose(
        variance, 0.9 + 0.1 * y1.var(axis=(0, 1, 2)), atol=1e-6
    )
    # With other statistics than those of the batch it is another function.
    assert np.max(np.abs(x - np.asarray(block.inverse(y)))) > 0.01


@pytest.mark.parametrize("way", ["saving", "rolled", "rolled_saving"])
def test_every_way_gives_the_same_numbers_and_statistics(way):
    network, x = gradient_cases.make("irevnet_small")
    z = _features(network, x)
    found = []
    for each in ("plain", way):
        made = gradient_cases.variant(network, each)
        image = np.asarray(made.decode(z, training=True))
        found.append((image, rolling.values_by_block(made)))
    (image, values), (other, moved) = found
    np.testing.assert_allclose(other, image, atol=1e-4)
    changed = 0
    start = rolling.values_by_block(network)
    for blocks in zip(start, values, moved, strict=True):
        for old, one, two in zip(*blocks, strict=True):
            np.testing.assert_allclose(two, one, atol=1e-5)
            changed += not np.array_equal(old, one)
    # Two statistics of three norms in four blocks, but the first block's.
    assert changed == 2 * (3 * 4 - 1)


def test_a_frozen_network_keeps_its_statistics():
    network, x = gradient_cases.make("irevnet_tiny")
    z = _features(network, x)
    network.trainable = False
    before = network.get_weights()
    image = network.decode(z, training=True)
    np.testing.assert_array_equal(image, network.inverse(z))
    for old, new in zip(before, network.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_wrong_channels_are_refused_in_training_too():
    network, x = gradient_cases.make("irevnet_tiny")
    with pytest.raises(ValueError, match="expected 48 channels, received 5"):
        network.decode(np.zeros((1, 2, 2, 5), "float32"), training=True)


@pytest.mark.parametrize("way", ["plain", "saving", "rolled", "rolled_saving"])
def test_a_network_padded_in_the_middle_learns_in_this_direction(way):
    """As the wide decoder of faces: the padding is dropped on the way."""
    keras.utils.set_random_seed(0)
    network = irevnet._irevnet(
        "padded",
        num_blocks=(1, 3),
        half_widths=(24, 48),
        strides=(2, 1),
        padding=(2, 96),
    )
    x = np.random.default_rng(0).random((2, 8, 8, 3), dtype=np.float32)
    network.build(x.shape)
    network = gradient_cases.variant(network, way)
    assert not network.bijective
    z = tf.constant(_features(network, x))
    with tf.GradientTape() as tape:
        tape.watch(z)
        image = network.decode(z, training=True)
        loss = tf.reduce_mean(tf.abs(image - x))
    sources = [z, *(w.value for w in network.trainable_weights)]
    gradients = tape.gradient(loss, sources)
    assert all(np.isfinite(gradient).all() for gradient in gradients)
    # Every kernel of both stages is asked, the one behind the padding too.
    kernels = [
        gradient
        for gradient, weight in zip(
            gradients[1:], network.trainable_weights, strict=True
        )
        if weight.path.endswith("kernel")
    ]
    assert all(np.max(np.abs(kernel)) > 0 for kernel in kernels)
    np.testing.assert_allclose(
        network.inverse(network(x, training=False)), x, atol=1e-4
    )
