"""What is measured on faces against their resolution, a panel per set."""

import math
from collections.abc import Callable, Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from qualnet_tf.evaluation.results import (
    FaceResults,
    Identification,
    Verification,
)
from qualnet_tf.reports.plot_style import (
    VARIABLES,
    Curve,
    Panel,
    empty_axes,
    ends,
    line,
)
from qualnet_tf.reports.svg import inline_svg

_INCHES = (3.4, 2.1)
_SAME = "both faces reduced"
_ACROSS = "clean against reduced"


def resolution_panels(results: Sequence[FaceResults]) -> list[Panel]:
    """Returns a panel per set, measure and way of pairing resolutions.

    Of several conventions the first of each run is drawn.

    Args:
        results: Of the runs, in the order of their colours.
    """
    panels: list[Panel] = []
    for name in _sets(results, lambda each: each.verifications):
        for across in (False, True):
            curves = [
                _verification_curve(each, name, across) for each in results
            ]
            title = f"{name}, accuracy, {_ACROSS if across else _SAME}"
            _add(panels, title, results, curves)
    for name in _sets(results, lambda each: each.identifications):
        for across in (False, True):
            curves = [
                _identification_curve(each, name, across) for each in results
            ]
            title = f"{name}, rank 1, {_ACROSS if across else _SAME}"
            _add(panels, title, results, curves)
    return panels


def _sets(
    results: Sequence[FaceResults], rows_of: Callable[[FaceResults], tuple]
) -> list[str]:
    names = (row.set for each in results for row in rows_of(each))
    return list(dict.fromkeys(names))


def _verification_curve(each: FaceResults, name: str, across: bool) -> Curve:
    rows = [row for row in each.verifications if row.set == name]
    first = next((row.convention for row in rows), "")
    return _points(
        each,
        [
            (row.left_resolution, row.right_resolution, row.accuracy)
            for row in rows
            if row.convention == first
        ],
        across,
    )


def _identification_curve(each: FaceResults, name: str, across: bool) -> Curve:
    rows: list[Identification | Verification] = [
        row for row in each.identifications if row.set == name
    ]
    return _points(
        each,
        [
            (row.gallery_resolution, row.probe_resolution, row.rank1)
            for row in rows
        ],
        across,
    )


def _points(each: FaceResults, found, across: bool) -> Curve:
    """Returns (resolution, per cent), the clean point in both ways."""
    side = each.image_size
    points = {
        right: 100 * value
        for left, right, value in found
        if left == (side if across else right)
    }
    # The clean point alone says nothing of resolution.
    return sorted(points.items(), reverse=True) if len(points) > 1 else []


def _add(panels: list[Panel], title: str, results, curves) -> None:
    if not any(curves):
        return
    prefix = f"faces{len(panels)}"
    parts = [
        f"{each.run} {ends(curve)}"
        for each, curve in zip(results, curves, strict=True)
        if curve
    ]
    description = (
        f"{title}: per cent from the highest resolution to the lowest. "
        f"{'; '.join(parts)}."
    )
    svg = inline_svg(_figure(curves), prefix, VARIABLES)
    panels.append(Panel(title, svg, description))


def _figure(curves: Sequence[Curve]) -> Figure:
    figure, axes = empty_axes(_INCHES)
    sides = sorted({x for curve in curves for x, _ in curve}, reverse=True)
    # Equal steps, as each resolution is a part of the one before.
    places = {side: place for place, side in enumerate(sides)}
    for index, curve in enumerate(curves):
        if curve:
            x, y = zip(*curve, strict=True)
            axes.plot([places[s] for s in x], y, clip_on=False, **line(index))
    lowest = min(y for curve in curves for _, y in curve)
    low = max(0, 10 * math.floor(lowest / 10 - 0.05))
    axes.set(xlim=(-0.2, len(sides) - 0.8), ylim=(low, 100))
    axes.set_xticks(range(len(sides)), map(str, sides))
    axes.yaxis.set_major_locator(
        MaxNLocator(4, steps=[1, 2, 5, 10], integer=True)
    )
    return figure
