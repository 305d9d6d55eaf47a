"""Accuracy against severity, as small multiples with one SVG a panel.

A panel is its own SVG, so the page can put four side by side on a desk and
two on a phone.
"""

import math
from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from qualnet_tf.evaluation.results import ClassificationResults
from qualnet_tf.metrics.alexnet_errors import (
    HOLDOUT_CORRUPTIONS,
    TEST_CORRUPTIONS,
)
from qualnet_tf.reports.naming import families_of, severities_of, spoken
from qualnet_tf.reports.plot_style import (
    PANEL_INCHES,
    VARIABLES,
    Curve,
    Panel,
    empty_axes,
    ends,
    line,
)
from qualnet_tf.reports.svg import inline_svg

_WIDE_INCHES = (5.0, 2.5)


def mean_panels(results: Sequence[ClassificationResults]) -> list[Panel]:
    """Returns the mean accuracy against severity: the 15, then the 4.

    A severity where a run lacks one of the corruptions has no point.
    """
    groups = {
        "Mean of the 15 test corruptions": TEST_CORRUPTIONS,
        "Mean of the 4 hold-out corruptions": HOLDOUT_CORRUPTIONS,
    }
    low = _common_floor(results)
    panels = []
    for number, (title, names) in enumerate(groups.items()):
        curves = [_curve(each, names) for each in results]
        if any(curves):
            figure = _severity_figure(curves, low, _WIDE_INCHES)
            panels.append(
                _severity_panel(title, results, curves, figure, f"mean{number}")
            )
    return panels


def severity_panels(
    results: Sequence[ClassificationResults],
) -> list[tuple[str, list[Panel]]]:
    """Returns (family, a panel per corruption), clean at severity 0."""
    low = _common_floor(results)
    families = []
    for family, names in families_of(results).items():
        panels = []
        for name in names:
            curves = [_curve(each, [name]) for each in results]
            figure = _severity_figure(curves, low, PANEL_INCHES)
            prefix = f"severity-{len(families)}-{len(panels)}"
            panels.append(
                _severity_panel(spoken(name), results, curves, figure, prefix)
            )
        families.append((family, panels))
    return families


def _curve(results: ClassificationResults, names: Sequence[str]) -> Curve:
    """Returns (severity, mean accuracy over `names`), clean at 0."""
    accuracies = results.accuracies()
    points = [(0, 100 * results.clean_accuracy)]
    for severity in severities_of([results]):
        values = [accuracies.get(name, {}).get(severity) for name in names]
        # What is missing breaks the line.
        known = None not in values
        mean = 100 * sum(values) / len(values) if known else math.nan
        points.append((severity, mean))
    # The clean point alone would pass for a measurement under corruption.
    return points if any(not math.isnan(y) for _, y in points[1:]) else []


def _common_floor(results: Sequence[ClassificationResults]) -> float:
    """Returns the lower end of every accuracy axis, in per cent."""
    lowest = min(
        [c.accuracy for each in results for c in each.conditions]
        + [each.clean_accuracy for each in results]
    )
    return max(0, 10 * math.floor(10 * lowest - 0.05))


def _severity_figure(curves, low: float, inches) -> Figure:
    highest = max(x for curve in curves for x, _ in curve)
    figure, axes = empty_axes(inches)
    for index, curve in enumerate(curves):
        if curve:
            axes.plot(*zip(*curve, strict=True), clip_on=False, **line(index))
    axes.set(xlim=(-0.3, highest + 0.2), ylim=(low, 100))
    ticks = range(1, highest + 1)
    axes.set_xticks((0, *ticks), ("clean", *map(str, ticks)))
    axes.yaxis.set_major_locator(
        MaxNLocator(4, steps=[1, 2, 5, 10], integer=True)
    )
    return figure


def _severity_panel(title, results, curves, figure, prefix) -> Panel:
    parts = [
        f"{each.run} {ends(curve)}"
        for each, curve in zip(results, curves, strict=True)
        if curve
    ]
    description = (
        f"{title}: accuracy in per cent from clean to the highest severity "
        f"measured. {'; '.join(parts)}."
    )
    return Panel(title, inline_svg(figure, prefix, VARIABLES), description)
