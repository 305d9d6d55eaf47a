"""Tests of the bars: each as long as its error, and none for no error."""

import pytest

from qualnet_tf.evaluation.results import ConditionResult
from qualnet_tf.metrics.alexnet_errors import (
    ALEXNET_ERRORS,
    TEST_CORRUPTIONS,
    TEST_FAMILIES,
)
from qualnet_tf.reports.cells import ABSENT
from qualnet_tf.reports.error_bars import error_bar_panels
from tests.reports.drawings import (
    axis,
    check_letters,
    check_themed,
    markers,
    paths,
    texts,
)

IMAGENET = {
    "dataset": "imagenet2012",
    "num_classes": 1000,
    "image_size": 224,
    "severity_table": "imagenet_c",
}


def _alexnet_conditions(factor=1.0):
    """Errors that are `factor` times AlexNet's."""
    return tuple(
        ConditionResult(name, severity, 1 - factor * error)
        for name, row in ALEXNET_ERRORS.items()
        for severity, error in row.items()
    )


def _bars(svg, slot):
    """Returns the error that each bar of a colour shows, from its width."""
    across = axis(svg, "x")
    return [
        across(max(x for x, _ in corners)) - across(min(x for x, _ in corners))
        for corners in paths(svg, f"fill: var(--run-{slot})")
        if corners
    ]


@pytest.mark.parametrize("num_runs", [1, 3, 6])
@pytest.mark.parametrize("changes", [IMAGENET, {}], ids=["ce", "plain"])
def test_a_panel_per_family_and_a_bar_per_corruption_and_run(
    make_results, num_runs, changes
):
    runs = [make_results(f"run{i}", **changes) for i in range(num_runs)]
    panels = error_bar_panels(runs)
    assert [panel.title.split(":")[0] for panel in panels] == [
        "Noise",
        "Blur",
        "Weather",
        "Digital",
        "Hold-out",
    ]
    for panel, names in zip(panels, (3, 4, 4, 4, 4), strict=True):
        check_themed(panel.svg)
        check_letters(panel.svg)
        for slot in range(1, num_runs + 1):
            assert len(_bars(panel.svg, slot)) == names


def test_the_same_results_give_the_same_drawings(make_results):
    assert error_bar_panels([make_results()]) == error_bar_panels(
        [make_results()]
    )


def test_ids_do_not_clash(make_results):
    panels = error_bar_panels([make_results()])
    for number, panel in enumerate(panels):
        assert f'id="ce-{number}-figure_1"' in panel.svg


def test_corruptions_stand_in_the_order_of_their_family(make_results):
    digital = error_bar_panels([make_results()])[3]
    written = texts(digital.svg)
    names = ["Contrast", "Elastic transform", "Pixelate", "JPEG compression"]
    assert [text for text in written if text in names] == names


def test_alexnet_itself_is_a_hundred_and_ends_at_its_line(make_results):
    alexnet = make_results(conditions=_alexnet_conditions(), **IMAGENET)
    for panel in error_bar_panels([alexnet]):
        bars = _bars(panel.svg, 1)
        assert bars == pytest.approx([100] * len(bars), abs=0.01)
        (line,) = paths(panel.svg, "stroke: var(--ink-2)")
        assert axis(panel.svg, "x")(line[0][0]) == pytest.approx(100, abs=0.01)
        assert "AlexNet" in texts(panel.svg)
        assert "AlexNet = 100" in panel.title


def test_bars_markers_and_numbers_are_the_corruption_errors(make_results):
    runs = [
        make_results("half", conditions=_alexnet_conditions(0.5), **IMAGENET),
        make_results("third", conditions=_alexnet_conditions(0.3), **IMAGENET),
    ]
    noise = error_bar_panels(runs)[0]
    assert _bars(noise.svg, 1) == pytest.approx([50] * 3, abs=0.01)
    assert _bars(noise.svg, 2) == pytest.approx([30] * 3, abs=0.01)
    across = axis(noise.svg, "x")
    ends = [across(x) for x, _ in markers(noise.svg, 1)]
    assert ends == pytest.approx([50] * 3, abs=0.01)
    numbers = [text for text in texts(noise.svg) if "." in text]
    assert numbers == ["50.0", "30.0"] * 3
    assert "Shot noise: half 50.0, third 30.0;" in noise.description


def test_an_error_above_alexnets_fits_and_all_panels_share_a_scale(
    make_results,
):
    worse = tuple(
        ConditionResult(name, severity, 0.0)
        for name, row in ALEXNET_ERRORS.items()
        for severity in row
    )
    panels = error_bar_panels([make_results(conditions=worse, **IMAGENET)])
    weather = panels[2]
    # AlexNet's mean error under brightness is 56.46 per cent.
    assert max(_bars(weather.svg, 1)) == pytest.approx(177.1, abs=0.05)
    ends = [x for corners in paths(weather.svg, "run-1") for x, _ in corners]
    bottom = paths(weather.svg, "stroke: var(--rule)")[-1]
    assert max(ends) < max(x for x, _ in bottom)
    ticks = [[t for t in texts(p.svg) if t.isdigit()] for p in panels]
    assert all(each == ticks[0] for each in ticks)
    assert int(ticks[0][-1]) >= 100


def test_without_alexnet_it_says_so_and_draws_plain_errors(make_results):
    # The error is 0.05 + 0.1 * severity: 35 per cent on the average.
    panels = error_bar_panels([make_results(loss=0.1)])
    for panel in panels:
        assert "not normalised" in panel.title
        assert "not normalised" in panel.description
        assert "AlexNet" not in "".join(texts(panel.svg))
        assert "CE" not in panel.title
        assert "No CE exists" not in panel.description
        assert not paths(panel.svg, "stroke: var(--ink-2)")
        bars = _bars(panel.svg, 1)
        assert bars == pytest.approx([35] * len(bars), abs=0.01)
    assert "Gaussian noise: qualnet 35.0;" in panels[0].description


def test_a_run_that_alexnet_does_not_suit_has_no_ce(make_results):
    runs = [make_results("digits"), make_results("imagenet", **IMAGENET)]
    for panel in error_bar_panels(runs):
        assert "CE" in panel.title
        assert not _bars(panel.svg, 1) and _bars(panel.svg, 2)
        assert "No CE exists for digits." in panel.description
        assert "digits 20.0" not in panel.description
    whole = error_bar_panels(runs[1:])[0]
    assert "No CE exists" not in whole.description


def test_a_missing_condition_leaves_no_bar(make_results):
    runs = [
        make_results("gap", leave_out={("fog", 3)}),
        make_results("whole"),
    ]
    weather = error_bar_panels(runs)[2]
    assert len(_bars(weather.svg, 1)) == 3
    assert len(_bars(weather.svg, 2)) == 4
    assert min(_bars(weather.svg, 1)) > 1
    assert texts(weather.svg).count(ABSENT) == 1
    assert "Fog: gap not measured, whole 20.0;" in weather.description


def test_an_incomplete_imagenet_run_has_no_ce_but_a_holdout_may_lack(
    make_results,
):
    runs = [
        make_results("no_fog", leave_out={("fog", 3)}, **IMAGENET),
        make_results("no_spatter", leave_out={("spatter", 1)}, **IMAGENET),
    ]
    panels = error_bar_panels(runs)
    assert "No CE exists for no_fog." in panels[2].description
    assert len(_bars(panels[4].svg, 2)) == 3
    assert "Spatter" not in panels[4].description


def test_families_that_nobody_has_are_left_out(make_results):
    panels = error_bar_panels([make_results(names=("fog", "pixelate"))])
    assert [p.title.split(":")[0] for p in panels] == ["Weather", "Digital"]
    assert "Snow" not in panels[0].description


def test_holdouts_stand_apart(make_results):
    panels = error_bar_panels([make_results(names=TEST_CORRUPTIONS)])
    assert len(panels) == len(TEST_FAMILIES)
    assert not any("Hold-out" in panel.title for panel in panels)


def test_nothing_to_draw(make_results):
    assert error_bar_panels([]) == []
    assert error_bar_panels([make_results(names=("resolution_nearest",))]) == []


def test_no_error_at_all_is_drawn_as_such(make_results):
    perfect = tuple(ConditionResult("fog", s, 1.0) for s in range(1, 6))
    (panel,) = error_bar_panels([make_results(conditions=perfect)])
    assert "Fog: qualnet 0.0." in panel.description
