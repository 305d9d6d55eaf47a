"""Reads numbers back from a drawing of the report."""

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable

import numpy as np

Points = list[tuple[float, float]]


def texts(svg: str) -> list[str]:
    """Returns what is written in a drawing, in the order of the file."""
    return [each.text for each in ElementTree.fromstring(svg).iter("text")]


def markers(svg: str, slot: int) -> Points:
    """Returns where the markers in colour `slot`, from 1, stand."""
    return [
        (float(each.get("x")), float(each.get("y")))
        for each in ElementTree.fromstring(svg).iter("use")
        if f"var(--run-{slot})" in each.get("style")
    ]


def paths(svg: str, style: str) -> list[Points]:
    """Returns the corners of every path in whose style `style` stands."""
    return [
        [(float(x), float(y)) for x, y in _CORNER.findall(each.get("d"))]
        for each in ElementTree.fromstring(svg).iter("path")
        if style in (each.get("style") or "")
    ]


def axis(svg: str, name: str) -> Callable[[float], float]:
    """Returns what turns a place along axis "x" or "y" into its number.

    It is read off the first and the last gridline that has a number.
    """
    found = []
    for group in ElementTree.fromstring(svg).iter("g"):
        if re.search(rf"-{name}tick_\d+$", group.get("id", "")):
            corners = _CORNER.findall(next(group.iter("path")).get("d"))
            place = float(corners[0]["xy".index(name)])
            found.append((place, float(next(group.iter("text")).text)))
    (start, low), (end, high) = found[0], found[-1]
    return lambda place: low + (place - start) * (high - low) / (end - start)


def values(svg: str, points: Points) -> np.ndarray:
    """Returns points as numbers of both axes, [points, 2]."""
    right, up = axis(svg, "x"), axis(svg, "y")
    return np.array([(right(x), up(y)) for x, y in points])


def check_themed(svg: str) -> None:
    """Checks that a theme decides every colour, also that of the texts."""
    assert not re.search(r"#[0-9a-f]{6}\b(?!\))", _without_links(svg))
    for each in ElementTree.fromstring(svg).iter("text"):
        assert "fill: var(--" in each.get("style"), each.text


def check_letters(svg: str) -> None:
    """Checks that no text is below 8 points."""
    sizes = re.findall(r"font-size: ([\d.]+)px", svg)
    assert sizes and min(map(float, sizes)) >= 8


_CORNER = re.compile(r"[ML] (-?[\d.]+) (-?[\d.]+)")


def _without_links(svg: str) -> str:
    return re.sub(r"(?:href=\"|url\()#[^\")]*", "", svg)
