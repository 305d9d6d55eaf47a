"""Tests of the AlexNet-normalised and the plain averages."""

import numpy as np
import pytest

from qualnet_tf import corruptions
from qualnet_tf.metrics import corruption_error
from qualnet_tf.metrics.alexnet_errors import (
    ALEXNET_CLEAN_ERROR,
    ALEXNET_ERRORS,
    HOLDOUT_CORRUPTIONS,
    TEST_CORRUPTIONS,
)


def _scaled(factor, names=TEST_CORRUPTIONS):
    """Errors that are `factor` times AlexNet's."""
    return {
        name: {s: factor * e for s, e in ALEXNET_ERRORS[name].items()}
        for name in names
    }


@pytest.mark.parametrize("name", ALEXNET_ERRORS)
def test_alexnet_has_a_corruption_error_of_exactly_one(name):
    errors = ALEXNET_ERRORS[name]
    assert corruption_error.corruption_error(errors, name) == 1.0


def test_alexnet_has_an_mce_of_exactly_one():
    assert corruption_error.mce(ALEXNET_ERRORS) == 1.0
    assert (
        corruption_error.relative_mce(ALEXNET_ERRORS, ALEXNET_CLEAN_ERROR)
        == 1.0
    )


def test_mce_is_proportional_to_the_errors():
    assert corruption_error.mce(_scaled(0.5)) == pytest.approx(0.5, abs=1e-12)


def test_severities_are_summed_before_the_division():
    errors = {1: 0.2, 2: 0.3, 3: 0.4, 4: 0.5, 5: 0.9}
    expected = 2.3 / (0.67474 + 0.76050 + 0.84378 + 0.87260 + 0.94500)
    actual = corruption_error.corruption_error(errors, "fog")
    assert actual == pytest.approx(expected, abs=1e-12)


def test_the_order_of_the_severities_in_the_mapping_does_not_matter():
    forward = {1: 0.1, 2: 0.2, 3: 0.3, 4: 0.4, 5: 0.5}
    backward = dict(reversed(forward.items()))
    assert corruption_error.corruption_error(
        forward, "snow"
    ) == corruption_error.corruption_error(backward, "snow")


def test_holdout_corruptions_never_count():
    with_holdouts = _scaled(0.5) | _scaled(1.0, HOLDOUT_CORRUPTIONS)
    assert corruption_error.mce(with_holdouts) == corruption_error.mce(
        _scaled(0.5)
    )


def test_relative_mce_of_a_model_that_loses_nothing_is_zero():
    flat = {name: dict.fromkeys(range(1, 6), 0.3) for name in TEST_CORRUPTIONS}
    assert corruption_error.relative_mce(flat, 0.3) == 0.0


def test_relative_mce_against_numpy_written_out():
    errors = _scaled(0.7)
    ours = np.array([list(errors[name].values()) for name in TEST_CORRUPTIONS])
    expected = np.mean((ours - 0.25).sum(1) / (ours / 0.7 - 0.4348).sum(1))
    actual = corruption_error.relative_mce(errors, 0.25)
    assert actual == pytest.approx(expected, abs=1e-12)


def test_mean_corruption_accuracy_is_a_plain_mean():
    accuracies = {
        "fog": {1: 0.9, 2: 0.8, 3: 0.7, 4: 0.6, 5: 0.5},
        "snow": dict.fromkeys(range(1, 6), 0.2),
    }
    mean = corruption_error.mean_corruption_accuracy(
        accuracies, ["fog", "snow"]
    )
    assert mean == pytest.approx(0.45, abs=1e-12)


def test_a_missing_corruption_is_named_and_never_zero():
    errors = _scaled(1.0)
    del errors["zoom_blur"], errors["fog"][3]
    for measure in (
        corruption_error.mce,
        lambda e: corruption_error.relative_mce(e, 0.3),
        corruption_error.mean_corruption_accuracy,
    ):
        with pytest.raises(
            ValueError, match="missing conditions: zoom_blur, fog 3; expected"
        ):
            measure(errors)


def test_a_severity_without_a_value_is_missing():
    with pytest.raises(ValueError, match="missing conditions: fog 5"):
        corruption_error.corruption_error(
            {1: 0.1, 2: 0.1, 3: 0.1, 4: 0.1, 5: None}, "fog"
        )


@pytest.mark.parametrize("bad", [23.85, -0.1, float("nan")])
def test_rates_outside_the_unit_interval_are_refused(bad):
    errors = {1: 0.1, 2: bad, 3: 0.1, 4: 0.1, 5: 0.1}
    with pytest.raises(ValueError, match="fog 2 is .* divide per cent by 100"):
        corruption_error.corruption_error(errors, "fog")
    with pytest.raises(ValueError, match="the clean error is"):
        corruption_error.relative_mce(_scaled(1.0), bad)


def test_a_corruption_that_alexnet_never_met_is_refused():
    errors = dict.fromkeys(range(1, 6), 0.1)
    with pytest.raises(ValueError, match="'frosted_glass'.*gaussian_noise"):
        corruption_error.corruption_error(errors, "frosted_glass")


def test_an_average_over_nothing_is_refused():
    with pytest.raises(ValueError, match="no corruption to average over"):
        corruption_error.mean_corruption_accuracy({}, [])


def test_the_names_are_those_of_the_corruptions_room():
    assert TEST_CORRUPTIONS == tuple(corruptions.TEST_CORRUPTIONS)
    assert HOLDOUT_CORRUPTIONS == tuple(corruptions.HOLDOUT_CORRUPTIONS)
