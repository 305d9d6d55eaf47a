"""Corruption errors as grouped bars, a panel per family of corruptions.

A panel is its own SVG, so the page can put two side by side on a desk and one
on a phone.
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from qualnet_tf.evaluation.results import ClassificationResults, summarize
from qualnet_tf.metrics import corruption_error
from qualnet_tf.metrics.alexnet_errors import (
    HOLDOUT_CORRUPTIONS,
    TEST_FAMILIES,
)
from qualnet_tf.reports.cells import percent
from qualnet_tf.reports.naming import spoken
from qualnet_tf.reports.plot_style import VARIABLES, Panel, empty_axes, line
from qualnet_tf.reports.svg import inline_svg

_FAMILIES = {**TEST_FAMILIES, "hold-out": HOLDOUT_CORRUPTIONS}
_ALEXNET = 100

# Lengths in points, 72 to the inch: wide enough for a phone's larger letters.
_WIDTH, _LEFT, _RIGHT, _BOTTOM = 360, 102, 40, 20
_TOP_WITH_LABEL, _TOP = 15, 1
_ROW, _GAP, _THICKNESS = 12, 7, 3
_FONT_POINTS = 8.5
_COLORS = {variable: color for color, variable in VARIABLES.items()}
_INK, _RULE = _COLORS["--ink-2"], _COLORS["--rule"]


@dataclasses.dataclass(frozen=True)
class _Run:
    """The bars of one run.

    Attributes:
        index: Its place among all runs, which decides the colour.
        name: Of the run.
        errors: Corruption -> fraction, where all severities were measured.
    """

    index: int
    name: str
    errors: Mapping[str, float]


@dataclasses.dataclass(frozen=True)
class _Measure:
    """What the bars are: their title, and the sentence that explains them."""

    title: str
    explanation: str
    is_relative: bool


_CE = _Measure(
    title="corruption error (CE), AlexNet = 100",
    explanation="Corruption error (CE) in per cent of AlexNet's error, which "
    "is the line at 100; the lower the better.",
    is_relative=True,
)
_PLAIN = _Measure(
    title="error in per cent, not normalised",
    explanation="Error in per cent, the mean over five severities; not "
    "normalised by AlexNet's errors and so no CE. The lower the better.",
    is_relative=False,
)


def error_bar_panels(results: Sequence[ClassificationResults]) -> list[Panel]:
    """Returns a panel per family with a bar per corruption and run.

    A bar is a corruption error (CE), and there is a line for AlexNet at 100.
    Only runs that have an mCE have bars then. Where no run has one, a bar is
    the plain error, as title and description say. A corruption of which a run
    lacks a severity has no bar.

    Args:
        results: The runs, in the order of their colours.
    """
    comparable = [summarize(each).mce is not None for each in results]
    measure = _CE if any(comparable) else _PLAIN
    runs = [
        _Run(index, each.run, _errors(each, measure))
        for index, each in enumerate(results)
        if comparable[index] or not measure.is_relative
    ]
    without = [
        each.run
        for each, has_mce in zip(results, comparable, strict=True)
        if measure.is_relative and not has_mce
    ]
    highest = max([e for run in runs for e in run.errors.values()], default=0)
    panels = []
    for number, (family, members) in enumerate(_FAMILIES.items()):
        names = [n for n in members if any(n in run.errors for run in runs)]
        if names:
            figure = _figure(names, runs, highest, measure.is_relative)
            panels.append(
                Panel(
                    f"{family.capitalize()}: {measure.title}",
                    inline_svg(figure, f"ce-{number}", VARIABLES),
                    _describe(names, runs, without, measure),
                )
            )
    return panels


def _errors(
    results: ClassificationResults, measure: _Measure
) -> dict[str, float]:
    """Returns corruption -> error as a fraction, where it can be known."""
    accuracies = results.accuracies()
    error = _relative_error if measure.is_relative else _plain_error
    return {
        name: error(accuracies, name)
        for names in _FAMILIES.values()
        for name in names
        if not corruption_error.missing_conditions(accuracies, [name])
    }


def _relative_error(accuracies, name: str) -> float:
    errors = {s: 1 - accuracy for s, accuracy in accuracies[name].items()}
    return corruption_error.corruption_error(errors, name)


def _plain_error(accuracies, name: str) -> float:
    return 1 - corruption_error.mean_corruption_accuracy(accuracies, [name])


def _figure(
    names: Sequence[str],
    runs: Sequence[_Run],
    highest: float,
    is_relative: bool,
) -> Figure:
    group = len(runs) * _ROW + _GAP
    top = _TOP_WITH_LABEL if is_relative else _TOP
    figure, axes = _axes(len(names) * group, top)
    for number, name in enumerate(names):
        for row, run in enumerate(runs):
            # The vertical axis counts points from the top.
            y = number * group + (_GAP + _ROW) / 2 + row * _ROW
            _draw_bar(axes, y, run.errors.get(name), run.index)
    if is_relative:
        _draw_alexnet(axes)
    centres = [(number + 0.5) * group for number in range(len(names))]
    axes.set_yticks(centres, [spoken(name) for name in names])
    # All panels share one scale, which ends behind a tick.
    limit = max(_ALEXNET if is_relative else 10, 10 * math.ceil(10 * highest))
    axes.set(xlim=(0, 1.02 * limit), ylim=(len(names) * group, 0))
    return figure


def _axes(height: float, top: float) -> tuple[Figure, Axes]:
    """Returns empty axes of that height in points, and `top` above them."""
    total = top + height + _BOTTOM
    figure, axes = empty_axes((_WIDTH / 72, total / 72))
    axes.set_position(
        (
            _LEFT / _WIDTH,
            _BOTTOM / total,
            1 - (_LEFT + _RIGHT) / _WIDTH,
            height / total,
        )
    )
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", color=_RULE, linewidth=0.6)
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    return figure, axes


def _draw_bar(axes: Axes, y: float, error: float | None, index: int) -> None:
    """Draws bar, the run's marker on its end, and the number at the edge."""
    if error is not None:
        style = line(index)
        axes.barh(y, 100 * error, _THICKNESS, color=style["color"], linewidth=0)
        style |= {"linestyle": "", "markersize": 5}
        axes.plot(100 * error, y, clip_on=False, **style)
    axes.text(
        1 + (_RIGHT - 2) / (_WIDTH - _LEFT - _RIGHT),
        y,
        percent(error),
        transform=axes.get_yaxis_transform(),
        color=_INK,
        fontsize=_FONT_POINTS,
        horizontalalignment="right",
        verticalalignment="center_baseline",
    )


def _draw_alexnet(axes: Axes) -> None:
    axes.axvline(_ALEXNET, color=_INK, linewidth=1, zorder=0.9)
    axes.annotate(
        "AlexNet",
        (_ALEXNET, 1),
        (0, 3),
        xycoords=axes.get_xaxis_transform(),
        textcoords="offset points",
        color=_INK,
        fontsize=_FONT_POINTS,
        horizontalalignment="center",
    )


def _describe(names, runs, without, measure: _Measure) -> str:
    parts = [
        f"{spoken(name)}: "
        + ", ".join(f"{run.name} {_spoken_error(run, name)}" for run in runs)
        for name in names
    ]
    description = f"{measure.explanation} {'; '.join(parts)}."
    if without:
        description += f" No CE exists for {', '.join(without)}."
    return description


def _spoken_error(run: _Run, name: str) -> str:
    error = run.errors.get(name)
    return "not measured" if error is None else percent(error)
