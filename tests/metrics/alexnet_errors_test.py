"""Tests of AlexNet's errors against the constants other code carries."""

import numpy as np
import pytest

from qualnet_tf.metrics.alexnet_errors import (
    ALEXNET_CLEAN_ERROR,
    ALEXNET_ERRORS,
    HOLDOUT_CORRUPTIONS,
    SEVERITIES,
    TEST_CORRUPTIONS,
)

# The six-digit averages in the evaluation code of the ImageNet-C authors and
# of AugMix (15), and in the former README of the former (all 19).
_AVERAGES = {
    "gaussian_noise": 0.886428,
    "shot_noise": 0.894468,
    "impulse_noise": 0.922640,
    "defocus_blur": 0.819880,
    "glass_blur": 0.826268,
    "motion_blur": 0.785948,
    "zoom_blur": 0.798360,
    "snow": 0.866816,
    "frost": 0.826572,
    "fog": 0.819324,
    "brightness": 0.564592,
    "contrast": 0.853204,
    "elastic_transform": 0.646056,
    "pixelate": 0.717840,
    "jpeg_compression": 0.606500,
    "speckle_noise": 0.845388,
    "gaussian_blur": 0.787108,
    "spatter": 0.717512,
    "saturate": 0.658248,
}


@pytest.mark.parametrize("name", _AVERAGES)
def test_the_row_has_the_published_average(name):
    row = ALEXNET_ERRORS[name]
    assert tuple(row) == SEVERITIES
    assert np.mean(list(row.values())) == pytest.approx(
        _AVERAGES[name], abs=5e-7
    )


def test_the_mean_over_the_fifteen_is_the_published_one():
    means = [_AVERAGES[name] for name in TEST_CORRUPTIONS]
    assert np.mean(means) == pytest.approx(0.788993, abs=5e-7)


def test_fifteen_test_and_four_holdout_corruptions():
    assert len(TEST_CORRUPTIONS) == 15
    assert set(ALEXNET_ERRORS) == {*TEST_CORRUPTIONS, *HOLDOUT_CORRUPTIONS}
    assert not set(TEST_CORRUPTIONS) & set(HOLDOUT_CORRUPTIONS)


def test_corruption_only_adds_to_the_clean_error():
    assert all(
        error > ALEXNET_CLEAN_ERROR
        for row in ALEXNET_ERRORS.values()
        for error in row.values()
    )


def test_the_table_cannot_be_changed_by_accident():
    with pytest.raises(TypeError):
        ALEXNET_ERRORS["fog"][1] = 0.0
