"""Intervals of means over conditions keep an image's conditions together."""

import numpy as np
import pytest

from qualnet_tf.evaluation.intervals import accuracy_intervals
from qualnet_tf.metrics.alexnet_errors import (
    HOLDOUT_CORRUPTIONS,
    SEVERITIES,
    TEST_CORRUPTIONS,
)

NUM_IMAGES = 400
ALL = [
    (name, severity)
    for name in (*TEST_CORRUPTIONS, *HOLDOUT_CORRUPTIONS)
    for severity in SEVERITIES
]


def _answers(depends_on_the_image):
    generator = np.random.default_rng(0)
    easy = generator.random(NUM_IMAGES) < 0.7
    return {
        condition: easy.copy()
        if depends_on_the_image
        else generator.random(NUM_IMAGES) < 0.7
        for condition in [(None, 0), *ALL]
    }


def _width(answers, measure):
    (found,) = [
        each for each in accuracy_intervals(answers) if each.measure == measure
    ]
    return found.high - found.low


def test_an_interval_holds_its_mean():
    answers = _answers(depends_on_the_image=False)
    means = {
        "clean_accuracy": np.mean(answers[None, 0]),
        "mean_corruption_accuracy": np.mean([answers[c] for c in ALL[:75]]),
        "holdout_accuracy": np.mean([answers[c] for c in ALL[75:]]),
    }
    found = accuracy_intervals(answers)
    assert [each.measure for each in found] == list(means)
    for each in found:
        assert each.low < means[each.measure] < each.high


def test_conditions_that_agree_do_not_narrow_an_interval():
    alike = _answers(depends_on_the_image=True)
    clean = _width(alike, "clean_accuracy")
    assert clean == pytest.approx(2 * 1.96 * np.sqrt(0.21 / 400), rel=0.1)
    assert _width(alike, "mean_corruption_accuracy") == pytest.approx(clean)
    apart = _answers(depends_on_the_image=False)
    narrow = _width(apart, "mean_corruption_accuracy")
    assert narrow == pytest.approx(clean / np.sqrt(75), rel=0.2)


def test_a_mean_with_a_missing_condition_has_none():
    answers = _answers(depends_on_the_image=False)
    del answers["fog", 3]
    assert [each.measure for each in accuracy_intervals(answers)] == [
        "clean_accuracy",
        "holdout_accuracy",
    ]
