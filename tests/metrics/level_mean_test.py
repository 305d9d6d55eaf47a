"""The mean of seven levels has the clean one in it."""

import pytest

from qualnet_tf.metrics.level_mean import level_mean

ACCURACIES = {severity: 0.7 - 0.1 * severity for severity in range(1, 7)}


def test_clean_counts_as_one_of_seven():
    assert level_mean(0.7, ACCURACIES) == pytest.approx(0.4)
    assert level_mean(0.0, ACCURACIES) == pytest.approx(0.3)


@pytest.mark.parametrize("missing", [1, 6])
def test_a_missing_severity_gives_none(missing):
    some = {s: a for s, a in ACCURACIES.items() if s != missing}
    assert level_mean(0.7, some) is None
