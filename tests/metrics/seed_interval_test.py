"""Student's interval agrees with SciPy's and covers as often as it says."""

import numpy as np
import pytest
from scipy import stats

from qualnet_tf.metrics.seed_interval import seed_interval


@pytest.mark.parametrize("count", [2, 3, 5, 11, 31, 60])
def test_it_is_scipys(count):
    values = np.random.default_rng(count).normal(0.7, 0.02, count)
    found = seed_interval(list(values))
    low, high = stats.t.interval(
        0.95, count - 1, values.mean(), stats.sem(values)
    )
    assert found.mean == pytest.approx(values.mean())
    tolerance = 0.05 if count > 31 else 1e-3
    assert found.high - found.low == pytest.approx(high - low, rel=tolerance)


def test_three_seeds_cover_the_truth_as_often_as_they_say():
    generator = np.random.default_rng(0)
    inside = 0
    for values in generator.normal(0.5, 0.1, (2000, 3)):
        found = seed_interval(list(values))
        inside += found.low <= 0.5 <= found.high
    assert inside / 2000 == pytest.approx(0.95, abs=0.015)


@pytest.mark.parametrize("values", [[], [0.5], [0.5, float("nan")]])
def test_one_seed_has_no_interval(values):
    with pytest.raises(ValueError, match="at least 2 seeds"):
        seed_interval(values)
