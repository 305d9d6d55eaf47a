"""The sheet has every picture once, in its place, and needs no other file."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from qualnet_tf.reports import corruption_sheet
from qualnet_tf.reports.corruption_sheet import Sheet

NAMES, SEVERITIES = ("fog", "jpeg_compression"), (1, 2, 5)


def sheet(height=100, width=120, **values):
    """Every picture is of one colour, which tells where it belongs."""
    shades = np.arange(10, 10 + len(NAMES) * len(SEVERITIES), dtype=np.uint8)
    corrupted = np.zeros(
        (len(NAMES), len(SEVERITIES), height, width, 3), np.uint8
    )
    corrupted[:] = shades.reshape(len(NAMES), len(SEVERITIES), 1, 1, 1)
    given = {
        "title": "Corruptions of <cat>.png",
        "names": NAMES,
        "severities": SEVERITIES,
        "clean": np.full((height, width, 3), 200, np.uint8),
        "corrupted": corrupted,
        "facts": {"severity table": "imagenet_c"},
    }
    return Sheet(**{**given, **values})


def rows_of_shades(image):
    """Returns the picture colours met from left to right, row by row."""
    wanted = {200, *range(10, 16)}
    pixels = np.asarray(image)
    flat = (pixels == pixels[..., :1]).all(-1)
    found = []
    for line, is_grey in zip(pixels[..., 0], flat, strict=True):
        shades = [
            int(shade)
            for shade in wanted
            if np.count_nonzero((line == shade) & is_grey) >= 90
        ]
        shades.sort(key=lambda shade: np.flatnonzero(line == shade)[0])
        if len(shades) > 1 and shades not in found:
            found.append(shades)
    return found


@pytest.mark.parametrize("size", [(100, 120), (32, 32)])
def test_png_has_clean_left_and_severities_in_order(size):
    drawn = corruption_sheet.draw_sheet(sheet(*size))
    assert rows_of_shades(drawn) == [[200, 10, 11, 12], [200, 13, 14, 15]]


def test_small_pictures_are_enlarged_by_whole_factors():
    assert sheet(32, 32).enlargement == 3
    assert sheet(96, 20).enlargement == 1
    assert sheet(224, 224).enlargement == 1


def test_page_holds_the_pictures_exactly():
    page = corruption_sheet.build_sheet_page(sheet())
    uris = re.findall(r'src="data:image/png;base64,([^"]+)"', page)
    shades = [
        np.unique(Image.open(io.BytesIO(base64.b64decode(uri)))) for uri in uris
    ]
    assert [int(shade[0]) for shade in shades] == [200, *range(10, 16)]
    for text in (
        'alt="JPEG compression, severity 5"',
        '<th scope="row">Fog</th>',
        "Severity table",
        "Corruptions of &lt;cat&gt;.png",
    ):
        assert text in page


def test_page_needs_nothing_else():
    page = corruption_sheet.build_sheet_page(sheet())
    assert not re.search(r'(src|href)="(?!data:)', page)
    assert "<script" not in page


def test_shapes_must_fit():
    with pytest.raises(ValueError, match=r"expected corrupted .*\(1, 3, 100"):
        sheet(names=("fog",))
