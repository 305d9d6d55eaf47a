"""Families are averaged over all of their conditions, or not at all."""

import pytest

from qualnet_tf.evaluation.results import ConditionResult, MeanInterval
from qualnet_tf.metrics.alexnet_errors import TEST_FAMILIES
from qualnet_tf.reports.cells import ABSENT
from qualnet_tf.reports.family_table import family_table

# One accuracy per family, so that a corruption in a wrong family shows.
ACCURACIES = {"noise": 0.1, "blur": 0.2, "weather": 0.3, "digital": 0.4}


def _conditions(scale=1.0):
    return tuple(
        ConditionResult(
            # The severities differ, and their mean is the family's number.
            name,
            severity,
            scale * ACCURACIES[family] * severity / 3,
        )
        for family, names in TEST_FAMILIES.items()
        for name in names
        for severity in range(1, 6)
    )


def test_a_mean_per_family_and_the_best_of_each(make_results):
    runs = [
        make_results("low", conditions=_conditions(0.5)),
        make_results("high", conditions=_conditions()),
    ]
    table = family_table(runs)
    assert table.columns == ("noise", "blur", "weather", "digital")
    (low, low_cells), (high, high_cells) = table.rows
    assert (low, high) == ("low", "high")
    assert [c.text for c in low_cells] == ["5.0", "10.0", "15.0", "20.0"]
    assert [c.text for c in high_cells] == ["10.0", "20.0", "30.0", "40.0"]
    assert all(c.best for c in high_cells)
    assert not any(c.best for c in low_cells)


@pytest.mark.parametrize("family", TEST_FAMILIES)
def test_a_family_with_a_gap_has_a_dash(make_results, family):
    gap = {(TEST_FAMILIES[family][1], 4)}
    ((_, cells),) = family_table([make_results("gap", 0.1, gap)]).rows
    assert [
        name
        for name, cell in zip(TEST_FAMILIES, cells, strict=True)
        if cell.text == ABSENT
    ] == [family]


def test_no_rows_without_a_whole_family(make_results):
    table = family_table([make_results(names=("fog", "spatter"))])
    assert table.rows == ()


def test_intervals_follow_their_means(make_results):
    interval = MeanInterval("blur_accuracy", 0.19, 0.215)
    run = make_results("one", conditions=_conditions(), intervals=(interval,))
    ((_, cells),) = family_table([run]).rows
    assert [cell.interval for cell in cells] == ["", "19.0 to 21.5", "", ""]


def test_an_adapted_run_is_never_the_best(make_results):
    runs = [
        make_results("low", conditions=_conditions(0.5)),
        make_results("high", conditions=_conditions(0.8)),
        make_results(
            "adapted", conditions=_conditions(), adaptation="batch_norm"
        ),
    ]
    rows = family_table(runs).rows
    assert [all(c.best for c in cells) for _, cells in rows] == [
        False,
        True,
        False,
    ]
