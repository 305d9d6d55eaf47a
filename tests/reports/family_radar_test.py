"""Tests of the outlines: a mean per family, and a gap where one lacks."""

import math
import re

import pytest

from qualnet_tf.evaluation.results import ConditionResult
from qualnet_tf.metrics.alexnet_errors import (
    HOLDOUT_CORRUPTIONS,
    TEST_FAMILIES,
)
from qualnet_tf.reports.family_radar import radar_panels
from tests.reports.drawings import (
    check_letters,
    check_themed,
    markers,
    paths,
    texts,
)

FAMILIES = {**TEST_FAMILIES, "hold-out": HOLDOUT_CORRUPTIONS}
# One accuracy per family, so that a corruption in a wrong family shows.
ACCURACIES = dict(zip(FAMILIES, (0.2, 0.3, 0.4, 0.5, 0.6), strict=True))


def _conditions(scale=1.0):
    return tuple(
        # The severities differ, and their mean is the family's number.
        ConditionResult(name, s, scale * ACCURACIES[family] * (0.7 + 0.1 * s))
        for family, names in FAMILIES.items()
        for name in names
        for s in range(1, 6)
    )


def _polar(svg, points, rim):
    """Returns (accuracy, degrees clockwise from the top) of points."""
    web = [p for p in paths(svg, "stroke: var(--rule)") if len(p) == 6]
    outer = max(web, key=lambda ring: -min(y for _, y in ring))
    middle = [sum(p[axis] for p in outer[:5]) / 5 for axis in (0, 1)]
    unit = (middle[1] - outer[0][1]) / rim
    return [
        (
            math.hypot(x - middle[0], y - middle[1]) / unit,
            math.degrees(math.atan2(x - middle[0], middle[1] - y)) % 360,
        )
        for x, y in points
    ]


def test_markers_stand_at_the_means_one_spoke_each(make_results):
    runs = [
        make_results("high", conditions=_conditions()),
        make_results("low", conditions=_conditions(0.5)),
    ]
    (panel,) = radar_panels(runs)
    check_themed(panel.svg)
    check_letters(panel.svg)
    for slot, scale in ((1, 1.0), (2, 0.5)):
        found = _polar(panel.svg, markers(panel.svg, slot), 60)
        # The outline comes back to where it began.
        assert found[0] == found[5]
        means = [100 * scale * mean for mean in ACCURACIES.values()]
        assert [r for r, _ in found[:5]] == pytest.approx(means, abs=0.01)
        angles = [0, 72, 144, 216, 288]
        for (_, angle), expected in zip(found, angles, strict=False):
            turn = (angle - expected + 180) % 360 - 180
            assert turn == pytest.approx(0, abs=0.01)
    assert "high: noise 20.0, blur 30.0, weather 40.0" in panel.description
    assert "low: noise 10.0" in panel.description
    assert 'id="radar-figure_1"' in panel.svg


def test_families_and_the_rim_are_named(make_results):
    (panel,) = radar_panels([make_results(conditions=_conditions())])
    assert texts(panel.svg) == [
        "Noise",
        "Blur",
        "Weather",
        "Digital",
        "Hold-out",
        "60 %",
    ]
    rings = [p for p in paths(panel.svg, "stroke: var(--rule)") if len(p) == 6]
    assert len(rings) == 3
    assert "from 0 in the middle to 60 at the rim" in panel.description


@pytest.mark.parametrize("family", FAMILIES)
def test_a_missing_condition_breaks_the_outline(make_results, family):
    gap = {(FAMILIES[family][1], 4)}
    runs = [make_results("gap", 0.1, gap), make_results("whole")]
    (panel,) = radar_panels(runs)
    assert f"{family} not measured" in panel.description
    assert panel.description.count("not measured") == 1
    spoke = 72 * list(FAMILIES).index(family)
    found = _polar(panel.svg, markers(panel.svg, 1), 100)
    assert len({round(angle) % 360 for _, angle in found}) == 4
    assert spoke not in {round(angle) % 360 for _, angle in found}
    assert min(accuracy for accuracy, _ in found) > 60
    # Two edges lead to a spoke, so three of the five remain.
    assert _num_edges(panel.svg, 1) == 3
    assert _num_edges(panel.svg, 2) == 5


def _num_edges(svg, slot):
    """Returns how many lines an outline has; a move begins a new piece."""
    (steps,) = re.findall(
        rf'd="([^"]*)" style="[^"]*stroke: var\(--run-{slot}\)', svg
    )
    return steps.count("L ")


def test_a_run_that_has_nothing_keeps_the_colours_of_the_others(make_results):
    runs = [make_results("none", names=("fog",)), make_results("whole")]
    (panel,) = radar_panels(runs)
    assert not markers(panel.svg, 1)
    assert len(markers(panel.svg, 2)) == 6


def test_the_rim_holds_every_run(make_results):
    low = make_results("low", conditions=_conditions(0.1))
    assert texts(radar_panels([low])[0].svg)[-1] == "20 %"
    runs = [low, make_results("high", 0.0)]
    assert texts(radar_panels(runs)[0].svg)[-1] == "100 %"


def test_the_same_results_give_the_same_drawings(make_results):
    assert radar_panels([make_results()]) == radar_panels([make_results()])


def test_nothing_to_draw(make_results):
    assert radar_panels([]) == []
    assert radar_panels([make_results(names=("fog", "spatter"))]) == []
