"""Accuracy under the families of corruptions as an outline per run."""

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from qualnet_tf.evaluation.results import ClassificationResults
from qualnet_tf.metrics import corruption_error
from qualnet_tf.metrics.alexnet_errors import (
    HOLDOUT_CORRUPTIONS,
    TEST_FAMILIES,
)
from qualnet_tf.reports.plot_style import VARIABLES, Panel, empty_axes, line
from qualnet_tf.reports.svg import inline_svg

# Clockwise, the first one upwards.
_FAMILIES = {**TEST_FAMILIES, "hold-out": HOLDOUT_CORRUPTIONS}
_INCHES = (5.0, 3.6)
_RING = 20
_FONT_POINTS = 8.5
_COLORS = {variable: color for color, variable in VARIABLES.items()}
_INK, _RULE = _COLORS["--ink-2"], _COLORS["--rule"]


def radar_panels(results: Sequence[ClassificationResults]) -> list[Panel]:
    """Returns one panel, or none where no run has a whole family.

    A spoke is the mean accuracy over a family's corruptions and their five
    severities. Where a run lacks one of these conditions it has no point, and
    its outline breaks.

    Args:
        results: The runs, in the order of their colours.
    """
    means = [_means(each) for each in results]
    known = [mean for each in means for mean in each if not math.isnan(mean)]
    if not known:
        return []
    rim = max(_RING, _RING * math.ceil(max(known) / _RING))
    return [
        Panel(
            f"Accuracy by family, per cent; a ring every {_RING}",
            inline_svg(_figure(means, rim), "radar", VARIABLES),
            _describe(results, means, rim),
        )
    ]


def _means(results: ClassificationResults) -> list[float]:
    """Returns a mean per family in per cent, NaN where a condition lacks."""
    accuracies = results.accuracies()
    return [
        math.nan
        if corruption_error.missing_conditions(accuracies, names)
        else 100 * corruption_error.mean_corruption_accuracy(accuracies, names)
        for names in _FAMILIES.values()
    ]


def _figure(means: Sequence[Sequence[float]], rim: int) -> Figure:
    figure, axes = empty_axes(_INCHES)
    axes.set_position((0, 0, 1, 1))
    axes.set_axis_off()
    # The names stand outside the rim, to the sides and above and below.
    axes.set(xlim=(-1.6 * rim, 1.6 * rim), ylim=(-rim, 1.18 * rim))
    axes.set_aspect("equal", adjustable="box")
    _draw_web(axes, rim)
    for index, each in enumerate(means):
        axes.plot(*_outline(each), clip_on=False, **line(index))
    return figure


def _draw_web(axes: Axes, rim: int) -> None:
    """Draws rings, spokes and the names of the families."""
    style = {"color": _RULE, "linewidth": 0.6, "zorder": 1}
    for radius in range(_RING, rim + 1, _RING):
        axes.plot(*_outline([radius] * len(_FAMILIES)), **style)
    for spoke, family in enumerate(_FAMILIES):
        x, y = _place(spoke, rim)
        axes.plot([0, x], [0, y], **style)
        _write(axes, *_place(spoke, 1.07 * rim), family.capitalize())
    # Beside the middle of an edge, where no outline comes.
    _write(axes, *_place(0.5, 0.86 * rim), f"{rim} %")


def _write(axes: Axes, x: float, y: float, text: str) -> None:
    """Writes a text that grows away from the middle of the drawing."""
    side = "center" if abs(x) < 1 else "left" if x > 0 else "right"
    axes.text(
        x,
        y,
        text,
        color=_INK,
        fontsize=_FONT_POINTS,
        horizontalalignment=side,
        verticalalignment="center_baseline",
    )


def _outline(radii: Sequence[float]) -> tuple[list[float], list[float]]:
    """Returns x and y of the corners, the first one again at the end."""
    places = [_place(spoke, radius) for spoke, radius in enumerate(radii)]
    xs, ys = zip(*places, places[0], strict=True)
    return list(xs), list(ys)


def _place(spoke: float, radius: float) -> tuple[float, float]:
    angle = 2 * math.pi * spoke / len(_FAMILIES)
    return radius * math.sin(angle), radius * math.cos(angle)


def _describe(results, means, rim: int) -> str:
    parts = []
    for each, values in zip(results, means, strict=True):
        numbers = [
            f"{family} {_spoken_mean(mean)}"
            for family, mean in zip(_FAMILIES, values, strict=True)
        ]
        parts.append(f"{each.run}: {', '.join(numbers)}")
    return (
        "Mean accuracy in per cent under each family of corruptions, from 0 "
        f"in the middle to {rim} at the rim. {'; '.join(parts)}."
    )


def _spoken_mean(mean: float) -> str:
    return "not measured" if math.isnan(mean) else f"{mean:.1f}"
