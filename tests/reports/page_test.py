"""Tests of the page: whole, closed to the outside, and escaped."""

import html.parser
import re

import pytest

from qualnet_tf.reports import page, tables

# Elements that have no end tag in HTML.
_VOID = {"meta", "link", "img"}


class _Reader(html.parser.HTMLParser):
    """Collects ids, references and text, and checks the nesting."""

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.references, self.words = [], [], [], []
        self.tags, self.unlabelled = set(), []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.tags.add(tag)
        self.ids += [values["id"]] if "id" in values else []
        self.references += [
            values[key] for key in ("src", "href", "srcset") if key in values
        ]
        if tag == "img" and not values.get("alt"):
            self.unlabelled.append(tag)
        if values.get("role") == "img" and not values.get("aria-label"):
            self.unlabelled.append(tag)
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


@pytest.fixture(scope="module")
def runs(make_run, make_whole_run):
    """One run of little, and two seeds of everything."""
    whole = [make_whole_run("first", 0), make_whole_run("second", 1)]
    return [make_run("naive", False), *whole, make_run("qualnet")]


@pytest.fixture(scope="module")
def text(runs):
    return page.build_page(runs)


@pytest.fixture(scope="module")
def reader(text):
    return _Reader(text)


def test_it_parses_and_everything_is_closed(text, reader):
    assert text.startswith("<!DOCTYPE html>")
    assert reader.open == []


def test_nothing_is_fetched_from_outside(text, reader):
    for reference in reader.references:
        assert re.match(r"#|data:", reference), reference
    assert re.findall(r"url\((?!#)[^)]*", text) == []
    assert "@import" not in text
    assert not reader.tags & {"script", "iframe", "object", "base"}
    assert "default-src 'none'" in text


def test_ids_are_unique_and_references_resolve(reader):
    assert len(reader.ids) == len(set(reader.ids))
    inside = {r[1:] for r in reader.references if r.startswith("#")}
    assert inside <= set(reader.ids)


def test_every_picture_is_described(reader):
    assert reader.unlabelled == []


def test_every_run_number_and_sentence_is_there(text, reader):
    words = " ".join(" ".join(reader.words).split())
    for expected in (
        "naive",
        "qualnet",
        "80.0",
        "quality_ weight",
        "keras",
        "Families of corruptions",
    ):
        assert expected.replace("_ ", "_") in words
    for sentence in tables.HONEST_SENTENCES:
        assert sentence.replace("'", "&#39;") in text


def test_the_same_runs_give_the_same_page(text, runs):
    assert page.build_page(runs) == text


def test_every_section_is_there(reader):
    assert {
        "summary",
        "paper",
        "severity",
        "errors",
        "conditions",
        "probabilities",
        "worst",
        "sheet",
        "pictures",
        "features",
        "training",
        "settings",
    } <= set(reader.ids)


def test_what_was_measured_of_each_run_is_there(reader):
    words = " ".join(" ".join(reader.words).split())
    for expected in (
        "93.0 to 97.0",
        "first, adapted",
        tables.ADAPTED_SENTENCE,
        "Means over seeds",
        "first, second",
        "Top-5 accuracy",
        "class 0",
        "cat, mostly taken for dog; wrong under 100.0 % of the conditions",
        "dog, never mistaken",
        "Table 1, ImageNet",
        "not run",
        "76.28",  # of the paper
    ):
        assert expected in words, expected


def test_figures_are_those_of_the_page(text, runs):
    groups = page.build_panels(runs)
    assert all(groups.values())
    for panels in groups.values():
        for panel in panels:
            assert panel.svg in text


def test_names_are_escaped(make_run, make_results):
    evil = '<script>alert("x")</script>'
    run = make_run(
        evil,
        results=make_results(
            dataset=evil, left_out=(evil,), names=("fog", evil)
        ),
        config={evil: evil},
        metrics=[{"epoch": 1.0, evil: 1.0}],
    )
    text = page.build_page([run])
    assert "<script" not in text
    assert "&lt;script&gt;alert(&#34;x&#34;)" in text
    assert _Reader(text).open == []


def test_a_run_that_has_only_results(make_run):
    bare = make_run(
        pictures=None, conditions=None, config={}, run_info={}, metrics=[]
    )
    reader = _Reader(page.build_page([bare]))
    assert reader.open == []
    assert not {
        "pictures",
        "training",
        "probabilities",
        "worst",
        "features",
    } & set(reader.ids)
    assert "img" not in reader.tags


def test_no_condition_at_all(make_run, make_results):
    empty = make_run(results=make_results(conditions=(), left_out=("fog",)))
    text = page.build_page([empty])
    assert "Not measured for qualnet: the 15 test corruptions" in text
    assert _Reader(text).open == []


def test_no_run_is_refused():
    with pytest.raises(ValueError, match="no run to report on"):
        page.build_page([])


def test_one_picture_is_shown_under_every_condition(text, make_run):
    assert text.count('id="sheet"') == 1 and 'href="#sheet"' in text
    without = page.build_page([make_run(conditions=None)])
    assert "#sheet" not in without and 'id="sheet"' not in without
