"""The model card says what was measured, and that nothing was."""

import json

import pytest

from qualnet_tf.config import ExportConfig
from qualnet_tf.evaluation import results as results_lib
from qualnet_tf.evaluation.results import MeanInterval
from qualnet_tf.exporters.fitting import HeadEvidence
from qualnet_tf.exporters.run_export import ExportFacts
from qualnet_tf.reports import model_card
from qualnet_tf.run_dir import RunDir


@pytest.fixture
def run(tmp_path):
    run = RunDir(tmp_path / "mine")
    run.path.mkdir()
    config = {
        "backbone": "resnet_tiny",
        "dataset": "digits",
        "method": "qualnet",
        "clean_fraction": 0.5,
        "seed": 7,
    }
    run.config.write_text(json.dumps(config))
    run.run_info.write_text(json.dumps({"num_train_images": 64}))
    return run


def facts(**changes):
    knobs = changes.pop("knobs", {})
    values = {
        "config": ExportConfig(run_dir="r", **knobs),
        "image_size": 32,
        "class_names": ("cat", "dog", "eel"),
        "num_parameters": 310_586,
        "file_sizes": {
            "saved_model.pb, variables/": 3 << 20,
            "classifier_int8.tflite": 1 << 19,
        },
        "evidence": {},
    }
    return ExportFacts(**(values | changes))


def evaluate(run, make_results, **changes):
    run.results.parent.mkdir()
    interval = MeanInterval("clean_accuracy", 0.91, 0.98)
    found = make_results(intervals=(interval,), **changes)
    results_lib.save(found, run.results)


def test_says_what_the_files_are_and_how_they_are_asked(run):
    card = model_card.render(run, facts(knobs={"top_k": 2}))
    assert card.startswith("# mine: resnet_tiny on digits\n")
    assert "3 classes (cat, dog, eel), 0.31 million parameters" in card
    assert "50.0 % of them clean; seed 7" in card
    assert "| `saved_model.pb, variables/` | 3.00 | SavedModel" in card
    assert "| `classifier_int8.tflite` | 0.50 | TFLite, int8" in card
    assert "`labels` and `probabilities` of the best 2" in card
    assert "corruption`" not in card


def test_says_that_nothing_was_measured(run):
    assert "Nothing: the run was not evaluated" in model_card.render(
        run, facts()
    )


def test_numbers_stand_with_their_intervals(run, make_results):
    evaluate(run, make_results)
    card = model_card.render(run, facts())
    assert "| clean | 95.0 | 91.0 to 98.0 |" in card
    # 0.95 less 0.05 to 0.25
    assert "| 15 test corruptions | 80.0 |" in card
    assert "| JPEG compression | 80.0 | 70.0 |" in card
    assert "The 4 hold-out corruptions are not." in card
    assert "mCE" not in card


def test_a_mean_that_lacks_a_condition_is_left_out(run, make_results):
    evaluate(run, make_results, leave_out=(("fog", 3),))
    card = model_card.render(run, facts())
    assert "| 15 test corruptions" not in card
    assert "| 4 hold-outs |" in card


def test_many_classes_are_not_all_listed(run):
    names = tuple(f"class{place}" for place in range(1000))
    card = model_card.render(run, facts(class_names=names))
    assert "class19 and 980 more)" in card


def test_evidence_of_the_heads(run):
    evidence = HeadEvidence({"fog": 0.876}, {"clean": 0.9, "fog": 0.5}, 50)
    knobs = {"quality_head": True, "with_decoder": True}
    card = model_card.render(
        run, facts(knobs=knobs, evidence={"quality_head": evidence})
    )
    assert "| Fog | 0.88 | 50.0 |" in card
    assert "On 50 training images that it was not fitted to" in card
    assert "| `quality` | `image_bytes` | `reconstruction`" in card


def test_files_without_a_saved_model_have_no_signatures(run):
    knobs = {"formats": ("tflite",), "output_dir": "o"}
    card = model_card.render(run, facts(knobs=knobs))
    assert "serving_default`:" not in card and "| Signature |" not in card
