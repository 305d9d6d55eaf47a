"""Runs of one row: seeds are averaged, anything else stays apart."""

import pytest

from qualnet_tf.evaluation.results import ConditionResult, MeanInterval
from qualnet_tf.reports import published
from qualnet_tf.reports.cells import ABSENT
from qualnet_tf.reports.paper_entries import find_entries

NAIVE = {
    "run_dir": "runs/0/naive",
    "dataset": "cifar10",
    "image_size": 32,
    "method": "supervised",
    "backbone": "cifar_resnet18",
    "clean_fraction": 0.5,
    "corruptions": ["test"],
    "severities": [1, 2, 3, 4, 5],
    "learning_rate": 0.1,
    "seed": 0,
}
FITNET = NAIVE | {"method": "fitnet", "stage1_run_dir": "runs/0/stage1"}
IMAGENET = {
    "dataset": "imagenet2012",
    "num_classes": 1000,
    "image_size": 224,
    "severity_table": "imagenet_c",
}
INTERVAL = MeanInterval("clean_accuracy", 0.931, 0.968)


@pytest.fixture
def entries(make_run, make_results):
    """Entries of a table for runs given as (config, results' changes)."""

    def find(number, *given):
        runs = [
            make_run(
                f"run{place}",
                config=config,
                results=make_results(f"run{place}", **changes),
            )
            for place, (config, changes) in enumerate(given)
        ]
        return find_entries(published.get(number), runs)

    return find


def _texts(entry):
    return {measure: str(cell) for measure, cell in entry.numbers.items()}


def _names(found):
    return [[run.name for run in entry.runs] for entry in found]


def test_one_run_has_its_intervals(entries):
    (entry,) = entries(2, (NAIVE, {"intervals": (INTERVAL,)}))
    assert entry.row.name == "ResNet18, naive augmentation"
    assert entry.setting == "cifar10 at 32 pixels, cifar_resnet18"
    assert _texts(entry) == {
        "clean_accuracy": "95.0 (93.1 to 96.8)",
        "mean_corruption_accuracy": "80.0",
    }


def test_seeds_are_averaged(entries):
    interval = {"intervals": (INTERVAL,)}
    found = entries(
        1,
        (FITNET, {"loss": 0.04} | interval),
        (
            FITNET
            | {
                "seed": 1,
                "run_dir": "runs/1/fitnet",
                "stage1_run_dir": "runs/1/stage1",
            },
            {"loss": 0.06, "clean_accuracy": 0.92} | interval,
        ),
        (FITNET | {"seed": 2}, {"loss": 0.08, "seed": 7} | interval),
    )
    assert _names(found) == [["run0", "run1", "run2"]]
    assert _texts(found[0]) == {
        "clean_accuracy": "94.0 (92.0 to 95.0 over 3 seeds)",
        "mean_corruption_accuracy": "77.0 (71.0 to 83.0 over 3 seeds)",
    }


@pytest.mark.parametrize(
    ("knobs", "measured"),
    [
        ({"learning_rate": 0.2}, {}),
        ({"stage1_run_dir": "runs/1/another"}, {}),
        ({}, {"num_images": 100}),
        ({}, {"adaptation": "batch_norm"}),
        ({}, {"conditions_from": "cifar10_corrupted"}),
    ],
    ids=str,
)
def test_what_differs_otherwise_stays_apart(entries, knobs, measured):
    other = FITNET | {"seed": 1} | knobs
    found = entries(1, (FITNET, {}), (other, measured))
    assert _names(found) == [["run0"], ["run1"]]


def test_the_same_seed_again_is_no_second_seed(entries):
    other = FITNET | {"seed": 1}
    found = entries(1, (FITNET, {}), (FITNET, {}), (other, {}))
    assert _names(found) == [["run0", "run2"], ["run1"]]


def test_mce_where_alexnet_was_measured(entries):
    found = entries(2, (NAIVE, IMAGENET), (NAIVE, {}))
    assert list(found[0].numbers) == ["clean_accuracy", "mce"]
    # Mean of five errors 0.1 to 0.3, over each of AlexNet's 15 means.
    assert found[0].numbers["mce"].text == "25.9"
    assert "mce" not in found[1].numbers


def test_holdouts_stand_in_table_3(entries):
    augmix = NAIVE | {"method": "augmix", "clean_fraction": 1.0}
    (entry,) = entries(3, (augmix, {}))
    assert entry.numbers["holdout_accuracy"].text == "80.0"
    (entry,) = entries(2, (NAIVE, {}))
    assert "holdout_accuracy" not in entry.numbers


def test_deepcorrects_rows_have_the_mean_of_seven_levels(entries, make_results):
    config = NAIVE | {
        "method": "deepcorrect",
        "corruptions": ["deepcorrect_noise"],
    }
    levels = tuple(
        ConditionResult("deepcorrect_noise", severity, 0.6)
        for severity in range(1, 7)
    )
    conditions = (*make_results().conditions, *levels)
    (entry,) = entries(1, (config, {"conditions": conditions}))
    # (0.95 + 6 x 0.6) / 7
    assert _texts(entry) == {"clean_accuracy": "95.0", "level_mean": "65.0"}
    # In other rows its distortions are not the paper's number.
    (entry,) = entries(1, (NAIVE, {"conditions": conditions}))
    assert "level_mean" not in entry.numbers


def test_a_seed_without_a_condition_leaves_no_mean(entries):
    other = NAIVE | {"seed": 1}
    (entry,) = entries(2, (NAIVE, {}), (other, {"leave_out": {("fog", 3)}}))
    assert len(entry.runs) == 2
    assert entry.numbers["mean_corruption_accuracy"].text == ABSENT


def test_runs_of_no_row_are_left_out(entries):
    found = entries(6, ({"dataset": "digits"}, {}), (NAIVE, {}))
    assert _names(found) == [["run1"]]
