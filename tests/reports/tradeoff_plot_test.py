"""Tests of the markers: where they stand, and how far their intervals reach."""

import re

import numpy as np
import pytest

from qualnet_tf.evaluation.results import MeanInterval, summarize
from qualnet_tf.reports.tradeoff_plot import tradeoff_panels
from tests.reports.drawings import (
    check_letters,
    check_themed,
    markers,
    paths,
    texts,
    values,
)

IMAGENET = {
    "dataset": "imagenet2012",
    "num_classes": 1000,
    "image_size": 224,
    "severity_table": "imagenet_c",
}


@pytest.fixture
def runs(make_results):
    """Clean errors 10, 20, 30 and errors of 11, 20, 35 under corruption."""
    return [
        make_results(f"run{i}", loss, clean_accuracy=clean)
        for i, (loss, clean) in enumerate(
            [(0.02, 0.9), (0.05, 0.8), (0.1, 0.7)]
        )
    ]


def _interval(measure, low, high):
    return MeanInterval(measure, low, high)


def test_a_marker_per_run_at_its_two_errors(runs):
    (panel,) = tradeoff_panels(runs)
    check_themed(panel.svg)
    check_letters(panel.svg)
    found = [values(panel.svg, markers(panel.svg, n)) for n in (1, 2, 3)]
    np.testing.assert_allclose(
        np.concatenate(found), [[10, 11], [20, 20], [30, 35]], atol=0.01
    )
    assert "run0 10.0 and 11.0; run1 20.0 and 20.0;" in panel.description
    assert 'id="tradeoff-figure_1"' in panel.svg


def test_every_run_keeps_its_own_marker(runs):
    (panel,) = tradeoff_panels(runs)
    assert len(set(re.findall(r'<use href="(.*?)"', panel.svg))) == 3


def test_mce_where_every_run_has_one(make_results):
    runs = [
        make_results("naive", 0.1, **IMAGENET),
        make_results("qualnet", 0.05, **IMAGENET),
    ]
    (panel,) = tradeoff_panels(runs)
    expected = [100 * summarize(each).mce for each in runs]
    ups = [values(panel.svg, markers(panel.svg, n))[0, 1] for n in (1, 2)]
    np.testing.assert_allclose(ups, expected, atol=0.01)
    assert panel.title == "mCE against clean error, per cent"
    assert "mCE" in texts(panel.svg)
    assert "not normalised" not in panel.description


def test_no_mce_where_one_run_lacks_it(make_results):
    runs = [make_results("digits"), make_results("imagenet", **IMAGENET)]
    (panel,) = tradeoff_panels(runs)
    assert panel.title.startswith("Mean error over the 15 test corruptions")
    assert "not normalised by AlexNet's: no mCE" in panel.description
    for slot in (1, 2):
        (point,) = values(panel.svg, markers(panel.svg, slot))
        np.testing.assert_allclose(point, [5, 20], atol=0.01)


def test_intervals_of_accuracies_become_those_of_errors(make_results):
    intervals = (
        _interval("clean_accuracy", 0.92, 0.96),
        _interval("mean_corruption_accuracy", 0.77, 0.85),
    )
    runs = [make_results("with", intervals=intervals), make_results("without")]
    (panel,) = tradeoff_panels(runs)
    ends = [
        values(panel.svg, each)
        for each in paths(panel.svg, "stroke: var(--run-1)")
        if len(each) == 2
    ]
    across, up = sorted(ends, key=lambda each: np.ptp(each[:, 1]))
    np.testing.assert_allclose(sorted(across[:, 0]), [4, 8], atol=0.01)
    np.testing.assert_allclose(across[:, 1], 20, atol=0.01)
    np.testing.assert_allclose(sorted(up[:, 1]), [15, 23], atol=0.01)
    np.testing.assert_allclose(up[:, 0], 5, atol=0.01)
    assert not [p for p in paths(panel.svg, "var(--run-2)") if len(p) == 2]
    assert (
        "with 5.0 (4.0 to 8.0) and 20.0 (15.0 to 23.0); without 5.0 and 20.0."
        in panel.description
    )
    assert "95 %" in panel.description


def test_an_mce_has_its_own_interval_or_none(make_results):
    wrong = _interval("mean_corruption_accuracy", 0.7, 0.9)
    right = _interval("mce", 0.2, 0.3)
    runs = [
        make_results("wrong", intervals=(wrong,), **IMAGENET),
        make_results("right", intervals=(right,), **IMAGENET),
    ]
    (panel,) = tradeoff_panels(runs)
    assert not [p for p in paths(panel.svg, "var(--run-1)") if len(p) == 2]
    assert "(20.0 to 30.0)" in panel.description
    assert "(10.0 to 30.0)" not in panel.description


@pytest.mark.parametrize("ends", [(0.96, 0.97), (0.93, 0.94)])
def test_an_interval_without_its_mean_does_not_fail(make_results, ends):
    odd = (_interval("clean_accuracy", *ends),)
    runs = [make_results("odd", intervals=odd), make_results("even")]
    assert len(tradeoff_panels(runs)) == 1


def test_a_run_without_a_mean_is_named_and_keeps_its_colour(make_results):
    runs = [
        make_results("gap", leave_out={("fog", 3)}),
        make_results("naive"),
        make_results("qualnet", 0.02),
    ]
    (panel,) = tradeoff_panels(runs)
    assert not markers(panel.svg, 1)
    assert len(markers(panel.svg, 2)) == len(markers(panel.svg, 3)) == 1
    assert "Conditions are missing for gap." in panel.description


def test_an_incomplete_run_does_not_take_the_mce_of_the_others(make_results):
    runs = [
        make_results("gap", leave_out={("fog", 3)}, **IMAGENET),
        make_results("naive", **IMAGENET),
        make_results("qualnet", 0.02, **IMAGENET),
    ]
    (panel,) = tradeoff_panels(runs)
    assert panel.title.startswith("mCE")


def test_runs_that_hardly_differ_do_not_fill_the_axes(make_results):
    runs = [make_results("a"), make_results("b", clean_accuracy=0.9501)]
    (panel,) = tradeoff_panels(runs)
    one, other = markers(panel.svg, 1) + markers(panel.svg, 2)
    assert abs(one[0] - other[0]) < 10


def test_the_same_results_give_the_same_drawings(runs):
    assert tradeoff_panels(runs) == tradeoff_panels(runs)


@pytest.mark.parametrize("leave_out", [(), {("snow", 1)}])
def test_nothing_with_fewer_than_two_runs(make_results, leave_out):
    assert tradeoff_panels([]) == []
    assert tradeoff_panels([make_results()]) == []
    runs = [make_results(), make_results(leave_out=leave_out)]
    assert len(tradeoff_panels(runs)) == (0 if leave_out else 1)
