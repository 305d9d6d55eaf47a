"""The look that all drawings share: one colour, marker and dash per run."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from qualnet_tf.reports.svg import inline_svg

# (light theme, dark theme); the hues of Okabe and Ito ("Color Universal
# Design", 2008), which stay apart under the common colour deficiencies,
# darkened or lightened to at least 3:1 against their background.
RUN_COLORS = (
    ("#0068a8", "#5ab4f0"),
    ("#c24e00", "#ff8f52"),
    ("#007a58", "#3fcf9f"),
    ("#a8478b", "#e79ad2"),
    ("#8a6a00", "#e8bc3c"),
    ("#59616c", "#b4bcc6"),
)
# With marker and dash, runs differ without any colour at all.
_MARKERS = ("o", "s", "^", "D", "v", "P")
_DASHES = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (5, 1.5, 1.5, 1.5)))

_INK = "#5b636e"
_RULE = "#dfe2e6"
VARIABLES = {_INK: "--ink-2", _RULE: "--rule"} | {
    light: f"--run-{slot}" for slot, (light, _) in enumerate(RUN_COLORS, 1)
}

PANEL_INCHES = (2.6, 1.75)
_KEY_INCHES = (0.36, 0.14)
# SVG counts 72 units to the inch.
KEY_VIEW_BOX = f"0 0 {72 * _KEY_INCHES[0]:g} {72 * _KEY_INCHES[1]:g}"
_FONT_POINTS = 8.5

Curve = Sequence[tuple[float, float]]


@dataclasses.dataclass(frozen=True)
class Panel:
    """One small figure.

    Attributes:
        title: What stands above it.
        svg: The drawing, an `<svg>` element.
        description: The drawing in words, for those who cannot see it.
    """

    title: str
    svg: str
    description: str


def legend_key(index: int) -> str:
    """Returns a short sample of the line that stands for run `index`.

    An SVG whose drawing has the id `key<index>-figure_1`, so that a page can
    hold it once and refer to it everywhere else.
    """
    figure = Figure(figsize=_KEY_INCHES)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set(xlim=(-1, 1), ylim=(-1, 1))
    axes.plot([-0.95, 0, 0.95], [0, 0, 0], markevery=[1], **line(index))
    return inline_svg(figure, f"key{index}", VARIABLES)


def line(index: int) -> dict[str, Any]:
    """Returns the matplotlib style of run `index`."""
    return {
        "color": RUN_COLORS[index % len(RUN_COLORS)][0],
        "marker": _MARKERS[index % len(_MARKERS)],
        "linestyle": _DASHES[index % len(_DASHES)],
        "linewidth": 1.5,
        "markersize": 4,
        "markeredgewidth": 0,
    }


def empty_axes(inches: tuple[float, float]) -> tuple[Figure, Axes]:
    """Returns a figure of that size with one quiet pair of axes."""
    figure = Figure(figsize=inches)
    width, height = inches
    left, bottom = 0.32 / width, 0.27 / height
    axes = figure.add_axes(
        (left, bottom, 1 - left - 0.08 / width, 1 - bottom - 0.08 / height)
    )
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(_RULE)
    axes.tick_params(
        colors=_INK, labelsize=_FONT_POINTS, length=0, width=0.6, pad=3
    )
    axes.tick_params(axis="x", pad=5)
    axes.grid(axis="y", color=_RULE, linewidth=0.6)
    axes.set_axisbelow(True)
    return figure, axes


def ends(curve: Curve, digits: int = 1) -> str:
    """Returns the first and the last known value in words."""
    known = [y for _, y in curve if not math.isnan(y)]
    return f"{known[0]:.{digits}f} to {known[-1]:.{digits}f}"
