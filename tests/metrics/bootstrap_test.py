"""Intervals cover the true mean as often as they say."""

import numpy as np
import pytest
import scipy.stats

from qualnet_tf.metrics.bootstrap import bootstrap_interval


def test_interval_is_close_to_the_normal_one():
    values = np.random.default_rng(0).random(2000) < 0.7
    found = bootstrap_interval(values)
    assert found.mean == values.mean()
    half = 1.96 * values.std() / np.sqrt(2000)
    assert found.low == pytest.approx(found.mean - half, abs=0.1 * half)
    assert found.high == pytest.approx(found.mean + half, abs=0.1 * half)


def test_agrees_with_scipy():
    values = np.random.default_rng(1).exponential(size=300)
    found = bootstrap_interval(values, level=0.9)
    theirs = scipy.stats.bootstrap(
        (values,),
        np.mean,
        confidence_level=0.9,
        n_resamples=20000,
        method="percentile",
        rng=np.random.default_rng(2),
    ).confidence_interval
    width = theirs.high - theirs.low
    assert found.low == pytest.approx(theirs.low, abs=0.05 * width)
    assert found.high == pytest.approx(theirs.high, abs=0.05 * width)


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_coverage_by_simulation(level):
    generator = np.random.default_rng(3)
    covered = 0
    for seed in range(400):
        values = generator.random(200) < 0.3
        found = bootstrap_interval(values, seed, level, num_resamples=400)
        covered += found.low <= 0.3 <= found.high
    # 400 trials: two standard errors are 4 and 2.2 points.
    assert covered / 400 == pytest.approx(level, abs=0.04)


def test_the_seed_decides():
    values = np.arange(50)
    assert bootstrap_interval(values, 1) == bootstrap_interval(values, 1)
    assert bootstrap_interval(values, 1) != bootstrap_interval(values, 2)


def test_equal_values_have_no_width():
    assert bootstrap_interval([0.5] * 9) == (0.5, 0.5, 0.5)


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        ([], {}, "at least one image"),
        ([[1.0]], {}, "average each image's conditions first"),
        ([1.0, np.nan], {}, "expected finite values"),
        ([1.0], {"level": 1.0}, "a level in"),
        ([1.0], {"num_resamples": 0}, "at least 1 resample"),
    ],
)
def test_bad_arguments_are_refused(values, options, message):
    with pytest.raises(ValueError, match=message):
        bootstrap_interval(values, **options)
