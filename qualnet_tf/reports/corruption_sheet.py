"""One picture under many corruptions, as a PNG sheet and as an HTML page."""

import dataclasses
import pathlib
from collections.abc import Mapping, Sequence

import jinja2
import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from qualnet_tf.evaluation.results import ConditionPictures
from qualnet_tf.reports import plot_style
from qualnet_tf.reports.naming import spoken
from qualnet_tf.reports.picture_grid import png_uri

_TEMPLATES = pathlib.Path(__file__).parent
# Smaller pictures are enlarged with their pixels visible, not smoothed.
_SMALLEST_CELL = 96
_LARGEST_CELL = 112
# Lengths of the PNG, in pixels.
_GAP, _MARGIN, _TEXT = 6, 16, 15
_PAPER, _INK, _QUIET = "#ffffff", "#1b1f24", "#5b636e"


@dataclasses.dataclass(frozen=True, eq=False)
class Sheet:
    """What is shown.

    Attributes:
        title: First line.
        names: The corruptions, one row each.
        severities: The severities, one column each.
        clean: The picture, uint8 [height, width, 3].
        corrupted: uint8 [corruptions, severities, height, width, 3].
        facts: Heading -> text: severity table, seed and the like.

    Raises:
        ValueError: If the arrays do not fit the names and severities.
    """

    title: str
    names: Sequence[str]
    severities: Sequence[int]
    clean: np.ndarray
    corrupted: np.ndarray
    facts: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def __post_init__(self):
        shape = (len(self.names), len(self.severities), *self.clean.shape)
        if self.corrupted.shape != shape:
            raise ValueError(
                f"sheet: expected corrupted pictures {shape}, received "
                f"{self.corrupted.shape}; pass one per name and severity"
            )

    @property
    def enlargement(self) -> int:
        """Screen pixels per pixel; more than 1 for small pictures only."""
        return max(1, _SMALLEST_CELL // max(self.clean.shape[:2]))


def draw_sheet(sheet: Sheet) -> Image.Image:
    """Returns the sheet: clean on the left, severities from left to right."""
    height, width = (n * sheet.enlargement for n in sheet.clean.shape[:2])
    font = _font(_TEXT)
    label = max(round(font.getlength(spoken(n))) for n in sheet.names) + _GAP
    line = 2 * _TEXT
    columns = [
        _MARGIN + label + i * (width + _GAP)
        for i in range(len(sheet.severities) + 1)
    ]
    rows = [
        _MARGIN + 3 * line + i * (height + _GAP)
        for i in range(len(sheet.names))
    ]
    size = (columns[-1] + width + _MARGIN, rows[-1] + height + _MARGIN)
    page = Image.new("RGB", size, _PAPER)
    pen = ImageDraw.Draw(page)
    pen.text((_MARGIN, _MARGIN), sheet.title, _INK, _font(_TEXT + 5))
    facts = ",  ".join(f"{key} {value}" for key, value in sheet.facts.items())
    pen.text((_MARGIN, _MARGIN + line), facts, _QUIET, font)
    heads = ["clean", *(f"severity {s}" for s in sheet.severities)]
    for column, head in zip(columns, heads, strict=True):
        place = (column + width / 2, rows[0] - _GAP)
        pen.text(place, head, _INK, font, anchor="ms")
    for name, row, cells in zip(
        sheet.names, rows, sheet.corrupted, strict=True
    ):
        place = (_MARGIN, row + height / 2)
        pen.text(place, spoken(name), _INK, font, anchor="lm")
        for column, cell in zip(columns, [sheet.clean, *cells], strict=True):
            picture = Image.fromarray(cell)
            page.paste(
                picture.resize((width, height), Image.Resampling.NEAREST),
                (column, row),
            )
    return page


def build_sheet_page(sheet: Sheet) -> str:
    """Returns the sheet as one HTML text that needs no other file."""
    height, width = (n * sheet.enlargement for n in sheet.clean.shape[:2])
    rows = [
        {
            "name": spoken(name),
            "cells": [
                {
                    "uri": png_uri(cell),
                    "text": f"{spoken(name)}, severity {severity}",
                }
                for severity, cell in zip(sheet.severities, cells, strict=True)
            ],
        }
        for name, cells in zip(sheet.names, sheet.corrupted, strict=True)
    ]
    return (
        jinja2.Environment(
            loader=jinja2.FileSystemLoader(_TEMPLATES),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        .get_template("corruption_sheet.html")
        .render(
            title=sheet.title,
            facts=sheet.facts,
            severities=sheet.severities,
            clean=png_uri(sheet.clean),
            rows=rows,
            width=width,
            height=height,
            pixelated=sheet.enlargement > 1,
            palette=plot_style.RUN_COLORS,
        )
    )


def sheet_uri(shown: Sequence[ConditionPictures]) -> str | None:
    """Returns the sheet of the first of these as a PNG data URI, or None."""
    if not shown:
        return None
    first = shown[0]
    sheet = Sheet(
        title="One picture under every condition",
        names=first.names,
        severities=first.severities,
        clean=_reduced(first.clean),
        corrupted=np.stack(
            [[_reduced(cell) for cell in row] for row in first.corrupted]
        ),
    )
    return png_uri(np.asarray(draw_sheet(sheet)))


def _reduced(picture: np.ndarray) -> np.ndarray:
    """Returns a picture of at most 112 pixels: a page is not a data set."""
    image = Image.fromarray(picture)
    image.thumbnail((_LARGEST_CELL, _LARGEST_CELL))
    return np.asarray(image)


def _font(size: int) -> ImageFont.FreeTypeFont:
    """Returns the typeface that comes with matplotlib."""
    folder = pathlib.Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return ImageFont.truetype(str(folder / "DejaVuSans.ttf"), size)
