"""Robustness against accuracy: the error under corruption and the clean one."""

import dataclasses
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from qualnet_tf.evaluation.results import (
    ClassificationResults,
    Summary,
    summarize,
)
from qualnet_tf.reports.plot_style import VARIABLES, Panel, empty_axes, line
from qualnet_tf.reports.svg import inline_svg

_INCHES = (5.0, 3.2)
_LEFT, _RIGHT, _TOP, _BOTTOM = 0.44, 0.16, 0.3, 0.53
_FONT_POINTS = 8.5
_COLORS = {variable: color for color, variable in VARIABLES.items()}
_INK, _RULE = _COLORS["--ink-2"], _COLORS["--rule"]
_MCE = "mCE"
_PLAIN = "Mean error over the 15 test corruptions"

Ends = tuple[float, float]


@dataclasses.dataclass(frozen=True)
class _Error:
    """A mean error in per cent and, where known, its 95 % interval."""

    value: float
    interval: Ends | None

    def __str__(self) -> str:
        if self.interval is None:
            return f"{self.value:.1f}"
        return "{:.1f} ({:.1f} to {:.1f})".format(self.value, *self.interval)


@dataclasses.dataclass(frozen=True)
class _Point:
    """A run: its place among all runs, its name and its two errors."""

    index: int
    run: str
    clean: _Error
    corrupted: _Error


def tradeoff_panels(results: Sequence[ClassificationResults]) -> list[Panel]:
    """Returns one panel with a marker per run, or none with fewer than two.

    The vertical axis is mCE where every run of the panel has one, else the
    plain mean error over the 15 test corruptions. A run without that mean is
    left out. Error bars are 95 % intervals over images, where there are any.

    Args:
        results: The runs, in the order of their colours.
    """
    summaries = [summarize(each) for each in results]
    shown = [
        index
        for index, summary in enumerate(summaries)
        if summary.mean_corruption_accuracy is not None
    ]
    if len(shown) < 2:
        return []
    has_mce = all(summaries[index].mce is not None for index in shown)
    points = [
        _Point(
            index,
            results[index].run,
            _from_accuracy(summaries[index], "clean_accuracy"),
            _mce(summaries[index])
            if has_mce
            else _from_accuracy(summaries[index], "mean_corruption_accuracy"),
        )
        for index in shown
    ]
    measure = _MCE if has_mce else _PLAIN
    left_out = [r.run for i, r in enumerate(results) if i not in shown]
    return [
        Panel(
            f"{measure} against clean error, per cent",
            inline_svg(_figure(points, measure), "tradeoff", VARIABLES),
            _describe(points, measure, left_out),
        )
    ]


def _mce(summary: Summary) -> _Error:
    ends = summary.intervals.get("mce")
    return _Error(100 * summary.mce, ends and (100 * ends[0], 100 * ends[1]))


def _from_accuracy(summary: Summary, measure: str) -> _Error:
    ends = summary.intervals.get(measure)
    return _Error(
        100 * (1 - getattr(summary, measure)),
        # The highest accuracy is the lowest error.
        ends and (100 * (1 - ends[1]), 100 * (1 - ends[0])),
    )


def _figure(points: Sequence[_Point], measure: str) -> Figure:
    figure, axes = empty_axes(_INCHES)
    width, height = _INCHES
    axes.set_position(
        (
            _LEFT / width,
            _BOTTOM / height,
            1 - (_LEFT + _RIGHT) / width,
            1 - (_TOP + _BOTTOM) / height,
        )
    )
    axes.grid(axis="x", color=_RULE, linewidth=0.6)
    for point in points:
        _draw_point(axes, point)
    axes.set(
        xlim=_limits([point.clean for point in points]),
        ylim=_limits([point.corrupted for point in points]),
    )
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    style = {"color": _INK, "fontsize": _FONT_POINTS}
    axes.set_xlabel("clean error", labelpad=6, **style)
    # Lying flat above the axis, it takes no width from the drawing.
    axes.set_title(measure, loc="left", x=0, **style)
    return figure


def _draw_point(axes: Axes, point: _Point) -> None:
    style = line(point.index) | {"linestyle": "", "markersize": 6}
    axes.errorbar(
        point.clean.value,
        point.corrupted.value,
        xerr=_arms(point.clean),
        yerr=_arms(point.corrupted),
        elinewidth=1,
        **style,
    )


def _arms(error: _Error) -> list[list[float]] | None:
    """Returns how far the interval reaches to either side, for matplotlib."""
    if error.interval is None:
        return None
    low, high = error.interval
    # A bootstrap interval may, rarely, not hold the mean itself.
    return [[max(0.0, error.value - low)], [max(0.0, high - error.value)]]


def _limits(errors: Sequence[_Error]) -> Ends:
    """Returns the ends of an axis: every interval, at least a point wide."""
    ends = [end for e in errors for end in (e.value, *(e.interval or ()))]
    low, high = min(ends), max(ends)
    margin = max(0.12 * (high - low), 0.5 - (high - low) / 2)
    return low - margin, high + margin


def _describe(points, measure: str, left_out) -> str:
    parts = [
        f"{point.run} {point.clean} and {point.corrupted}" for point in points
    ]
    description = (
        f"{measure} (upwards) against clean error (to the right), both in per "
        "cent; the lower left is better. Clean, then under corruption: "
        f"{'; '.join(parts)}."
    )
    if any(p.clean.interval or p.corrupted.interval for p in points):
        description += " In brackets, the 95 % interval over images."
    if measure == _PLAIN:
        description += " The error is not normalised by AlexNet's: no mCE."
    if left_out:
        description += f" Conditions are missing for {', '.join(left_out)}."
    return description
