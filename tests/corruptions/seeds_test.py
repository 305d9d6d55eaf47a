"""Seeds are data: folding is a function of its arguments alone."""

import numpy as np
import tensorflow as tf

from qualnet_tf.corruptions import seeds


def test_kinds_of_seed_agree():
    expected = [0, 7]
    for seed in (7, (0, 7), [0, 7], tf.constant([0, 7], tf.int64)):
        np.testing.assert_array_equal(seeds.as_seed(seed), expected)


def test_large_and_negative_seeds():
    assert len({tuple(seeds.as_seed(s).numpy()) for s in (1, -1, 2**40)}) == 3
    np.testing.assert_array_equal(seeds.as_seed(2**32 - 1), [0, -1])


def test_fold_is_a_chain():
    whole = seeds.fold_seed(5, 1, 2)
    parts = seeds.fold_seed(seeds.fold_seed(5, 1), tf.constant(2, tf.int64))
    np.testing.assert_array_equal(whole, parts)


def test_folded_seeds_are_distinct():
    folded = {
        tuple(seeds.fold_seed(seed, epoch, index).numpy())
        for seed in range(3)
        for epoch in range(3)
        for index in range(6)
    }
    assert len(folded) == 54


def test_distributions():
    draws = seeds.uniform(seeds.as_seed(1), [20_000], -1.0, 3.0).numpy()
    assert -1 <= draws.min() < -0.99 and 2.99 < draws.max() < 3
    np.testing.assert_allclose(draws.mean(), 1.0, atol=0.04)
    draws = seeds.normal(seeds.as_seed(1), [20_000]).numpy()
    np.testing.assert_allclose([draws.mean(), draws.std()], [0, 1], atol=0.03)
