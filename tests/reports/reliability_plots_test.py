"""Tests of the curves of accuracy against confidence."""

import re

import numpy as np
import pytest

from qualnet_tf.evaluation.results import ReliabilityBin
from qualnet_tf.metrics import calibration
from qualnet_tf.reports.reliability_plots import reliability_panels
from tests.reports.drawings import (
    check_letters,
    check_themed,
    markers,
    paths,
    texts,
    values,
)

CLEAN = (
    ReliabilityBin(0, 0.25, 0.2, 0.3),
    ReliabilityBin(0, 0.75, 0.9, 0.8),
)


def _measured(severity, seed):
    """Returns bins of made-up predictions and their ECE."""
    random = np.random.default_rng(seed)
    confidence = random.uniform(0.2, 1.0, 400)
    is_right = random.uniform(size=400) < confidence**2
    bins = tuple(
        ReliabilityBin(severity, *each)
        for each in calibration.reliability(confidence, is_right)
    )
    return bins, calibration.expected_calibration_error(confidence, is_right)


def test_a_panel_per_severity_clean_first(make_results):
    bins = tuple(
        each for severity in (5, 0, 2) for each in _measured(severity, 0)[0]
    )
    panels = reliability_panels([make_results(reliability=bins)])
    assert [p.title for p in panels] == ["Clean", "Severity 2", "Severity 5"]
    for panel, severity in zip(panels, (0, 2, 5), strict=True):
        check_themed(panel.svg)
        check_letters(panel.svg)
        assert f'id="reliability-{severity}-figure_1"' in panel.svg
        assert {"accuracy", "confidence"} <= set(texts(panel.svg))


def test_markers_stand_at_confidence_and_accuracy(make_results):
    (panel,) = reliability_panels([make_results(reliability=CLEAN)])
    found = values(panel.svg, markers(panel.svg, 1))
    np.testing.assert_allclose(found, [[30, 20], [80, 90]], atol=0.01)


def test_bins_join_by_rising_confidence(make_results):
    runs = [make_results(reliability=CLEAN[::-1])]
    (panel,) = reliability_panels(runs)
    (curve,) = paths(panel.svg, "stroke: var(--run-1)")
    assert [round(x) for x, _ in values(panel.svg, curve)] == [30, 80]


def test_the_diagonal_is_where_both_agree(make_results):
    (panel,) = reliability_panels([make_results(reliability=CLEAN)])
    (diagonal,) = paths(panel.svg, "stroke: var(--ink-2)")
    np.testing.assert_allclose(
        values(panel.svg, diagonal), [[0, 0], [100, 100]], atol=0.01
    )


def test_both_axes_have_the_same_scale(make_results):
    (panel,) = reliability_panels([make_results(reliability=CLEAN)])
    (diagonal,) = paths(panel.svg, "stroke: var(--ink-2)")
    width, height = np.abs(np.subtract(*diagonal))
    assert width == pytest.approx(height, abs=0.01)


def test_the_description_has_the_calibration_error(make_results):
    (panel,) = reliability_panels([make_results(reliability=CLEAN)])
    # 0.25 * 0.1 + 0.75 * 0.1
    assert "qualnet 10.0." in panel.description


@pytest.mark.parametrize("seed", range(3))
def test_it_is_that_of_the_metrics(make_results, seed):
    bins, error = _measured(4, seed)
    (panel,) = reliability_panels([make_results(reliability=CLEAN + bins)])[1:]
    (text,) = re.findall(r"qualnet ([\d.]+)\.", panel.description)
    assert float(text) == pytest.approx(100 * error, abs=0.05001)


def test_runs_lie_over_one_another(make_results):
    runs = [
        make_results(f"run{i}", reliability=_measured(0, i)[0])
        for i in range(6)
    ]
    (panel,) = reliability_panels(runs)
    for slot in range(1, 7):
        assert len(markers(panel.svg, slot)) == len(runs[slot - 1].reliability)
        assert f"run{slot - 1} " in panel.description


def test_a_run_without_bins_is_left_out(make_results):
    runs = [
        make_results("none"),
        make_results("clean", reliability=CLEAN),
        make_results("severe", reliability=_measured(3, 0)[0]),
    ]
    clean, severe = reliability_panels(runs)
    assert markers(clean.svg, 2) and not markers(clean.svg, 3)
    assert markers(severe.svg, 3) and not markers(severe.svg, 2)
    for panel in (clean, severe):
        assert not markers(panel.svg, 1)
        assert "none" not in panel.description
    assert "severe" not in clean.description


def test_the_same_results_give_the_same_drawings(make_results):
    runs = [make_results(reliability=CLEAN)]
    assert reliability_panels(runs) == reliability_panels(runs)


def test_nothing_to_draw(make_results):
    assert reliability_panels([]) == []
    assert reliability_panels([make_results()]) == []
