"""Tests of the result file: round trips, averages, and files gone wrong."""

import dataclasses
import json
import subprocess
import sys

import numpy as np
import pytest

from qualnet_tf.evaluation import results as results_lib
from qualnet_tf.evaluation.results import (
    ClassificationResults,
    ConditionQuality,
    ConditionResult,
    MeanInterval,
)
from tests.evaluation.made_up_results import make_results


def test_json_round_trip():
    results = make_results(left_out=("frost",))
    assert ClassificationResults.from_json(results.to_json()) == results


def test_the_text_has_the_documented_schema():
    data = json.loads(make_results().to_json())
    assert data["schema_version"] == 4
    assert data["conditions"][0] == {
        "corruption": "gaussian_noise",
        "severity": 1,
        "accuracy": 0.9,
    }
    assert set(data) == {
        "schema_version",
        *(f.name for f in dataclasses.fields(ClassificationResults)),
    }


def test_results_of_version_1_had_one_variant_and_no_jpeg_step():
    data = json.loads(make_results().to_json())
    del data["corruption_variant"], data["imagenet_c_jpeg"]
    old = json.dumps({**data, "schema_version": 1})
    assert ClassificationResults.from_json(old) == make_results()


def test_results_of_version_2_had_neither_intervals_nor_qualities():
    data = json.loads(make_results().to_json())
    del data["intervals"], data["qualities"]
    old = json.dumps({**data, "schema_version": 2})
    assert ClassificationResults.from_json(old) == make_results()


def test_results_of_version_3_were_made_here_and_not_adapted():
    data = json.loads(make_results().to_json())
    for name in (
        "conditions_from",
        "adaptation",
        "predictions",
        "reliability",
        "class_accuracies",
    ):
        del data[name]
    old = json.dumps({**data, "schema_version": 3})
    assert ClassificationResults.from_json(old) == make_results()


def test_intervals_survive_a_file_and_reach_the_summary():
    intervals = (MeanInterval("clean_accuracy", 0.9, np.float64(0.99)),)
    results = make_results(intervals=intervals)
    assert ClassificationResults.from_json(results.to_json()) == results
    summary = results_lib.summarize(results)
    assert summary.intervals == {"clean_accuracy": (0.9, 0.99)}
    for ends in ((1.1, 1.0), (0.5, float("nan"))):
        with pytest.raises(ValueError, match="interval of x is .*, expected"):
            MeanInterval("x", *ends)


def test_qualities_survive_a_file():
    quality = ConditionQuality("fog", 2, 0.9, np.float32(1.5), 0.5, 0.25)
    results = make_results(qualities=(quality,))
    assert ClassificationResults.from_json(results.to_json()) == results


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ((1.5, 1.0, 0.5, 0.2), "top-5 accuracy of fog 2 is 1.5"),
        ((0.5, -1.0, 0.5, 0.2), "likelihood of fog 2 is -1.0, expected at le"),
        ((0.5, float("nan"), 0.5, 0.2), "likelihood of fog 2 is nan"),
        ((0.5, 1.0, 2.5, 0.2), "half the Brier score of fog 2 is 1.25"),
        ((0.5, 1.0, 0.5, -0.1), "calibration error of fog 2 is -0.1"),
    ],
)
def test_impossible_qualities_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        ConditionQuality("fog", 2, *values)


def test_numpy_scalars_become_plain_numbers():
    condition = ConditionResult("fog", np.int64(2), np.float32(0.5))
    results = make_results(
        clean_accuracy=np.float64(0.5), conditions=[condition]
    )
    assert ClassificationResults.from_json(results.to_json()) == results
    assert type(condition.severity) is int
    assert type(condition.accuracy) is float


def test_save_and_load(tmp_path):
    path = tmp_path / "results" / "classification.json"
    results_lib.save(make_results(), path)
    assert results_lib.load(path) == make_results()
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_failed_save_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "classification.json"
    results_lib.save(make_results(), path)

    def full(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        results_lib.save(make_results(run="other"), path)
    assert results_lib.load(path) == make_results()
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_file_says_what_to_run(tmp_path):
    with pytest.raises(ValueError, match="no results.*evaluate the run first"):
        results_lib.load(tmp_path / "classification.json")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON"),
        ("[]", "expected a JSON object with schema_version"),
        ('{"accuracy": 1}', "expected a JSON object with schema_version"),
        ('{"schema_version": "1"}', "expected a whole number"),
        ('{"schema_version": 5}', "reads up to 4; upgrade"),
        ('{"schema_version": 1}', "has no run, method"),
    ],
)
def test_a_foreign_or_newer_file_is_refused(tmp_path, text, message):
    path = tmp_path / "classification.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=message) as error:
        results_lib.load(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"clean_accuracy": 97.0}, "clean_accuracy is 97.0, expected a frac"),
        ({"clean_accuracy": "0.9"}, "clean_accuracy is '0.9', expected float"),
        ({"num_images": 0}, "num_images is 0, expected at least 1"),
        ({"num_images": 1.5}, "num_images is 1.5, expected int"),
        ({"seed": True}, "seed is True, expected int"),
        ({"run": None}, "run is None, expected str"),
        ({"conditions": {}}, "conditions is {}, expected tuple"),
        ({"conditions": [3]}, "expected an object for ConditionResult"),
        ({"left_out": [3]}, "expected names"),
        ({"note": "x"}, "has unknown note"),
        (
            {"conditions": [{"corruption": "fog", "severity": 1}]},
            "ConditionResult has no accuracy",
        ),
        (
            {
                "conditions": [
                    {"corruption": "fog", "severity": 0, "accuracy": 0.5}
                ]
            },
            "fog: severity is 0, expected 1 to 5",
        ),
        (
            {
                "conditions": [
                    {"corruption": "fog", "severity": 1, "accuracy": 0.5}
                ]
                * 2
            },
            "fog 1 occurs twice",
        ),
    ],
)
def test_bad_values_are_refused(change, message):
    data = json.loads(make_results().to_json()) | change
    with pytest.raises(ValueError, match=message) as error:
        ClassificationResults.from_json(json.dumps(data), "some.json")
    assert str(error.value).startswith("some.json: ")


def test_not_a_number_is_no_accuracy():
    with pytest.raises(ValueError, match="fog 1 is nan"):
        ConditionResult("fog", 1, float("nan"))


def test_reading_results_does_not_load_tensorflow():
    code = (
        "import sys, qualnet_tf.evaluation.results;"
        "sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
