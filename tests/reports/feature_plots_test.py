"""Tests of the maps of embeddings."""

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from qualnet_tf.evaluation.feature_pairs_file import FeaturePairs
from qualnet_tf.reports import feature_plots
from qualnet_tf.reports.plot_style import RUN_COLORS

CLASSES = ("airplane", "automobile", "bird", "cat")
# Of the legend: classes, and the two qualities.
NUM_KEYS = len(CLASSES) + 2


def make(num=20, names=CLASSES, **changes):
    generator = np.random.default_rng(0)
    values = {
        "positions_hq": generator.normal(size=(num, 2)),
        "positions_lq": generator.normal(size=(num, 2)),
        "labels": np.arange(num) % len(names),
        "class_names": names,
        "num_images": 2000,
        "distance_ratio": 0.4237,
        "purity": 0.7128,
        "low_side": 16,
        "num_classes": 10,
    }
    return FeaturePairs(**(values | changes))


def texts(panel):
    return re.findall(r">([^<>]+)</text>", panel.svg)


def lines(panel):
    """The path of each class's joining lines; the last is the legend's."""
    return re.findall(r'<path d="([^"]*)" clip-path', panel.svg)[:-1]


def test_a_panel_per_run_with_its_numbers():
    runs = [("vanilla", make()), ("qualnet", make(distance_ratio=0.1))]
    first, second = feature_plots.feature_panels(runs)
    assert first.title == "vanilla: distance ratio 0.42, purity 71.3 %"
    assert second.title == "qualnet: distance ratio 0.10, purity 71.3 %"
    assert feature_plots.feature_panels([]) == []


def test_the_description_says_what_a_map_is_worth():
    (panel,) = feature_plots.feature_panels([("qualnet", make())])
    for part in (
        "20 images of the classes airplane, automobile, bird, cat, each",
        "16x16 pixels (cross)",
        "A t-SNE alone is no evidence",
        "2000 images of 10 classes",
        "moves 0.42 times the mean distance of two images",
        "71.3 per cent of the 10 high-quality images nearest",
    ):
        assert part in panel.description


def test_two_marks_an_image_and_a_line_between():
    (panel,) = feature_plots.feature_panels([("qualnet", make(num=20))])
    assert panel.svg.count("<use") == 2 * 20 + NUM_KEYS
    # Circles are paler than crosses, but for the keys of the classes.
    assert panel.svg.count('fill-opacity: 0.5"') == 20 + 1
    assert [each.count("L") for each in lines(panel)] == [5] * len(CLASSES)


def test_marks_lie_where_the_map_has_them():
    """The second image is right of and above the first, by as much."""
    hq, lq = np.array([[0, 0], [10, 10]]), np.array([[0, 4], [10, 14]])
    pairs = make(2, ("cat",), positions_hq=hq, positions_lq=lq)
    (panel,) = feature_plots.feature_panels([("qualnet", pairs)])
    (line,) = lines(panel)
    points = re.findall(r"([\d.]+) ([\d.]+)", line)
    first, first_low, second, second_low = np.array(points, float)
    right, down = second - first
    assert right == pytest.approx(-down) and right > 20
    # SVG counts downwards; LQ is above HQ by 4 of 10.
    np.testing.assert_allclose(first_low - first, [0, 0.4 * down], atol=0.01)
    np.testing.assert_allclose(second_low - second, [0, 0.4 * down], atol=0.01)


def test_colours_are_those_of_the_theme():
    (panel,) = feature_plots.feature_panels([("qualnet", make())])
    used = set(re.findall(r"var\((--[\w-]+)\)", panel.svg))
    assert used == {"--run-1", "--run-2", "--run-3", "--run-4"} | {
        "--ink-2",
        "--rule",
    }
    assert not any(light in panel.svg for light, _ in RUN_COLORS)


def test_the_legend_names_classes_and_marks():
    names = ("red_upright", "$x$ & <b>", "tench, Tinca tinca of the river")
    (panel,) = feature_plots.feature_panels([("qualnet", make(9, names))])
    ElementTree.fromstring(panel.svg)
    assert texts(panel) == [
        "red upright",
        "$x$ &amp; &lt;b&gt;",
        "tench, Tinca tinca\N{HORIZONTAL ELLIPSIS}",
        "high quality",
        "16x16 pixels",
        "same image",
    ]


def test_a_class_without_a_shown_image_is_no_trouble():
    pairs = make(3, ("cat", "dog"), labels=[1, 1, 1])
    (panel,) = feature_plots.feature_panels([("qualnet", pairs)])
    assert panel.svg.count("<use") == 2 * 3 + 2 + 2


def test_the_same_pairs_give_the_same_drawing_with_ids_of_their_own():
    runs = [("a", make()), ("b", make())]
    first, second = feature_plots.feature_panels(runs)
    assert feature_plots.feature_panels(runs) == [first, second]
    ids = [set(re.findall(r'\bid="([^"]*)"', p.svg)) for p in (first, second)]
    assert ids[0] and not ids[0] & ids[1]
