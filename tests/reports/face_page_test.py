"""The page on faces: curves over resolutions, tables, protocol, gaps."""

import dataclasses
import re

import pytest

from qualnet_tf.reports.face_page import (
    build_face_page,
    identification_tables,
    verification_tables,
)
from qualnet_tf.reports.resolution_curves import resolution_panels
from tests.reports.face_tables_test import results, run


def test_one_page_holds_everything():
    text = build_face_page([run("mine"), run("other", accuracy=0.8)])
    assert "agedb_30, euclidean" in text and "tinyface, rank 1" in text
    assert "10 folds of 6000 pairs of agedb_30" in text
    assert "true acceptance rate at a false one of 0.001" in text
    assert "Table 4, faces" in text and "92.22" in text
    assert "lresnet50a_ir" in text
    # Nothing is fetched, and every reference is met.
    assert not re.search(r"(src|href)=\"https?:", text)
    ids = set(re.findall(r'id="([^"]+)"', text))
    assert set(re.findall(r'href="#([^"]+)"', text)) <= ids


def test_the_same_runs_give_the_same_page():
    assert build_face_page([run()]) == build_face_page([run()])


def test_the_best_of_a_column_is_marked():
    table = verification_tables([run("a"), run("b", accuracy=0.8)])[0]
    assert table.columns == ("112 against 56", "112", "56")
    (_, _, first), (_, _, second) = table.rows
    assert [cell.text for cell in first] == ["88.0", "90.0", "89.0"]
    assert [cell.interval for cell in first] == ["+- 1.0"] * 3
    assert all(cell.best for cell in first)
    assert not any(cell.best for cell in second)


def test_what_a_run_lacks_is_a_dash():
    other = run("b")
    fewer = dataclasses.replace(
        other.results, verifications=other.results.verifications[:1]
    )
    other = dataclasses.replace(other, results=fewer)
    _, (_, _, cells) = verification_tables([run("a"), other])[0].rows
    assert [cell.text for cell in cells] == ["88.0", "–", "–"]
    assert len(identification_tables([run("a"), other])) == 5


def test_curves_are_of_both_ways_and_say_their_ends():
    panels = resolution_panels([results("a"), results("b", 0.8)])
    assert [panel.title for panel in panels] == [
        "agedb_30, accuracy, both faces reduced",
        "agedb_30, accuracy, clean against reduced",
    ]
    assert "a 90.0 to 89.0; b 80.0 to 79.0." in panels[0].description
    assert "a 90.0 to 88.0" in panels[1].description
    # One point is no curve: TinyFace's pictures are as they are.
    assert not any("tinyface" in panel.title for panel in panels)


def test_no_run():
    with pytest.raises(ValueError, match="no run to report on"):
        build_face_page([])
