"""Averages stand where all of their conditions do, and nowhere else."""

import numpy as np
import pytest

from qualnet_tf.evaluation import results as results_lib
from qualnet_tf.evaluation.results import ConditionResult
from qualnet_tf.metrics.alexnet_errors import (
    ALEXNET_CLEAN_ERROR,
    ALEXNET_ERRORS,
    HOLDOUT_CORRUPTIONS,
)
from tests.evaluation.made_up_results import make_conditions, make_results


def _imagenet_alexnet(**changes):
    conditions = make_conditions(
        ALEXNET_ERRORS,
        lambda name, severity: 1 - ALEXNET_ERRORS[name][severity],
    )
    values = {
        "dataset": "imagenet2012",
        "num_classes": 1000,
        "image_size": 224,
        "severity_table": "imagenet_c",
        "conditions": conditions,
    }
    return make_results(**(values | changes))


def test_summary_of_the_fifteen():
    summary = results_lib.summarize(make_results())
    assert summary.clean_accuracy == 0.97
    assert summary.mean_corruption_accuracy == pytest.approx(0.7)
    assert summary.holdout_accuracy is None
    assert summary.missing_test == ()
    assert summary.missing_holdout == HOLDOUT_CORRUPTIONS
    assert summary.mce is None


def test_deepcorrects_seven_levels_have_a_mean():
    conditions = tuple(
        ConditionResult("deepcorrect_blur", severity, 0.1 * severity)
        for severity in range(1, 7)
    )
    partly = tuple(
        ConditionResult("deepcorrect_noise", severity, 0.5)
        for severity in range(1, 6)
    )
    summary = results_lib.summarize(
        make_results(conditions=conditions + partly)
    )
    assert summary.level_means == {
        "deepcorrect_blur": pytest.approx((0.97 + 2.1) / 7)
    }
    assert results_lib.summarize(make_results()).level_means == {}
    with pytest.raises(ValueError, match="severity is 6, expected 1 to 5"):
        ConditionResult("fog", 6, 0.5)
    with pytest.raises(ValueError, match="severity is 7, expected 1 to 6"):
        ConditionResult("deepcorrect_blur", 7, 0.5)


def test_a_missing_condition_is_named_and_never_zero():
    conditions = tuple(
        each
        for each in make_results().conditions
        if each.corruption != "frost"
        and (each.corruption, each.severity) != ("fog", 3)
    )
    summary = results_lib.summarize(make_results(conditions=conditions))
    assert summary.mean_corruption_accuracy is None
    assert summary.missing_test == ("frost", "fog 3")


def test_alexnet_on_imagenet_has_an_mce_of_one():
    summary = results_lib.summarize(_imagenet_alexnet())
    assert summary.mce == pytest.approx(1.0, abs=1e-12)
    assert summary.missing_holdout == ()
    assert summary.holdout_accuracy == pytest.approx(
        1 - np.mean([0.845388, 0.787108, 0.717512, 0.658248]), abs=1e-6
    )


def test_alexnet_on_imagenet_has_a_relative_mce_of_one():
    alexnet = _imagenet_alexnet(clean_accuracy=1 - ALEXNET_CLEAN_ERROR)
    summary = results_lib.summarize(alexnet)
    assert summary.relative_mce == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize(
    "change",
    [
        {"dataset": "cifar10"},
        {"dataset": "imagenette", "num_classes": 10},
        {"image_size": 64},
        {"severity_table": "cifar_c"},
        {"conditions": ()},
    ],
    ids=lambda change: next(iter(change)),
)
def test_no_mce_where_alexnet_was_not_measured(change):
    summary = results_lib.summarize(_imagenet_alexnet(**change))
    assert summary.mce is None
    assert summary.relative_mce is None
