"""Renaming gains what an order lost, and nothing by chance."""

import numpy as np
import pytest

from qualnet_tf.metrics.renamed_accuracy import renamed_accuracy


def test_a_permutation_is_undone():
    labels = np.random.default_rng(0).integers(0, 5, 1000)
    order = np.array([3, 0, 4, 1, 2])
    assert renamed_accuracy(order[labels], labels) == (0.0, 1.0)
    assert renamed_accuracy(labels, labels) == (1.0, 1.0)


def test_guesses_stay_guesses():
    generator = np.random.default_rng(1)
    labels = generator.integers(0, 50, 500)
    plain, renamed = renamed_accuracy(generator.integers(0, 50, 500), labels)
    # Taken on the same images it would be 0.17.
    assert plain < 0.05 and renamed < 0.05


def test_two_names_for_one_label():
    labels = np.repeat([0, 1], 100)
    predicted = np.where(np.arange(200) % 2, labels, labels + 2)
    plain, renamed = renamed_accuracy(predicted, labels)
    assert (plain, renamed) == (0.5, 1.0)


@pytest.mark.parametrize("shapes", [((3,), (4,)), ((0,), (0,)), ((2, 2),) * 2])
def test_what_does_not_fit_is_refused(shapes):
    with pytest.raises(ValueError, match="a prediction and a label of each"):
        renamed_accuracy(*(np.zeros(shape, int) for shape in shapes))
