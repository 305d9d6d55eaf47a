"""Every format says the same, and survives names that look like markup."""

import csv
import io
import re

import pytest

from qualnet_tf.reports.cells import ABSENT, Cell
from qualnet_tf.reports.paper_tables import PaperLine, PaperTable, paper_table
from qualnet_tf.reports.table_formats import FORMATS, render

TABLE = PaperTable(
    number=2,
    title="Table 2, ImageNet: QualNet*",
    columns=("Paper: clean", "Ours: clean", "Ours: mCE"),
    lines=(
        PaperLine(
            "QualNet50*",
            "run_1, run_2",
            (Cell("76.74"), Cell("75.1", interval="74.0 to 76.0"), Cell("9.5")),
        ),
        PaperLine(
            "QualNet18", "", (Cell(ABSENT), Cell("not run"), Cell(ABSENT))
        ),
    ),
    notes=("The first.", "The second, of 95 % and 4 & 5."),
)
NASTY = "a\\b{c}d$e&f#g%h_i^j~k|l<m>n*o`p[q]r"


def _with_name(name):
    line = PaperLine("row", name, (Cell("1.0"),) * 3)
    return PaperTable(2, "title", TABLE.columns, (line,), (f"Note {name}.",))


def test_the_formats():
    assert FORMATS == ("text", "markdown", "latex", "csv")


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("number", [1, 2, 3, 6])
def test_every_number_and_note_is_there(format, number):
    table = paper_table(number, [])
    text = render(table, format)
    assert text.endswith("\n") and not text.endswith("\n\n")
    for line in table.lines:
        for cell in line.cells:
            assert cell.text in text or cell.text == ABSENT
    assert text.count("not run") == len(table.lines)
    for words in ("also the training corruptions", "hold-out corruptions are"):
        assert words in text


@pytest.mark.parametrize("format", FORMATS)
def test_a_name_with_a_line_break_breaks_no_line(format):
    if format != "csv":
        spaced = render(_with_name("a b"), format)
        assert render(_with_name("a\n\n b"), format) == spaced


def test_text():
    assert render(TABLE, "text") == (
        "Table 2, ImageNet: QualNet*\n"
        "\n"
        "Row         Run           Paper: clean          Ours: clean  Ours: mCE"
        "\n"
        "----------  ------------  ------------  -------------------  ---------"
        "\n"
        "QualNet50*  run_1, run_2         76.74  75.1 (74.0 to 76.0)        9.5"
        "\n"
        "QualNet18                            –              not run          –"
        "\n"
        "\n"
        "The first.\n"
        "The second, of 95 % and 4 & 5.\n"
    )


def test_markdown():
    assert render(TABLE, "markdown").splitlines() == [
        r"**Table 2, ImageNet: QualNet\***",
        "",
        "| Row | Run | Paper: clean | Ours: clean | Ours: mCE |",
        "|---|---|---:|---:|---:|",
        r"| QualNet50\* | run\_1, run\_2 | 76.74 | 75.1 (74.0 to 76.0) | 9.5 |",
        "| QualNet18 |  | – | not run | – |",
        "",
        "- The first.",
        "- The second, of 95 % and 4 & 5.",
    ]


def test_markdown_keeps_a_name_in_its_cell():
    line = render(_with_name(NASTY), "markdown").splitlines()[4]
    cells = re.split(r"(?<!\\)\|", line)
    assert len(cells) == 7
    assert re.sub(r"\\(.)", r"\1", cells[2]) == f" {NASTY} "


def test_latex():
    text = render(TABLE, "latex")
    assert text.splitlines()[4:12] == [
        r"\begin{tabular}{llrrr}",
        r"\toprule",
        r"Row & Run & Paper: clean & Ours: clean & Ours: mCE \\",
        r"\midrule",
        r"QualNet50* & run\_1, run\_2 & 76.74 & 75.1 (74.0 to 76.0) & 9.5 \\",
        r"QualNet18 &  & -- & not run & -- \\",
        r"\bottomrule",
        r"\end{tabular}",
    ]
    assert r"The second, of 95 \% and 4 \& 5.\par" in text


@pytest.mark.parametrize("name", [NASTY, "é–ß", "＆％", "\x07", "漢"])
def test_latex_compiles_whatever_a_run_is_called(name):
    text = render(_with_name(name), "latex")
    assert text.isascii() and text.replace("\n", "").isprintable()
    body = text.split("\n", 1)[1]
    bare = re.sub(r"\\[^a-zA-Z]", "", body)
    assert not set(re.sub(r"\\\w+(\{\})?", "", bare)) & set("$#_^~%|<>\\")
    assert bare.count("{") == bare.count("}")
    depth = 0
    for brace in re.findall(r"[{}]", bare):
        depth += 1 if brace == "{" else -1
        assert depth >= 0
    environments = re.findall(r"\\(begin|end)\{(\w+)\}", text)
    assert environments == [
        ("begin", "table"),
        ("begin", "tabular"),
        ("end", "tabular"),
        ("end", "table"),
    ]
    (row,) = [line for line in bare.splitlines() if line.startswith("row ")]
    assert row.count("&") == 4


def test_latex_escapes_one_by_one():
    text = render(_with_name(NASTY), "latex")
    assert (
        r"a\textbackslash{}b\{c\}d\$e\&f\#g\%h\_i\textasciicircum{}j"
        r"\textasciitilde{}k\textbar{}l\textless{}m\textgreater{}n*o`p[q]r"
    ) in text
    # Accents go, a compatible character takes its escape, the rest is ?.
    assert " & e--? & " in render(_with_name("é–ß"), "latex")
    assert r" & \&\% & " in render(_with_name("＆％"), "latex")


def test_csv_reads_back():
    rows = list(csv.reader(io.StringIO(render(TABLE, "csv"))))
    assert rows == [
        [
            "Row",
            "Run",
            "Paper: clean",
            "Ours: clean",
            "Ours: clean, range",
            "Ours: mCE",
        ],
        ["QualNet50*", "run_1, run_2", "76.74", "75.1", "74.0 to 76.0", "9.5"],
        ["QualNet18", "", "", "not run", "", ""],
        [],
        ["The first."],
        ["The second, of 95 % and 4 & 5."],
    ]


def test_csv_keeps_any_name():
    name = 'a,"b"\nc'
    rows = list(csv.reader(io.StringIO(render(_with_name(name), "csv"))))
    assert rows[1] == ["row", name, "1.0", "1.0", "1.0"]


@pytest.mark.parametrize("format", ["html", "", "CSV"])
def test_an_unknown_format_names_the_legal_ones(format):
    message = (
        f"table format {format!r}: expected one of text, markdown, latex, csv"
    )
    with pytest.raises(ValueError, match=message):
        render(TABLE, format)
