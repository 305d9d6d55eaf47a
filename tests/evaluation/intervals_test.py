"""Intervals of means over conditions keep an image's conditions together."""

import numpy as np
import pytest

from qualnet_tf.evaluation import results
from qualnet_tf.evaluation.answers import Answers
from qualnet_tf.evaluation.intervals import mean_intervals
from qualnet_tf.evaluation.measuring import measures
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


CORRUPTIONS_OF = {"clean": [(None, 0)], "test": ALL[:75], "holdout": ALL[75:]}
ACCURACIES = (
    "clean_accuracy",
    "mean_corruption_accuracy",
    "holdout_accuracy",
    "noise_accuracy",
    "blur_accuracy",
    "weather_accuracy",
    "digital_accuracy",
    *(f"{name}_accuracy" for name in (*TEST_CORRUPTIONS, *HOLDOUT_CORRUPTIONS)),
)


def _said(is_right, seed=0):
    """Answers that are right where they should be, sure or not."""
    generator = np.random.default_rng(seed)
    labels = np.arange(len(is_right), dtype=np.int32) % 5
    return Answers(
        labels=labels,
        predicted=np.where(is_right, labels, (labels + 1) % 5),
        is_right=is_right,
        in_top5=is_right | (generator.random(len(is_right)) < 0.5),
        likelihood=generator.random(len(is_right)) * 3,
        brier=generator.random(len(is_right)),
        confidence=generator.random(len(is_right)),
    )


def _answers(depends_on_the_image):
    generator = np.random.default_rng(0)
    easy = generator.random(NUM_IMAGES) < 0.7
    return {
        condition: _said(
            easy.copy()
            if depends_on_the_image
            else generator.random(NUM_IMAGES) < 0.7,
            seed,
        )
        for seed, condition in enumerate([(None, 0), *ALL])
    }


def _width(answers, measure):
    (found,) = [
        each for each in mean_intervals(answers) if each.measure == measure
    ]
    return found.high - found.low


def test_an_interval_holds_its_mean():
    answers = _answers(depends_on_the_image=False)
    means = {
        "clean_accuracy": answers[None, 0].is_right.mean(),
        "mean_corruption_accuracy": np.mean(
            [answers[c].is_right for c in ALL[:75]]
        ),
        "holdout_accuracy": np.mean([answers[c].is_right for c in ALL[75:]]),
        "blur_accuracy": np.mean([answers[c].is_right for c in ALL[15:35]]),
        "saturate_accuracy": np.mean([answers[c].is_right for c in ALL[90:]]),
    } | {
        f"{group}.{name}": np.mean(
            [getattr(answers[c], field) for c in conditions]
        )
        for group, conditions in CORRUPTIONS_OF.items()
        for name, field in (
            ("top5_accuracy", "in_top5"),
            ("negative_log_likelihood", "likelihood"),
            ("brier_score", "brier"),
        )
    }
    found = {each.measure: each for each in mean_intervals(answers)}
    assert tuple(found)[: len(ACCURACIES)] == ACCURACIES
    assert set(found) == {*means, *ACCURACIES}
    for measure, mean in means.items():
        assert found[measure].low < mean < found[measure].high


def _mean_of_bootstrap(answers, measure):
    """The middle of an interval is near its mean."""
    found = {e.measure: e for e in mean_intervals(answers, with_mce=True)}
    return (found[measure].low + found[measure].high) / 2


def test_errors_divided_by_alexnets_are_those_of_the_summary():
    answers = _answers(depends_on_the_image=False)
    answers[None, 0] = _said(np.arange(NUM_IMAGES) % 10 > 0)
    measured = results.ClassificationResults(
        run="run",
        method="kind",
        dataset="imagenet",
        split="validation",
        num_classes=1000,
        image_size=224,
        seed=0,
        severity_table="imagenet_c",
        corruption_variant="imagenet_c",
        frost_textures="procedural",
        imagenet_c_jpeg="on",
        **measures(answers, "abcde"),
    )
    summary = results.summarize(measured)
    for measure in ("mce", "relative_mce"):
        assert _mean_of_bootstrap(answers, measure) == pytest.approx(
            getattr(summary, measure), rel=0.02
        )
    plain = {each.measure for each in mean_intervals(answers)}
    assert not {"mce", "relative_mce"} & plain


def test_clean_images_of_another_order_have_no_relative_interval():
    answers = _answers(depends_on_the_image=False)
    answers[None, 0] = _said(np.ones(NUM_IMAGES + 3, bool))
    found = {e.measure for e in mean_intervals(answers, with_mce=True)}
    assert "mce" in found and "clean_accuracy" in found
    assert "relative_mce" not in found


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
    found = [each.measure for each in mean_intervals(answers, with_mce=True)]
    assert [name for name in found if "." not in name] == [
        name
        for name in ACCURACIES
        if name
        not in ("mean_corruption_accuracy", "weather_accuracy", "fog_accuracy")
    ]
    assert not any(name.startswith("test.") for name in found)
