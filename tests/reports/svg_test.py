"""Tests of drawings that stand inside a page."""

import re
import xml.etree.ElementTree as ElementTree

from matplotlib.figure import Figure

from qualnet_tf.reports.svg import inline_svg


def _figure():
    figure = Figure(figsize=(2, 1))
    axes = figure.add_axes((0.1, 0.1, 0.8, 0.8))
    axes.plot([0, 1, 2], [1, 3, 2], "o-", color="#0068A8")
    return figure


def test_the_same_figure_gives_the_same_text():
    assert inline_svg(_figure(), "a", {}) == inline_svg(_figure(), "a", {})


def test_it_is_one_element_that_names_no_other_place():
    text = inline_svg(_figure(), "a", {})
    assert ElementTree.fromstring(text).tag == "svg"
    assert "http" not in text
    assert "<!" not in text


def test_every_id_and_every_reference_carries_the_prefix():
    text = inline_svg(_figure(), "left", {})
    ids = re.findall(r"\bid=\"([^\"]*)\"", text)
    references = re.findall(r"(?:href=\"|url\()#([^\")]*)", text)
    assert ids and references
    assert all(each.startswith("left-") for each in ids)
    assert set(references) <= set(ids)


def test_the_page_decides_size_and_colour():
    text = inline_svg(_figure(), "a", {"#0068A8": "--run-1"})
    start = text[: text.index(">")]
    assert "viewBox=" in start
    assert "width=" not in start and "height=" not in start
    assert "stroke: var(--run-1)" in text
    assert "#0068a8" not in text
