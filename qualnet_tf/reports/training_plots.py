"""Training curves of all runs, a panel per column of metrics.csv."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from qualnet_tf.reports.naming import spoken
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

_NOT_A_TERM = ("epoch", "step")


def training_panels(
    names: Sequence[str], metrics: Sequence[Sequence[Mapping[str, float]]]
) -> list[Panel]:
    """Returns a panel per column of metrics.csv, `val_*` beside its twin.

    Args:
        names: The runs.
        metrics: Per run, a row per epoch.
    """
    panels = []
    for term in _terms(metrics):
        percent = 100 if term.endswith("accuracy") else 1
        train = [_history(rows, term, percent) for rows in metrics]
        validation = [
            _history(rows, f"val_{term}", percent) for rows in metrics
        ]
        figure = _training_figure(train, validation)
        title = spoken(term) + (", per cent" if percent == 100 else "")
        panels.append(
            Panel(
                title,
                inline_svg(figure, f"training{len(panels)}", VARIABLES),
                _describe_training(title, names, train, validation),
            )
        )
    return panels


def _terms(metrics) -> list[str]:
    """Returns the columns to draw, learning rate last."""
    columns = dict.fromkeys(
        name.removeprefix("val_")
        for rows in metrics
        for row in rows
        for name in row
        if name not in _NOT_A_TERM
    )
    return sorted(columns, key=lambda name: name == "learning_rate")


def _history(rows, column: str, factor: float) -> Curve:
    return [
        (row.get("epoch", number), factor * row[column])
        for number, row in enumerate(rows, 1)
        if column in row
    ]


def _training_figure(train, validation) -> Figure:
    figure, axes = empty_axes(PANEL_INCHES)
    for index, (trained, validated) in enumerate(
        zip(train, validation, strict=True)
    ):
        strong = line(index) | {"markersize": 0}
        faint = strong | {"linestyle": "-", "linewidth": 0.9, "alpha": 0.55}
        styles = (faint, strong) if trained and validated else (strong, strong)
        for curve, style in zip((trained, validated), styles, strict=True):
            if len(curve) == 1:
                # One epoch has no line to show it.
                style = style | {"markersize": 3}
            if curve:
                axes.plot(*zip(*curve, strict=True), **style)
    axes.margins(x=0.02, y=0.08)
    axes.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    return figure


def _describe_training(title, names, train, validation) -> str:
    parts = []
    for name, *curves in zip(names, train, validation, strict=True):
        for kind, curve in zip(("training", "validation"), curves, strict=True):
            if curve:
                parts.append(f"{name} {kind} {ends(curve, 3)}")
    return f"{title} by epoch. {'; '.join(parts)}."
