"""Tests of the curves against severity."""

import re

import pytest

from qualnet_tf.metrics.alexnet_errors import ALEXNET_ERRORS
from qualnet_tf.reports import severity_plots
from qualnet_tf.reports.plot_style import RUN_COLORS, legend_key, line


def test_a_panel_per_corruption_in_families(make_results):
    families = severity_plots.severity_panels([make_results()])
    assert [(family, len(panels)) for family, panels in families] == [
        ("noise", 3),
        ("blur", 4),
        ("weather", 4),
        ("digital", 4),
        ("hold-out", 4),
    ]
    assert families[3][1][3].title == "JPEG compression"


def test_the_description_carries_the_numbers(make_results):
    fog = {"names": ("fog",)}
    runs = [make_results("naive", 0.1, **fog), make_results(**fog)]
    ((_, (panel,)),) = severity_plots.severity_panels(runs)
    assert panel.title == "Fog"
    assert "naive 95.0 to 45.0; qualnet 95.0 to 70.0." in panel.description


def test_the_same_results_give_the_same_drawings(make_results):
    first = severity_plots.mean_panels([make_results()])
    assert first == severity_plots.mean_panels([make_results()])


def test_a_missing_severity_breaks_the_line_but_stays_described(make_results):
    gap = {("fog", 3), ("fog", 5)}
    ((_, (fog,)),) = severity_plots.severity_panels(
        [make_results(leave_out=gap, names=("fog",))]
    )
    assert "qualnet 95.0 to 75.0." in fog.description
    ((_, (whole,)),) = severity_plots.severity_panels(
        [make_results(names=("fog",))]
    )
    assert fog.svg.count("<use") == whole.svg.count("<use") - 2


def test_a_run_without_a_corruption_is_not_drawn_there(make_results):
    no_fog = [name for name in ALEXNET_ERRORS if name != "fog"]
    runs = [make_results("vanilla", 0.1, names=no_fog), make_results("qualnet")]
    fog = severity_plots.severity_panels(runs)[2][1][2]
    assert "vanilla" not in fog.description
    assert "--run-1" not in fog.svg and "--run-2" in fog.svg
    mean, holdout = severity_plots.mean_panels(runs)
    assert "vanilla" not in mean.description
    assert "vanilla 95.0 to 45.0" in holdout.description


def test_an_unknown_corruption_has_a_panel_of_its_own(make_results):
    results = make_results(names=("resolution", "fog"))
    _, (family, panels) = severity_plots.severity_panels([results])
    assert family == "other"
    assert [panel.title for panel in panels] == ["Resolution"]


def test_all_panels_share_one_axis_that_holds_the_lowest(make_results):
    runs = [make_results(loss=0.1), make_results(loss=0.01)]
    panels = severity_plots.mean_panels(runs)
    ticks = [re.findall(r">(\d+)</text>", panel.svg)[5:] for panel in panels]
    assert ticks[0] == ticks[1]
    assert ticks[0][0] == "40" and ticks[0][-1] == "100"


def test_the_first_runs_differ_in_colour_marker_and_dash():
    styles = [line(index) for index in range(4)]
    for key in ("color", "marker", "linestyle"):
        assert len({str(style[key]) for style in styles}) == 4
    assert line(0)["color"] == line(len(RUN_COLORS))["color"]
    assert line(0) != line(len(RUN_COLORS))


@pytest.mark.parametrize("theme", [0, 1])
def test_run_colours_stand_out_from_the_paper(theme):
    paper = ("#ffffff", "#14171a")[theme]
    for colors in RUN_COLORS:
        assert _contrast(colors[theme], paper) >= 3


def test_a_legend_key_can_be_referred_to():
    assert 'id="key2-figure_1"' in legend_key(2)


def _contrast(one, other):
    """The contrast ratio of WCAG 2.2 between two colours."""
    light, dark = sorted(map(_luminance, (one, other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color):
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [
        p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4
        for p in parts
    ]
    return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear))  # noqa: B905
