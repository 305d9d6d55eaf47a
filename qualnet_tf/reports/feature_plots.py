"""The t-SNE of each run's embeddings at high and low quality, with numbers."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from qualnet_tf.evaluation.results import FeaturePairs
from qualnet_tf.metrics.feature_pairs import NUM_NEIGHBOURS
from qualnet_tf.reports.plot_style import RUN_COLORS, VARIABLES, Panel
from qualnet_tf.reports.svg import inline_svg

_INCHES = (3.6, 3.95)
_LEGEND_INCHES = 0.62
_LEGEND_ROWS = 3
_FONT_POINTS = 8.5
_LONGEST_NAME = 20
_COLORS = {variable: color for color, variable in VARIABLES.items()}
_INK, _RULE = _COLORS["--ink-2"], _COLORS["--rule"]

# Paler than the crosses, which often lie on them.
_HQ = {
    "marker": "o",
    "markersize": 4,
    "markeredgewidth": 0,
    "linestyle": "",
    "alpha": 0.5,
}
_LQ = {
    "marker": "x",
    "markersize": 3.2,
    "markeredgewidth": 0.9,
    "linestyle": "",
}
_PAIR = {"linewidth": 0.6, "alpha": 0.6}


def feature_panels(runs: Sequence[tuple[str, FeaturePairs]]) -> list[Panel]:
    """Returns a panel per run: circles are high quality, crosses are low.

    A thin line joins the two of an image. The colours are those of the first
    runs elsewhere on the page, but stand for classes here.

    Args:
        runs: Name and pairs of each run.
    """
    return [
        Panel(
            f"{name}: distance ratio {pairs.distance_ratio:.2f}, "
            f"purity {100 * pairs.purity:.1f} %",
            inline_svg(_figure(pairs), f"features{number}", VARIABLES),
            _describe(name, pairs),
        )
        for number, (name, pairs) in enumerate(runs)
    ]


def _figure(pairs: FeaturePairs) -> Figure:
    figure = Figure(figsize=_INCHES)
    bottom = _LEGEND_INCHES / _INCHES[1]
    axes = figure.add_axes((0.003, bottom, 0.994, 0.997 - bottom))
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set(color=_RULE, linewidth=0.8)
    for number in range(len(pairs.class_names)):
        _draw_class(axes, pairs, number)
    # Both directions of a t-SNE have the same unit.
    axes.set_aspect("equal", adjustable="datalim")
    _draw_legend(figure.add_axes((0, 0, 1, 0.93 * bottom)), pairs)
    return figure


def _draw_class(axes: Axes, pairs: FeaturePairs, number: int) -> None:
    hq = pairs.positions_hq[pairs.labels == number]
    lq = pairs.positions_lq[pairs.labels == number]
    # One line for all, broken behind every pair.
    gap = np.full_like(hq, np.nan)
    joined = np.stack([hq, lq, gap], axis=1).reshape(-1, 2)
    color = _color(number)
    axes.plot(*joined.T, color=color, zorder=1, **_PAIR)
    axes.plot(*hq.T, color=color, zorder=2, **_HQ)
    axes.plot(*lq.T, color=color, zorder=3, **_LQ)


def _draw_legend(axes: Axes, pairs: FeaturePairs) -> None:
    """Draws the classes in two columns, and below them what the marks mean."""
    axes.set_axis_off()
    axes.set(xlim=(0, 1), ylim=(_LEGEND_ROWS, 0))
    for number, name in enumerate(pairs.class_names):
        row, column = divmod(number, 2)
        place = (0.5 * column, row + 0.5)
        style = _HQ | {"color": _color(number), "alpha": 1}
        _draw_key(axes, place, _shortened(name), **style)
    marks = {
        "high quality": _HQ,
        f"{pairs.low_side}x{pairs.low_side} pixels": _LQ,
        "same image": _PAIR,
    }
    for column, (text, style) in enumerate(marks.items()):
        place = (column / len(marks), _LEGEND_ROWS - 0.5)
        _draw_key(axes, place, text, color=_INK, **style)


def _draw_key(axes: Axes, place: tuple[float, float], text: str, **style):
    x, y = place
    axes.plot([x + 0.01, x + 0.025, x + 0.04], 3 * [y], markevery=[1], **style)
    axes.text(
        x + 0.055,
        y,
        text,
        color=_INK,
        fontsize=_FONT_POINTS,
        verticalalignment="center_baseline",
        # A class may have a dollar in its name.
        parse_math=False,
    )


def _color(number: int) -> str:
    return RUN_COLORS[number % len(RUN_COLORS)][0]


def _shortened(name: str) -> str:
    name = name.replace("_", " ")
    if len(name) <= _LONGEST_NAME:
        return name
    return name[: _LONGEST_NAME - 1].rstrip() + "\N{HORIZONTAL ELLIPSIS}"


def _describe(name: str, pairs: FeaturePairs) -> str:
    return (
        f"t-SNE of the embeddings of {name}: {len(pairs.labels)} images of "
        f"the classes {', '.join(pairs.class_names)}, each at high quality "
        f"(circle) and at {pairs.low_side}x{pairs.low_side} pixels (cross), "
        "joined by a line. A t-SNE alone is no evidence; measured on the "
        f"embeddings of {pairs.num_images} images of {pairs.num_classes} "
        f"classes: an image moves {pairs.distance_ratio:.2f} times the mean "
        f"distance of two images, and {100 * pairs.purity:.1f} per cent of the "
        f"{NUM_NEIGHBOURS} high-quality images nearest to a low-quality one "
        "are of its class."
    )
