"""Tables 4 and 5: the paper's numbers, our runs in their rows, gaps said."""

import dataclasses

import pytest

from qualnet_tf.evaluation.face_results import (
    FaceResults,
    Identification,
    Verification,
)
from qualnet_tf.reports import face_tables
from qualnet_tf.reports.face_tables import FaceRun, face_table, recipe_of
from qualnet_tf.reports.face_text import face_text
from qualnet_tf.reports.table_formats import render

NAIVE = {
    "method": "supervised",
    "clean_fraction": 0.5,
    "corruptions": ["resolution_nearest"],
    "severities": [1, 3, 5],
    "margin_loss": "cosface",
    "image_size": 112,
    "backbone": "lresnet50a_ir",
    "num_steps": 47_000,
}
RECIPES = {
    "naive": NAIVE,
    "qualnet": NAIVE | {"method": "qualnet"},
    "specialised_112": NAIVE | {"clean_fraction": 1.0},
    "specialised_56": NAIVE | {"clean_fraction": 0.0, "severities": [1]},
    "specialised_28": NAIVE | {"clean_fraction": 0.0, "severities": [3]},
    "specialised_14": NAIVE | {"clean_fraction": 0.0, "severities": [5]},
}


def results(name="run", accuracy=0.9):
    # The order is nobody's promise: a clean against a reduced one comes first.
    sides = {(112, 56): 0.02, (112, 112): 0.0, (56, 56): 0.01}
    return FaceResults(
        run=name,
        image_size=112,
        embedding_size=512,
        interpolation="nearest",
        flip="none",
        verifications=[
            Verification(
                set="agedb_30",
                left_resolution=left,
                right_resolution=right,
                convention="euclidean",
                num_pairs=6000,
                num_folds=10,
                accuracy=accuracy - less,
                deviation=0.01,
                threshold=1.2,
                true_acceptance_rate=0.5,
                false_acceptance_rate=0.001,
            )
            for (left, right), less in sides.items()
        ],
        identifications=[
            Identification(
                set="tinyface",
                gallery_resolution=112,
                probe_resolution=112,
                num_probes=3728,
                num_gallery=157_871,
                rank1=0.31,
                rank5=0.42,
                rank10=0.45,
                rank20=0.5,
                mean_average_precision=0.2,
            )
        ],
    )


def run(name="mine", config=NAIVE, **values):
    return FaceRun(name, config, results(name, **values))


def cells(table, row, runs):
    (line,) = [x for x in table.lines if (x.row, x.runs) == (row, runs)]
    return [str(cell) for cell in line.cells]


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_run_is_known_by_its_configuration(recipe):
    assert recipe_of(RECIPES[recipe]) == recipe


@pytest.mark.parametrize(
    "other",
    [
        {"margin_loss": "none"},
        {"severities": [1, 2, 3, 4, 5]},
        {"corruptions": ["resolution_bicubic"]},
        {"clean_fraction": 0.25},
        {"method": "encoder_decoder"},
    ],
)
def test_other_runs_are_in_no_row(other):
    assert recipe_of(NAIVE | other) is None


def test_published_numbers():
    table = face_table(4, [])
    assert cells(table, "QualNet50-LM", "paper") == [
        *("92.22", "91.27", "87.05", "73.20"),
        *("96.24", "95.81", "93.03", "84.51"),
    ]
    assert cells(table, "naive augmentation", "paper")[3] == "72.48"
    assert cells(table, "specialised on 14", "paper") == ["–"] * 8
    assert cells(table, "QualNet50-LM", "ours") == ["not run"] * 8
    table = face_table(5, [])
    assert cells(table, "QualNet50-LM", "paper") == ["35.54", "44.45", "47.42"]


def test_our_numbers_stand_below_the_papers():
    table = face_table(4, [run(), run("other", accuracy=0.8)])
    expected = ["90.0", "89.0", *["not run"] * 6]
    assert cells(table, "naive augmentation", "mine") == expected
    assert cells(table, "naive augmentation", "other")[0] == "80.0"
    assert cells(face_table(5, [run()]), "naive augmentation", "mine") == [
        "31.0",
        "42.0",
        "45.0",
    ]


def test_notes_name_convention_and_what_cannot_be_compared():
    small = run("small", NAIVE | {"backbone": "lresnet_ir_small"})
    odd = run("odd", NAIVE | {"margin_loss": "none"})
    text = render(face_table(4, [small, odd]), "text")
    assert "euclidean: squared distance of unit vectors" in text
    assert "cannot be compared with its: small." in text
    assert "In no row of this table: odd." in text
    full = render(face_table(4, [run()]), "text")
    assert "cannot be compared" not in full


@pytest.mark.parametrize("style", ["text", "markdown", "latex", "csv"])
def test_every_format(style):
    text = render(face_table(5, [run()]), style)
    assert "35.54" in text and "31.0" in text


def test_an_unknown_table_is_refused():
    with pytest.raises(ValueError, match="7: expected 4 or 5"):
        face_table(7, [])


def test_a_folder_that_is_no_run_is_named(tmp_path):
    with pytest.raises(ValueError, match="expected a run folder with config"):
        face_tables.load_face_run(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ValueError, match="no results on faces"):
        face_tables.load_face_run(tmp_path)


def test_terminal_text_has_conventions_with_the_numbers():
    text = face_text([results("a"), results("b")])
    assert "TAR % at FAR 0.001" in text
    assert text.count("agedb_30   112") == 4
    assert "10 folds of 6000 pairs of agedb_30" in text
    assert "tinyface: 3728 probes, 157871 pictures" in text
    none = dataclasses.replace(results(), verifications=())
    assert "Accuracy" not in face_text([none])
