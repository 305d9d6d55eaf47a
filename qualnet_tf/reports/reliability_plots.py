"""Reliability diagrams: accuracy against confidence, a panel per severity.

Guo et al., "On Calibration of Modern Neural Networks" (ICML 2017), Figure 1,
as curves, so that runs can lie over one another.
"""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from qualnet_tf.evaluation.results import ClassificationResults, ReliabilityBin
from qualnet_tf.reports.cells import percent
from qualnet_tf.reports.plot_style import VARIABLES, Panel, empty_axes, line
from qualnet_tf.reports.svg import inline_svg

_INCHES = (2.4, 2.64)
_LEFT, _RIGHT, _TOP, _BOTTOM = 0.36, 0.14, 0.26, 0.48
_FONT_POINTS = 8.5
_COLORS = {variable: color for color, variable in VARIABLES.items()}
_INK, _RULE = _COLORS["--ink-2"], _COLORS["--rule"]

# Run -> its bins at one severity, by rising confidence.
Bins = Mapping[int, Sequence[ReliabilityBin]]


def reliability_panels(results: Sequence[ClassificationResults]) -> list[Panel]:
    """Returns a panel per severity that any run has bins of, clean first.

    On the diagonal the predictions are right as often as they claim; below it
    they are overconfident. Each description has the expected calibration
    error (ECE) of the severity.

    Args:
        results: The runs, in the order of their colours.
    """
    severities = sorted(
        {each.severity for run in results for each in run.reliability}
    )
    panels = []
    for severity in severities:
        bins = _bins(results, severity)
        title = f"Severity {severity}" if severity else "Clean"
        prefix = f"reliability-{severity}"
        panels.append(
            Panel(
                title,
                inline_svg(_figure(bins), prefix, VARIABLES),
                _describe(title, results, bins),
            )
        )
    return panels


def _bins(results: Sequence[ClassificationResults], severity: int) -> Bins:
    """Returns the bins of the runs that have any."""
    found = {
        index: sorted(
            (each for each in run.reliability if each.severity == severity),
            key=lambda each: each.confidence,
        )
        for index, run in enumerate(results)
    }
    return {index: bins for index, bins in found.items() if bins}


def _figure(bins: Bins) -> Figure:
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
    axes.plot([0, 100], [0, 100], color=_INK, linewidth=0.8)
    for index, each in bins.items():
        axes.plot(
            [100 * one.confidence for one in each],
            [100 * one.accuracy for one in each],
            clip_on=False,
            **line(index),
        )
    ticks = (0, 50, 100)
    axes.set(xlim=(0, 100), ylim=(0, 100), xticks=ticks, yticks=ticks)
    style = {"color": _INK, "fontsize": _FONT_POINTS}
    axes.set_xlabel("confidence", labelpad=4, **style)
    # Lying flat above the axis, it takes no width from the drawing.
    axes.set_title("accuracy", loc="left", x=0, **style)
    return figure


def _describe(
    title: str, results: Sequence[ClassificationResults], bins: Bins
) -> str:
    parts = [
        f"{results[index].run} {percent(_calibration_error(each))}"
        for index, each in bins.items()
    ]
    return (
        f"{title}: accuracy against confidence, both in per cent; below the "
        "diagonal predictions are overconfident. Expected calibration error "
        f"(ECE) in per cent: {'; '.join(parts)}."
    )


def _calibration_error(bins: Sequence[ReliabilityBin]) -> float:
    """Returns the ECE, see `metrics.calibration`."""
    return sum(
        each.share * abs(each.accuracy - each.confidence) for each in bins
    )
