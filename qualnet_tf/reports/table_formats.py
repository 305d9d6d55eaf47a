"""A table of the paper as text, Markdown, LaTeX or CSV."""

import csv
import io
import re
import unicodedata
from collections.abc import Sequence

from qualnet_tf.reports.cells import ABSENT, Cell
from qualnet_tf.reports.paper_tables import PaperTable

# The first columns, which hold names; the others hold numbers.
_NAMES = ("Row", "Run")

_MARKDOWN = re.compile(r"([\\`*_<>|\[\]])")
_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    ABSENT: "--",
    **{character: f"\\{character}" for character in "&%$#_{}"},
}


def render(table: PaperTable, format: str) -> str:
    """Returns the table with its notes, as the text of a file.

    Args:
        table: What to print.
        format: One of `FORMATS`. "latex" is a table environment that needs
            the package booktabs and has ASCII alone. "csv" has a number per
            field, its interval or range in a further column, nothing for a
            dash, and, after an empty line, one note a record.

    Raises:
        ValueError: If there is no such format.
    """
    if format not in _RENDERERS:
        raise ValueError(
            f"table format {format!r}: expected one of {', '.join(FORMATS)}"
        )
    return _RENDERERS[format](table)


def _text(table: PaperTable) -> str:
    lines = _texts(table)
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    shown = [_aligned(line, widths) for line in lines]
    shown.insert(1, "  ".join("-" * width for width in widths))
    return _joined([table.title, "", *shown, "", *map(_one_line, table.notes)])


def _markdown(table: PaperTable) -> str:
    head, *lines = [
        f"| {' | '.join(map(_escape_markdown, line))} |"
        for line in _texts(table)
    ]
    rule = "|" + "---|" * len(_NAMES) + "---:|" * len(table.columns)
    notes = [f"- {_escape_markdown(_one_line(note))}" for note in table.notes]
    title = f"**{_escape_markdown(table.title)}**"
    return _joined([title, "", head, rule, *lines, "", *notes])


def _latex(table: PaperTable) -> str:
    head, *lines = [
        rf"{' & '.join(map(_escape_latex, line))} \\" for line in _texts(table)
    ]
    columns = "l" * len(_NAMES) + "r" * len(table.columns)
    return _joined(
        [
            r"% \usepackage{booktabs}",
            r"\begin{table}",
            rf"\caption{{{_escape_latex(table.title)}}}",
            r"\centering",
            rf"\begin{{tabular}}{{{columns}}}",
            r"\toprule",
            head,
            r"\midrule",
            *lines,
            r"\bottomrule",
            r"\end{tabular}",
            "",
            r"\raggedright\footnotesize",
            *(rf"{_escape_latex(_one_line(n))}\par" for n in table.notes),
            r"\end{table}",
        ]
    )


def _csv(table: PaperTable) -> str:
    columns = list(zip(*(line.cells for line in table.lines), strict=True))
    ranged = [any(cell.interval for cell in column) for column in columns]
    heads = [
        name
        for heading, has_range in zip(table.columns, ranged, strict=True)
        for name in (heading, f"{heading}, range")[: 1 + has_range]
    ]
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([*_NAMES, *heads])
    for line in table.lines:
        fields = [
            field
            for cell, has_range in zip(line.cells, ranged, strict=True)
            for field in _fields(cell)[: 1 + has_range]
        ]
        writer.writerow([line.row, line.runs, *fields])
    writer.writerow([])
    writer.writerows([note] for note in table.notes)
    return file.getvalue()


def _texts(table: PaperTable) -> list[list[str]]:
    """Returns the heading and the lines."""
    lines = [[*_NAMES, *table.columns]] + [
        [line.row, line.runs, *map(str, line.cells)] for line in table.lines
    ]
    return [list(map(_one_line, line)) for line in lines]


def _one_line(text: str) -> str:
    """Names of runs are names of folders, which may hold any character."""
    return " ".join(text.split())


def _fields(cell: Cell) -> tuple[str, str]:
    return ("" if cell.text == ABSENT else cell.text), cell.interval


def _aligned(line: Sequence[str], widths: Sequence[int]) -> str:
    """Names to the left, numbers to the right."""
    texts = [
        text.ljust(width) if place < len(_NAMES) else text.rjust(width)
        for place, (text, width) in enumerate(zip(line, widths, strict=True))
    ]
    return "  ".join(texts).rstrip()


def _joined(lines: Sequence[str]) -> str:
    return "\n".join(lines) + "\n"


def _escape_markdown(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", text)


def _escape_latex(text: str) -> str:
    """Escapes; what not every LaTeX engine prints loses its accent or is ?."""
    return "".join(
        _LATEX.get(character, character if " " <= character <= "~" else "?")
        for character in unicodedata.normalize("NFKD", text)
        if not unicodedata.combining(character)
    )


_RENDERERS = {
    "text": _text,
    "markdown": _markdown,
    "latex": _latex,
    "csv": _csv,
}
FORMATS = tuple(_RENDERERS)
