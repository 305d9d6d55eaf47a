"""Splits and subsets: disjoint, even, and the same for the same seed."""

import numpy as np
import pytest

from qualnet_tf.datasets import subsets

_LABELS = np.repeat([0, 1, 2], [40, 10, 3])


@pytest.mark.parametrize("seed", [None, 0, 1])
def test_a_split_is_disjoint_complete_and_even(seed):
    train, validation = subsets.stratified_split(_LABELS, 0.2, seed)
    both = np.concatenate([train, validation])
    np.testing.assert_array_equal(np.sort(both), np.arange(len(_LABELS)))
    # 20 % of 40, of 10, and of 3 (rounded).
    np.testing.assert_array_equal(np.bincount(_LABELS[validation]), [8, 2, 1])


def test_without_a_seed_the_last_examples_are_held_out():
    _, validation = subsets.stratified_split(_LABELS, 0.2, None)
    np.testing.assert_array_equal(validation, [*range(32, 40), 48, 49, 52])


def test_the_seed_decides_the_split():
    first, again, other = (
        subsets.stratified_split(_LABELS, 0.2, seed)[1] for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("fraction", [0.01, 0.99])
def test_each_class_stays_on_both_sides(fraction):
    for part in subsets.stratified_split(_LABELS, fraction, 0):
        assert np.bincount(_LABELS[part], minlength=3).min() >= 1


def test_a_single_example_cannot_be_split():
    with pytest.raises(ValueError, match="class 1 has 1 image: expected at"):
        subsets.stratified_split(np.array([0, 0, 1]), 0.5, 0)


def test_each_beginning_is_as_even_as_the_classes_allow():
    order = subsets.balanced_order(_LABELS, 0)
    np.testing.assert_array_equal(np.sort(order), np.arange(len(_LABELS)))
    for size in range(1, 10):
        counts = np.bincount(_LABELS[order[:size]], minlength=3)
        assert counts.max() - counts.min() <= 1
    np.testing.assert_array_equal(np.bincount(_LABELS[order[:25]]), [12, 10, 3])


def test_the_order_mixes_classes_and_examples():
    order = subsets.balanced_order(_LABELS, 0)
    assert not np.array_equal(order, subsets.balanced_order(_LABELS, 1))
    firsts = {_LABELS[subsets.balanced_order(_LABELS, s)[0]] for s in range(20)}
    assert firsts == {0, 1, 2}


def test_a_subset_chooses_among_the_given_examples():
    chosen = subsets.balanced_subset(np.arange(30, 53), _LABELS, 6, 0)
    assert chosen.min() >= 30
    np.testing.assert_array_equal(np.bincount(_LABELS[chosen]), [2, 2, 2])
    assert len(subsets.balanced_subset(np.arange(53), _LABELS, None, 0)) == 53
