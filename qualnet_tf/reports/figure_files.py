"""The figures of a report as SVG files of their own, for papers and slides.

In a page the theme colours a figure and the layout sizes it; a file carries
the light theme's colours and its own size.
"""

import os
import pathlib
import re
from collections.abc import Container, Mapping, Sequence
from xml.sax.saxutils import escape

from qualnet_tf import run_dir
from qualnet_tf.reports.plot_style import VARIABLES, Panel

_COLORS = {variable: color for color, variable in VARIABLES.items()}
_PAPER = "#ffffff"
_LONGEST_NAME = 100
_START = re.compile(r"<svg\b[^>]*?\bviewBox=\"0 0 ([\d.]+) ([\d.]+)\"[^>]*>")
_VARIABLE = re.compile(r"var\((--[\w-]+)\)")


def save_figures(
    panels: Mapping[str, Sequence[Panel]], folder: str | os.PathLike
) -> list[pathlib.Path]:
    """Writes every panel as a file, each all or nothing.

    Args:
        panels: Group -> its panels. Group and title make the file's name;
            where two would share one, the later ones are numbered.
        folder: Is made; older files of the same names are replaced.

    Returns:
        The files, in the order of the panels.

    Raises:
        ValueError: If a panel is no drawing of the report or has a colour
            that the light theme lacks.
    """
    texts: dict[str, str] = {}
    for group, members in panels.items():
        for panel in members:
            texts[_file_name(group, panel.title, texts)] = _standalone(panel)
    paths = []
    for name, text in texts.items():
        paths.append(pathlib.Path(folder) / name)
        run_dir.write_text(paths[-1], text)
    return paths


def _file_name(group: str, title: str, taken: Container[str]) -> str:
    """Returns a name in lower case, digits and hyphens that is not taken."""
    words = re.sub(r"[^a-z0-9]+", "-", f"{group} {title}".lower())
    stem = words[:_LONGEST_NAME].strip("-") or "figure"
    name, number = f"{stem}.svg", 1
    while name in taken:
        number += 1
        name = f"{stem}-{number}.svg"
    return name


def _standalone(panel: Panel) -> str:
    """Returns the text of a file: what `inline_svg` left out is put back."""
    start = _START.match(panel.svg)
    if start is None:
        raise ValueError(
            f"{panel.title}: expected an <svg> element with a viewBox, "
            f"received {panel.svg[:40]!r}; draw it with inline_svg"
        )
    width, height = start.groups()
    # Not every drawing program knows a link without its namespace.
    drawing = panel.svg[start.end() :].replace(' href="', ' xlink:href="')
    text = (
        '<svg xmlns="http://www.w3.org/2000/svg" '
        'xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'width="{width}pt" height="{height}pt" '
        f'viewBox="0 0 {width} {height}">\n'
        f"<title>{escape(panel.title)}</title>\n"
        f"<desc>{escape(panel.description)}</desc>\n"
        f'<rect width="{width}" height="{height}" fill="{_PAPER}"/>\n'
        f"{_colored(drawing, panel.title)}\n"
    )
    # Readable whatever encoding the machine writes.
    return text.encode("ascii", "xmlcharrefreplace").decode()


def _colored(drawing: str, title: str) -> str:
    """Returns the drawing with the light theme's colours for variables."""
    unknown = set(_VARIABLE.findall(drawing)) - set(_COLORS)
    if unknown:
        raise ValueError(
            f"{title}: no colour for {', '.join(sorted(unknown))}, expected "
            f"{', '.join(_COLORS)}; draw with the colours of plot_style"
        )
    return _VARIABLE.sub(lambda match: _COLORS[match[1]], drawing)
