"""Outputs are matched with classes by name, and a wrong order is seen."""

import numpy as np
import pytest

from qualnet_tf.evaluation.class_order import check_order, find_columns

DATA = ("bee", "cat", "dog")


def test_the_same_order_needs_nothing():
    assert find_columns(DATA, 3, DATA, "net") is None
    assert find_columns((), 3, DATA, "net") is None


@pytest.mark.parametrize(
    "known", [("dog", "bee", "cat"), ("ant", "dog", "bee", "eel", "cat")]
)
def test_names_say_which_output_is_which_class(known):
    columns = find_columns(known, len(known), DATA, "net")
    assert tuple(known[place] for place in columns) == DATA


@pytest.mark.parametrize(
    ("known", "num_outputs", "message"),
    [
        ((), 1000, "expected 3 outputs.*received 1000; name the classes"),
        (("bee", "cat", "fox"), 3, "without 1 of them .dog.; correct --class"),
        (("bee", "cat", "dog"), 4, "a name for each of 4 outputs, received 3"),
    ],
)
def test_what_does_not_fit_is_refused(known, num_outputs, message):
    with pytest.raises(ValueError, match=message):
        find_columns(known, num_outputs, DATA, "net")


def _predictions(accuracy, num_classes=10, count=400):
    generator = np.random.default_rng(0)
    labels = generator.integers(0, num_classes, count)
    other = generator.integers(0, num_classes, count)
    is_right = generator.random(count) < accuracy
    return np.where(is_right, labels, other), labels


@pytest.mark.parametrize("accuracy", [0.5, 0.7, 0.99])
def test_outputs_in_another_order_are_refused(accuracy):
    predicted, labels = _predictions(accuracy)
    order = np.roll(np.arange(10), 1)
    with pytest.raises(ValueError, match="with the outputs renamed"):
        check_order(order[predicted], labels, "net")


@pytest.mark.parametrize("accuracy", [0.0, 0.1, 0.3, 0.5, 1.0])
@pytest.mark.parametrize("num_classes", [2, 10, 1000])
def test_honest_models_are_not(accuracy, num_classes):
    check_order(*_predictions(accuracy, num_classes), "net")


def test_a_poor_model_that_confuses_two_classes_is_not():
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 10, 4000)
    guesses = generator.integers(0, 10, 4000)
    # A seventh of the images is taken for the next class: renaming would give
    # more than twice the accuracy, and still a poor one.
    predicted = np.where(
        generator.random(4000) < 0.15, (labels + 1) % 10, guesses
    )
    check_order(predicted, labels, "net")


@pytest.mark.parametrize("count", [1, 2, 20])
def test_few_images_prove_nothing(count):
    check_order(*_predictions(0.1, 10, count), "net")
    check_order(np.zeros(count, int), np.arange(count), "net")
