"""Probabilities are averaged over groups that are complete."""

from qualnet_tf.evaluation.results import ConditionQuality, MeanInterval
from qualnet_tf.metrics.alexnet_errors import (
    HOLDOUT_CORRUPTIONS,
    SEVERITIES,
)
from qualnet_tf.reports.quality_table import quality_table


def _qualities(leave_out=()):
    return tuple(
        ConditionQuality(name, severity, 1 - severity / 10, severity, 0.5, 0.25)
        for name, severity in [
            ("clean", 0),
            *((n, s) for n in HOLDOUT_CORRUPTIONS for s in SEVERITIES),
        ]
        if (name, severity) not in leave_out
    )


def test_means_are_over_the_conditions_of_a_group(make_results):
    table = quality_table([make_results("one", qualities=_qualities())])
    assert table.columns == (
        "Top-5 accuracy",
        "Calibration error",
        "Neg. log-likelihood",
        "Brier score",
    )
    assert [
        (group, run, [cell.text for cell in cells])
        for group, rows in table.groups
        for run, cells in rows
    ] == [
        ("clean", "one", ["100.0", "25.0", "0.000", "0.500"]),
        ("4 hold-outs", "one", ["70.0", "25.0", "3.000", "0.500"]),
    ]


def test_intervals_follow_their_means(make_results):
    intervals = (
        MeanInterval("holdout.brier_score", 0.4, 0.61),
        MeanInterval("clean.top5_accuracy", 0.98, 1.0),
        MeanInterval("test.brier_score", 0.1, 0.2),
    )
    run = make_results("one", qualities=_qualities(), intervals=intervals)
    cells = {
        group: [cell.interval for cell in rows[0][1]]
        for group, rows in quality_table([run]).groups
    }
    assert cells == {
        "clean": ["98.0 to 100.0", "", "", ""],
        "4 hold-outs": ["", "", "", "0.400 to 0.610"],
    }


def test_an_incomplete_group_has_no_row(make_results):
    gap = _qualities({("spatter", 2)})
    runs = [
        make_results("whole", qualities=_qualities()),
        make_results("gap", qualities=gap),
        make_results("old"),
    ]
    groups = dict(quality_table(runs).groups)
    assert [run for run, _ in groups["clean"]] == ["whole", "gap"]
    assert [run for run, _ in groups["4 hold-outs"]] == ["whole"]
    assert quality_table([make_results("old")]).groups == ()
