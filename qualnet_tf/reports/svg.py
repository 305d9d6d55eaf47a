"""A matplotlib figure as an SVG string that can stand inside an HTML page.

The string is the same for the same figure, needs nothing from outside, takes
its font from the page and its colours from the page's CSS variables, so that
one drawing serves the light and the dark theme.
"""

import io
import re
from collections.abc import Mapping

import matplotlib
from matplotlib.figure import Figure

# matplotlib hashes its element ids with this instead of a random salt.
_SETTINGS = {"svg.hashsalt": "qualnet_tf", "svg.fonttype": "none"}

_DROPPED = re.compile(
    r"<\?xml.*?\?>|<!DOCTYPE.*?>|<!--.*?-->|<metadata>.*?</metadata>"
    r"|\s+xmlns(?::\w+)?=\"[^\"]*\"",
    re.DOTALL,
)
# Inside a page, CSS decides the size; the viewBox keeps the proportions.
_SIZE = re.compile(r"\s+(?:width|height)=\"[^\"]*pt\"")
_ID = re.compile(r"(\bid=\"|url\(#|href=\"#)")


def inline_svg(
    figure: Figure, prefix: str, variables: Mapping[str, str]
) -> str:
    """Returns the figure as one `<svg>` element.

    Args:
        figure: What to draw. It is drawn without a background.
        prefix: Put before every id: unique within the page, since the ids of
            two figures would clash.
        variables: Colour as "#rrggbb" -> name of the CSS variable that takes
            its place.
    """
    buffer = io.StringIO()
    with matplotlib.rc_context(_SETTINGS):
        figure.savefig(
            buffer, format="svg", transparent=True, metadata={"Date": None}
        )
    text = _DROPPED.sub("", buffer.getvalue())
    text = _SIZE.sub("", text)
    text = text.replace("xlink:href=", "href=")
    text = _ID.sub(rf"\g<1>{prefix}-", text)
    for color, name in variables.items():
        text = text.replace(color.lower(), f"var({name})")
    return re.sub(r"\s*\n\s*", "\n", text).strip()
