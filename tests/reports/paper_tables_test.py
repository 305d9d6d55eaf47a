"""The paper's rows in their order, its numbers beside ours, and sentences."""

import dataclasses
import subprocess
import sys

import pytest

from qualnet_tf.evaluation.results import MeanInterval
from qualnet_tf.reports import paper_tables, published, tables
from qualnet_tf.reports.cells import ABSENT
from qualnet_tf.reports.paper_tables import NOT_RUN, paper_table

IMAGENET = {
    "dataset": "imagenet2012",
    "image_size": 224,
    "stem": "qualnet",
    "num_epochs": 90,
    "backbone": "resnet50",
    "method": "supervised",
    "clean_fraction": 0.5,
    "corruptions": ["test"],
    "severities": [1, 2, 3, 4, 5],
    "quality_weight": 0.0,
    "seed": 0,
}
CIFAR10 = IMAGENET | {
    "dataset": "cifar10",
    "image_size": 32,
    "backbone": "cifar_resnet18",
}
CIFAR10_LABEL = "cifar10 at 32 pixels, cifar_resnet18"
QUALNET = {
    "method": "qualnet",
    "stage1_run_dir": "runs/stage1",
    "quality_weight": 0.1,
}


@pytest.fixture
def run(make_run, make_results):
    """A run of a configuration; further arguments change its results."""

    def make(name, config, **changes):
        if config["dataset"] == "imagenet2012":
            changes = {
                "num_classes": 1000,
                "image_size": 224,
                "severity_table": "imagenet_c",
            } | changes
        changes = {"dataset": config["dataset"]} | changes
        return make_run(
            name, config=config, results=make_results(name, **changes)
        )

    return make


def _line(table, row):
    (line,) = [line for line in table.lines if line.row == row]
    return line.runs, [str(cell) for cell in line.cells]


@pytest.mark.parametrize("number", published.TABLES)
def test_without_runs_every_row_is_not_run(number):
    table = paper_table(number, [])
    rows = published.get(number).rows
    assert [line.row for line in table.lines] == [row.name for row in rows]
    assert table.columns[:1] + table.columns[2:3] == (
        "Paper: clean",
        "Ours: clean",
    )
    for line, row in zip(table.lines, rows, strict=True):
        assert line.runs == ""
        texts = [cell.text for cell in line.cells]
        assert texts[:2] == [
            row.clean_accuracy or ABSENT,
            row.number or ABSENT,
        ]
        assert texts[2:] == [NOT_RUN, ABSENT]


@pytest.mark.parametrize("number", published.TABLES)
def test_the_honest_sentences_stand_below_every_table(number, run):
    for runs in ([], [run("naive", CIFAR10)]):
        table = paper_table(number, runs)
        assert set(tables.HONEST_SENTENCES) <= set(table.notes)
        assert set(published.get(number).notes) <= set(table.notes)
        assert len(set(table.notes)) == len(table.notes)


@pytest.mark.parametrize("number", published.TABLES)
def test_every_line_has_a_cell_per_column(number, run):
    runs = [
        run("naive", IMAGENET),
        run("naive10", CIFAR10),
        run("short", CIFAR10 | {"num_epochs": 1}),
        run("augmix", CIFAR10 | {"method": "augmix", "clean_fraction": 1.0}),
    ]
    table = paper_table(number, runs)
    assert {len(line.cells) for line in table.lines} == {len(table.columns)}


def test_a_run_at_the_papers_size_is_ours(run):
    interval = MeanInterval("clean_accuracy", 0.931, 0.968)
    naive = run("resnet50_naive", IMAGENET, intervals=(interval,))
    table = paper_table(2, [naive])
    assert table.title.startswith("Table 2, ImageNet: ")
    assert table.columns == (
        "Paper: clean",
        "Paper: mCE",
        "Ours: clean",
        "Ours: mCE",
    )
    assert _line(table, "ResNet50, naive augmentation") == (
        "resnet50_naive",
        # Mean of five errors 0.1 to 0.3, over each of AlexNet's 15 means.
        ["74.88", "52.35", "95.0 (93.1 to 96.8)", "25.9"],
    )
    assert _line(table, "QualNet50") == (
        "",
        ["75.30", "50.60", NOT_RUN, ABSENT],
    )
    assert tables.MCE_SENTENCE in table.notes
    assert tables.INTERVAL_SENTENCE in table.notes
    assert not any(
        note.startswith(paper_tables.STAND_IN_SENTENCE) for note in table.notes
    )


def test_a_stand_in_has_its_own_columns_and_a_warning(run):
    table = paper_table(2, [run("naive10", CIFAR10), run("naive", IMAGENET)])
    assert table.columns[2:] == (
        "Ours: clean",
        "Ours: mCE",
        f"{CIFAR10_LABEL}: clean",
        f"{CIFAR10_LABEL}: corruption accuracy",
    )
    assert _line(table, "ResNet18, naive augmentation") == (
        "naive10",
        ["67.88", "63.66", NOT_RUN, ABSENT, "95.0", "80.0"],
    )
    runs, cells = _line(table, "ResNet50, naive augmentation")
    assert (runs, cells[2:]) == ("naive", ["95.0", "25.9", NOT_RUN, ABSENT])
    warning = f"{paper_tables.STAND_IN_SENTENCE}: {CIFAR10_LABEL}."
    assert warning in table.notes


def test_stand_ins_alone_leave_no_empty_columns(run):
    table = paper_table(6, [run("naive", CIFAR10)])
    assert table.columns == (
        "Paper: clean",
        "Paper: corruption accuracy",
        f"{CIFAR10_LABEL}: clean",
        f"{CIFAR10_LABEL}: corruption accuracy",
    )
    assert tables.MCE_SENTENCE not in table.notes


def test_seeds_share_a_line(run):
    runs = [
        run(f"naive{seed}", CIFAR10 | {"seed": seed}, loss=0.05 + seed / 100)
        for seed in (0, 1)
    ]
    table = paper_table(2, runs)
    names, cells = _line(table, "ResNet18, naive augmentation")
    assert names == "naive0, naive1"
    assert cells[-1] == "78.5 (77.0 to 80.0 over 2 seeds)"
    assert paper_tables.SEEDS_SENTENCE in table.notes
    assert tables.INTERVAL_SENTENCE not in table.notes
    assert paper_tables.SEEDS_SENTENCE not in paper_table(2, runs[:1]).notes


def test_other_differences_have_lines_of_their_own(run):
    long = run("long", CIFAR10 | {"num_epochs": 400}, clean_accuracy=0.9)
    table = paper_table(2, [run("naive", CIFAR10), long])
    lines = [line for line in table.lines if "naive" in line.row][:2]
    assert [line.row for line in lines] == ["ResNet18, naive augmentation"] * 2
    assert [line.runs for line in lines] == ["naive", "long"]
    assert [line.cells[2].text for line in lines] == ["95.0", "90.0"]
    # The paper's numbers stand in both: each line can be read by itself.
    assert [line.cells[0].text for line in lines] == ["67.88"] * 2


def test_more_lines_of_one_setting_leave_the_other_empty_not_unrun(run):
    runs = [
        run("naive", CIFAR10),
        run("long", CIFAR10 | {"num_epochs": 400}),
        run("digits", CIFAR10 | {"dataset": "digits"}),
    ]
    table = paper_table(6, runs)
    first, second = table.lines[:2]
    assert (first.runs, second.runs) == ("naive, digits", "long")
    assert [cell.text for cell in second.cells[4:]] == [ABSENT, ABSENT]


def test_runs_of_no_row_are_named_once(run):
    stage1 = run("stage1", CIFAR10 | {"backbone": "irevnet_cifar"})
    notes = paper_table(2, [stage1, stage1, run("naive", CIFAR10)]).notes
    assert notes[-1] == "In no row of this table: stage1."


def test_how_a_setting_was_measured_is_said(run):
    runs = [
        run("naive", CIFAR10, num_images=100),
        run("qualnet", CIFAR10 | QUALNET, adaptation="batch_norm"),
    ]
    (note,) = [n for n in paper_table(2, runs).notes if "was measured" in n]
    assert note.startswith(
        f"{CIFAR10_LABEL} was measured with data set cifar10"
    )
    assert "pictures 100 / 500" in note
    assert note.endswith("batch norms adapted to the test images.")
    apart = paper_table(2, [runs[0], run("naive", IMAGENET)]).notes
    (note,) = [n for n in apart if n.startswith("Ours was measured")]
    assert "data set imagenet2012, " in note
    plain = paper_table(2, runs[:1]).notes
    assert not any("adapted" in note for note in plain)


def test_another_quality_weight_is_said(run):
    papers = run("qualnet", CIFAR10 | QUALNET)
    other = run("strong", CIFAR10 | QUALNET | {"quality_weight": 1.0})
    notes = paper_table(2, [papers, other, run("naive", CIFAR10)]).notes
    sentence = "Another quality weight than the paper's 0.1: strong (1)."
    assert sentence in notes
    strong = paper_table(2, [other, other]).notes
    assert sentence in strong
    assert not any("weight than" in n for n in paper_table(2, [papers]).notes)


def test_dashes_are_explained(run):
    gap = run("naive", CIFAR10, leave_out={("fog", 3)})
    assert paper_tables.MISSING_SENTENCE in paper_table(6, [gap]).notes
    whole = paper_table(6, [run("naive", CIFAR10)])
    assert paper_tables.MISSING_SENTENCE not in whole.notes
    assert paper_tables.UNKNOWN_SENTENCE not in whole.notes
    assert paper_tables.UNKNOWN_SENTENCE in paper_table(1, []).notes


def test_a_published_mean_of_levels_has_a_column(monkeypatch):
    table = published.get(1)
    rows = [
        dataclasses.replace(row, clean_accuracy="60.00", number="50.92")
        if row.measure == "deepcorrect_noise"
        else row
        for row in table.rows
    ]
    known = dataclasses.replace(table, rows=tuple(rows))
    monkeypatch.setitem(published.TABLES, 1, known)
    filled = paper_table(1, [])
    assert filled.columns[:3] == (
        "Paper: clean",
        "Paper: mCE",
        "Paper: 7 levels",
    )
    _, cells = _line(filled, "ResNet18, DeepCorrect, noise")
    assert cells[:3] == ["60.00", ABSENT, "50.92"]


def test_an_unknown_table_is_refused():
    with pytest.raises(ValueError, match="table 4: expected 1, 2, 3, 6"):
        paper_table(4, [])


def test_paper_tables_load_neither_tensorflow_nor_matplotlib():
    code = (
        "import sys, qualnet_tf.reports.table_formats;"
        "sys.exit(any(name in sys.modules for name in"
        " ('tensorflow', 'keras', 'matplotlib')))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
