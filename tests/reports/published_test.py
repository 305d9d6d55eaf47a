"""Published numbers are complete, marked with a source, and as printed."""

import re

import pytest

from qualnet_tf.reports import published

ROWS = [row for table in published.TABLES.values() for row in table.rows]
MEASURES = {
    "mce",
    "mean_corruption_accuracy",
    "deepcorrect_noise",
    "deepcorrect_blur",
}


@pytest.mark.parametrize("number", published.TABLES)
def test_a_table_is_found_by_its_number(number):
    table = published.get(number)
    assert table.number == number
    assert {row.table for row in table.rows} == {number}
    assert table.title and table.notes


def test_no_row_occurs_twice():
    assert len({(row.table, row.name) for row in ROWS}) == len(ROWS)
    recipes = {(row.table, row.recipe, row.network) for row in ROWS}
    assert len(recipes) == len(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.table} {row.name}")
def test_numbers_are_per_cent_with_a_source_or_absent(row):
    assert row.measure in MEASURES
    known = [row.clean_accuracy, row.number]
    assert (known == [None, None]) == (row.source == "")
    if row.source:
        assert all(re.fullmatch(r"\d\d\.\d\d?", text) for text in known)


@pytest.mark.parametrize(
    ("table", "name", "clean_accuracy", "number"),
    [
        (1, "ResNet50, naive augmentation", "74.88", "52.35"),
        (1, "ResNet50, PKT", "75.29", "53.33"),
        (1, "QualNet18, corruptions of AuxTraining", "68.44", "74.98"),
        (2, "ResNet18, vanilla", "70.33", "87.10"),
        (2, "QualNet50", "75.30", "50.60"),
        (2, "QualNet50*", "76.74", "51.33"),
        (2, "QualNeXt101", "79.84", "42.50"),
        (3, "ResNet50, AugMix", "77.53", "65.3"),
    ],
)
def test_numbers_of_the_paper(table, name, clean_accuracy, number):
    (row,) = [r for r in published.get(table).rows if r.name == name]
    assert (row.clean_accuracy, row.number) == (clean_accuracy, number)
    assert row.measure == "mce"


def test_the_ablation_in_its_order():
    rows = published.get(6).rows
    clean = [row.clean_accuracy for row in rows]
    assert clean == ["80.45", "78.68", "81.81", "82.33"]
    corrupted = [row.number for row in rows]
    assert corrupted == ["70.82", "69.91", "71.64", "72.30"]
    assert {row.measure for row in rows} == {"mean_corruption_accuracy"}


def test_sources_name_the_paper_or_the_authors():
    assert published.get(6).rows[0].source == "QualNet (CVPR 2021), Table 6"
    augmix, ant = published.get(3).rows
    assert "google-research/augmix" in augmix.source
    assert "bethgelab/game-of-noise" in ant.source


def test_two_protocols_are_told_apart():
    for number in (1, 2):
        notes = " ".join(published.get(number).notes)
        assert "Tables 1 and 2 were measured with different protocols" in notes
    assert published.get(6).dataset == "ImageNet-200"


@pytest.mark.parametrize("number", [0, 4, 5, "2"])
def test_an_unknown_table_names_the_legal_ones(number):
    message = f"paper table {number!r}: expected 1, 2, 3, 6"
    with pytest.raises(ValueError, match=message):
        published.get(number)
