"""Accuracies are plain counts; what cannot be compared is refused."""

import dataclasses
import json
import shutil

import numpy as np
import pytest

from qualnet_tf import datasets
from qualnet_tf.config import EvaluateConfig
from qualnet_tf.datasets import pipeline
from qualnet_tf.evaluation import classification, results
from qualnet_tf.models.saving import load_model
from qualnet_tf.run_dir import RunDir, write_json
from tests.training.tiny_runs import train

CORRUPTIONS = ("contrast", "impulse_noise")


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Two runs on digits and one on another data set."""
    root = tmp_path_factory.mktemp("runs")
    return [
        train(root / "first", num_epochs=1),
        train(root / "second", num_epochs=1, seed=1),
        train(root / "other", num_epochs=1, dataset="synthetic"),
    ]


def evaluate(*runs, **values):
    options = {
        "corruptions": CORRUPTIONS,
        "severities": (1, 4),
        "num_images": 30,
        "batch_size": 32,
        "num_pictures": 0,
    }
    paths = tuple(str(run.path) for run in runs)
    classification.evaluate(
        EvaluateConfig(run_dir=paths, **{**options, **values})
    )


@pytest.fixture(scope="module")
def evaluated(runs):
    evaluate(*runs)
    return runs


def test_a_spreadsheet_lies_beside_the_results(evaluated):
    lines = evaluated[0].results_csv.read_text().splitlines()
    assert lines[0] == "corruption,clean,1,4"
    assert [line.split(",")[0] for line in lines[1:]] == ["none", *CORRUPTIONS]


def test_an_entry_for_robustbench_only_of_a_whole_evaluation(runs):
    run = runs[1]
    evaluate(run, corruptions=("test",), severities=(1, 2, 3, 4, 5), seed=3)
    entry = json.loads(run.robustbench.read_text())
    found = results.summarize(results.load(run.results))
    assert entry["architecture"] == "resnet_tiny"
    assert float(entry["corruptions_acc"]) == pytest.approx(
        100 * found.mean_corruption_accuracy, abs=0.01
    )
    evaluate(run)
    assert not run.robustbench.exists()


@pytest.mark.parametrize("position", [0, 1, 2])
def test_accuracies_are_shares_of_right_answers(evaluated, position):
    run = evaluated[position]
    found = results.load(run.results)
    classifier = load_model(run.classifier)
    source = datasets.open_source(found.dataset, "validation")
    conditions = [pipeline.CLEAN, ("contrast", 1), ("impulse_noise", 4)]
    expected = []
    for condition in conditions:
        batches = pipeline.evaluation_batches(
            source, batch_size=30, image_size=16, conditions=[condition]
        )
        batch = next(batches.as_numpy_iterator())
        logits = np.asarray(classifier(batch["image"]))
        expected.append(np.mean(logits.argmax(-1) == batch["label"]))
    table = found.accuracies()
    received = [
        found.clean_accuracy,
        table["contrast"][1],
        table["impulse_noise"][4],
    ]
    np.testing.assert_allclose(received, expected, atol=1e-9)
    assert [(q.corruption, q.severity) for q in found.qualities] == [
        ("clean", 0),
        *((name, severity) for name in CORRUPTIONS for severity in (1, 4)),
    ]
    assert all(
        quality.top5_accuracy >= table[quality.corruption][quality.severity]
        for quality in found.qualities[1:]
    )
    # Neither the 15 nor the 4 are complete.
    assert {each.measure.split(".")[0] for each in found.intervals} == {
        "clean_accuracy",
        "clean",
    }
    interval = found.intervals[0]
    assert interval.measure == "clean_accuracy"
    assert interval.low <= found.clean_accuracy <= interval.high
    assert 0.1 < interval.high - interval.low < 0.5  # of 30 images


def test_results_say_what_they_were_measured_on(evaluated):
    found = results.load(evaluated[2].results)
    assert (found.dataset, found.split) == ("synthetic", "validation")
    assert (found.num_images, found.image_size) == (30, 16)
    assert found.severity_table == "cifar_c"
    assert found.frost_textures == "procedural"
    assert found.num_classes == len(evaluated[2].read_info()["class_names"])


def test_more_images_than_there_are_means_all(evaluated, tmp_path):
    run = RunDir(shutil.copytree(evaluated[2].path, tmp_path / "run"))
    evaluate(run, num_images=10_000, corruptions=("contrast",), severities=(1,))
    source = datasets.open_source("synthetic", "validation")
    assert results.load(run.results).num_images == source.num_examples


def test_another_classifier_is_evaluated_again(evaluated, tmp_path):
    run = RunDir(shutil.copytree(evaluated[0].path, tmp_path / "run"))
    before = run.results.stat().st_mtime_ns
    run.classifier.touch()  # the same network
    evaluate(run)
    assert run.results.stat().st_mtime_ns == before
    shutil.copy(evaluated[1].classifier, run.classifier)
    evaluate(run)
    assert run.results.stat().st_mtime_ns > before


def test_another_seed_is_another_question(evaluated, tmp_path):
    run = RunDir(shutil.copytree(evaluated[0].path, tmp_path / "run"))
    before = results.load(run.results)
    evaluate(run, seed=7, corruptions=("impulse_noise",))
    evaluate(run, seed=8, corruptions=("impulse_noise",))
    found = results.load(run.results)
    assert found.seed == 8
    assert len({path.name for path in run.predictions.iterdir()}) == 3
    evaluate(run)  # answered before
    found = dataclasses.replace(results.load(run.results), run=before.run)
    assert found == before


@pytest.mark.parametrize("num_images", [0, 10_000])
def test_all_images_are_not_evaluated_twice(
    evaluated, tmp_path, capsys, num_images
):
    run = RunDir(shutil.copytree(evaluated[2].path, tmp_path / "run"))
    options = {"corruptions": ("contrast",), "severities": (1,)}
    evaluate(run, num_images=10_000, **options)
    evaluate(run, num_images=num_images, **options)
    assert "already evaluated" in capsys.readouterr().out


def test_unfinished_run_is_refused(evaluated, tmp_path):
    run = RunDir(shutil.copytree(evaluated[0].path, tmp_path / "run"))
    write_json(run.run_info, {**run.read_info(), "status": "training"})
    with pytest.raises(ValueError, match="expected a finished run"):
        evaluate(run)


def test_data_with_other_classes_is_refused(evaluated, tmp_path):
    run = RunDir(shutil.copytree(evaluated[0].path, tmp_path / "run"))
    write_json(run.run_info, {**run.read_info(), "class_names": ["a", "b"]})
    run.results.unlink()
    with pytest.raises(
        ValueError, match="expected the 2 classes the run was trained on"
    ):
        evaluate(run)


def test_the_jpeg_step_is_recorded_and_evaluated_anew(evaluated, tmp_path):
    run = RunDir(shutil.copytree(evaluated[0].path, tmp_path / "run"))
    assert results.load(run.results).imagenet_c_jpeg == "off"  # no 224 table
    before = run.results.stat().st_mtime_ns
    evaluate(run, imagenet_c_jpeg="on")
    assert run.results.stat().st_mtime_ns > before
    assert results.load(run.results).imagenet_c_jpeg == "on"


def test_the_first_picture_is_kept_under_every_condition(evaluated, tmp_path):
    run = RunDir(shutil.copytree(evaluated[2].path, tmp_path / "run"))
    evaluate(run, num_images=5, num_pictures=1)
    kept = results.load_condition_pictures(run.condition_pictures)
    assert (kept.names, kept.severities) == (CORRUPTIONS, (1, 4))
    source = datasets.open_source("synthetic", "validation")
    conditions = [pipeline.CLEAN, ("contrast", 4), ("impulse_noise", 1)]
    batches = pipeline.evaluation_batches(
        source,
        batch_size=1,
        image_size=16,
        conditions=conditions,
        max_images=1,
    )
    clean, contrast, impulse = (
        np.round(batch["image"][0] * 255)
        for batch in batches.as_numpy_iterator()
    )
    np.testing.assert_array_equal(kept.clean, clean)
    np.testing.assert_array_equal(kept.corrupted[0, 1], contrast)
    np.testing.assert_array_equal(kept.corrupted[1, 0], impulse)
