"""Tests of the tables, in the terminal and behind the page."""

import dataclasses
import subprocess
import sys

import pytest

from qualnet_tf.evaluation.results import ConditionResult, MeanInterval
from qualnet_tf.reports import tables
from qualnet_tf.reports.cells import ABSENT, percent


def test_per_cent_has_one_decimal():
    assert percent(0.12345) == "12.3"
    assert percent(1.0) == "100.0"
    assert percent(None) == "–"


def test_terminal_table(make_results):
    runs = [
        make_results("naive_augmentation", 0.1, method="supervised"),
        make_results("qualnet", 0.05),
    ]
    lines = tables.terminal_table(runs).splitlines()
    rule = "  ".join(["-" * n for n in (18, 10, 5, 19, 11)])
    assert lines[:4] == [
        "Run                 Method      Clean  15 test corruptions  "
        "4 hold-outs",
        rule,
        "naive_augmentation  supervised   95.0                 65.0  "
        "       65.0",
        "qualnet             qualnet      95.0                 80.0  "
        "       80.0",
    ]
    assert lines[-2:] == list(tables.HONEST_SENTENCES)


def test_the_best_of_a_column_is_marked(make_results):
    table = tables.summary_table(
        [make_results("naive", 0.1), make_results("qualnet", 0.05)]
    )
    marks = [[cell.best for cell in row.cells] for row in table.rows]
    # Clean accuracy is the same: nothing to mark.
    assert marks == [[False, False, False], [False, True, True]]


def test_nothing_is_best_of_one(make_results):
    (row,) = tables.summary_table([make_results()]).rows
    assert not any(cell.best for cell in row.cells)


def test_an_mce_column_only_where_there_is_one(make_results):
    imagenet = {
        "dataset": "imagenet2012",
        "num_classes": 1000,
        "image_size": 224,
        "severity_table": "imagenet_c",
    }
    runs = [
        make_results("good", 0.05, **imagenet),
        make_results("bad", 0.1, **imagenet),
        make_results("digits"),
    ]
    table = tables.summary_table(runs)
    assert table.columns[-2:] == ("mCE", "Relative mCE")
    good, bad, digits = [row.cells[-2] for row in table.rows]
    assert good.best and not bad.best
    # Mean of five errors 0.1 to 0.3, over each of AlexNet's 15 means.
    assert good.text == "25.9"
    assert digits.text == ABSENT
    relative = [row.cells[-1] for row in table.rows]
    assert [cell.best for cell in relative] == [True, False, False]
    assert relative[-1].text == ABSENT
    assert tables.MCE_SENTENCE in table.notes
    assert "mCE" not in tables.summary_table([make_results()]).columns


def test_what_is_missing_is_named_and_never_zero(make_results):
    gaps = {("fog", severity) for severity in range(1, 6)} | {("snow", 2)}
    results = make_results("naive", 0.1, gaps, left_out=("fog", "extra"))
    table = tables.summary_table([results])
    assert table.rows[0].cells[1].text == ABSENT
    assert table.notes[0].startswith("Not measured for naive: snow 2, fog.")
    assert table.notes[1] == "Left out for naive: extra."


def test_runs_that_were_not_measured_alike_say_so(make_results):
    runs = [make_results("a"), make_results("b", num_images=100)]
    assert tables.summary_table(runs).notes == (
        "The runs were not measured alike: pictures (500 / 100).",
    )


def test_heat_table(make_results):
    runs = [make_results("a", 0.1), make_results("b", 0.05, {("fog", 5)})]
    heat = tables.heat_table(runs)
    assert heat.columns == ("1", "2", "3", "4", "5", "mean")
    assert (heat.lowest, heat.highest) == ("45.0", "90.0")
    rows = dict(row for _, rows in heat.families for row in rows)
    assert len(rows) == 19
    texts = [cell.text for cell in rows["Fog"]]
    assert texts[:6] == ["85.0", "75.0", "65.0", "55.0", "45.0", "65.0"]
    assert texts[6:] == ["90.0", "85.0", "80.0", "75.0", "–", "–"]
    strengths = [cell.strength for cell in rows["Fog"]]
    assert strengths[4] == 0 and strengths[6] == 1
    assert strengths[10:] == [None, None]


def test_a_heat_table_of_equal_accuracies(make_results):
    heat = tables.heat_table([make_results(loss=0.0)])
    _, rows = heat.families[0]
    assert [cell.strength for cell in rows[0][1]] == pytest.approx([0] * 6)


def test_tables_load_neither_tensorflow_nor_matplotlib():
    code = (
        "import sys, qualnet_tf.reports.tables;"
        "sys.exit(any(name in sys.modules for name in"
        " ('tensorflow', 'keras', 'matplotlib')))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_deepcorrects_levels_have_a_column_and_a_sentence(make_results):
    plain = make_results("plain")
    conditions = tuple(
        ConditionResult("deepcorrect_noise", severity, 0.5)
        for severity in range(1, 7)
    )
    results = dataclasses.replace(plain, conditions=conditions)
    table = tables.heat_table([results])
    assert table.columns == ("1", "2", "3", "4", "5", "6", "mean")
    ((family, ((name, cells),)),) = table.families
    assert (family, name) == ("other", "DeepCorrect noise")
    assert [cell.text for cell in cells] == ["50.0"] * 7
    (note,) = [
        n for n in tables.summary_table([results]).notes if "levels" in n
    ]
    assert tables.summary_table([results]).notes[0] == (
        "Not measured for plain: the 15 test corruptions, the 4 hold-out "
        "corruptions. A mean stands only where all of its conditions were "
        "measured."
    )
    mean = (plain.clean_accuracy + 3.0) / 7
    assert note == (
        f"DeepCorrect noise for plain: {100 * mean:.1f}, mean of 7 levels, the "
        "clean one included."
    )
    assert tables.heat_table([plain]).columns[-2:] == ("5", "mean")


def test_intervals_follow_their_means(make_results):
    interval = MeanInterval("clean_accuracy", 0.931, 0.968)
    with_one = make_results("good", 0.05, intervals=(interval,))
    table = tables.summary_table([with_one, make_results("bad", 0.1)])
    good, bad = (row.cells for row in table.rows)
    assert str(good[0]) == "95.0 (93.1 to 96.8)"
    assert (good[0].text, good[0].interval) == ("95.0", "93.1 to 96.8")
    assert str(bad[0]) == "95.0"
    assert "95.0 (93.1 to 96.8)" in tables.terminal_table([with_one])
    assert good[1].best and good[1].text == "80.0"
    assert tables.INTERVAL_SENTENCE in table.notes
    plain = tables.summary_table([make_results()])
    assert tables.INTERVAL_SENTENCE not in plain.notes


def test_an_adapted_run_is_never_the_best(make_results):
    runs = [
        make_results("low", 0.07),
        make_results("adapted", 0.01, adaptation="batch_norm"),
        make_results("high", 0.05),
    ]
    table = tables.summary_table(runs)
    best = [row.run for row in table.rows if row.cells[1].best]
    assert best == ["high"]
    assert tables.ADAPTED_SENTENCE in table.notes
    plain = tables.summary_table([runs[0], runs[2]])
    assert tables.ADAPTED_SENTENCE not in plain.notes
    alone = tables.summary_table(runs[:2])
    assert not any(row.cells[1].best for row in alone.rows)
