"""A difference is taken image by image, from the kept answers."""

import numpy as np
import pytest

from qualnet_tf.evaluation import results
from qualnet_tf.evaluation.answers import read_answers
from qualnet_tf.evaluation.paired_losses import (
    paired_losses,
    write_paired_losses,
)
from qualnet_tf.evaluation.paired_losses_file import load_paired_losses
from qualnet_tf.evaluation.predictions import PredictionFiles, Predictions
from qualnet_tf.metrics.alexnet_errors import TEST_CONDITIONS
from qualnet_tf.run_dir import RunDir
from tests.evaluation.made_up_results import make_results

NUM_IMAGES, NUM_CLASSES = 200, 4
CLEAN, FOG, SNOW = (None, 0), ("fog", 3), ("snow", 1)


def _predictions(is_right, wrong=1, first_label=0):
    """Answers that are right where they should be."""
    labels = (np.arange(len(is_right)) + first_label) % NUM_CLASSES
    predicted = np.where(is_right, labels, (labels + wrong) % NUM_CLASSES)
    logits = np.eye(NUM_CLASSES, dtype=np.float16)[predicted]
    ids = np.arange(len(is_right))
    return Predictions(logits, labels.astype(np.int32), ids)


def _answers(rights, **options):
    return {
        condition: read_answers(_predictions(is_right, **options))
        for condition, is_right in rights.items()
    }


def _first(count):
    """Returns which images are right: the first so many."""
    return np.arange(NUM_IMAGES) < count


def test_losses_are_differences_of_accuracies():
    first = _answers({CLEAN: _first(180), FOG: _first(120), SNOW: _first(90)})
    other = _answers({CLEAN: _first(160), FOG: _first(130), SNOW: _first(90)})
    found = {each.measure: each for each in paired_losses(first, other)}
    assert list(found) == ["clean", "fog", "snow"]
    assert found["clean"].loss == pytest.approx(20 / 200)
    assert found["fog"].loss == pytest.approx(-10 / 200)
    assert found["clean"].changed == pytest.approx(20 / 200)
    # One that says the same loses nothing, with certainty.
    snow = found["snow"]
    assert (snow.loss, snow.low, snow.high, snow.changed) == (0, 0, 0, 0)


def test_the_interval_is_that_of_the_difference():
    first = _answers({CLEAN: _first(180)})
    other = _answers({CLEAN: _first(160)})
    (found,) = paired_losses(first, other)
    # A share of 0.1 of 200 images: 1.96 * sqrt(0.1 * 0.9 / 200) = 0.0416.
    # The accuracies themselves, taken for independent, would give 0.067.
    assert found.high - found.loss == pytest.approx(0.0416, abs=0.006)
    assert found.loss - found.low == pytest.approx(0.0416, abs=0.006)


def test_answers_can_change_without_a_loss():
    first = _answers({CLEAN: _first(100)}, wrong=1)
    other = _answers({CLEAN: _first(100)}, wrong=2)
    (found,) = paired_losses(first, other)
    assert (found.loss, found.low, found.high) == (0, 0, 0)
    assert found.changed == pytest.approx(0.5)


def test_a_corruption_is_the_mean_over_its_severities():
    rights = {("fog", 1): _first(100), ("fog", 5): _first(60)}
    worse = {("fog", 1): _first(90), ("fog", 5): _first(20)}
    (found,) = paired_losses(_answers(rights), _answers(worse))
    assert found.measure == "fog"
    assert found.loss == pytest.approx((10 + 40) / 2 / 200)


def test_the_mean_of_all_stands_only_where_all_are():
    first = {each: _first(100) for each in TEST_CONDITIONS}
    other = {each: _first(90) for each in TEST_CONDITIONS}
    measures = [
        e.measure for e in paired_losses(*map(_answers, (first, other)))
    ]
    assert measures[0] == "test" and len(measures) == 16
    del other[TEST_CONDITIONS[7]]
    measures = [
        e.measure for e in paired_losses(*map(_answers, (first, other)))
    ]
    assert "test" not in measures and len(measures) == 15


def test_other_images_are_refused():
    rights = {CLEAN: _first(10)}
    with pytest.raises(ValueError, match="clean 0: expected .* same images"):
        paired_losses(_answers(rights), _answers(rights, first_label=1))


@pytest.fixture
def make_run(tmp_path):
    """Writes an evaluated model whose answers lie in two blocks."""

    def make(name, num_right, **protocol):
        run = RunDir(tmp_path / name)
        files = PredictionFiles(
            run.predictions,
            {
                "model": name,
                "reading": name,
                "seed": 0,
                "data": {"dataset": "digits", "data_dir": name},
                **protocol,
            },
        )
        for condition in (CLEAN, FOG):
            kept = vars(_predictions(_first(num_right)))
            for block, part in enumerate((slice(150), slice(150, None))):
                some = {key: value[part] for key, value in kept.items()}
                files.write(condition, block, Predictions(**some))
        conditions = (results.ConditionResult(*FOG, num_right / NUM_IMAGES),)
        results.save(
            make_results(
                run=name, conditions=conditions, predictions=files.key
            ),
            run.results,
        )
        return run

    return make


def test_everyone_is_compared_with_the_first(make_run):
    runs = [make_run("a", 160), make_run("b", 140), make_run("c", 100)]
    write_paired_losses(runs)
    assert not runs[0].paired_losses.exists()
    for run, loss in ((runs[1], 0.1), (runs[2], 0.3)):
        found = load_paired_losses(run.paired_losses)
        assert found.reference == "a"
        assert [e.measure for e in found.losses] == ["clean", "fog"]
        assert [e.loss for e in found.losses] == pytest.approx([loss, loss])


def test_who_saw_other_images_is_not_compared(make_run):
    runs = [make_run("a", 160), make_run("b", 140), make_run("c", 100)]
    write_paired_losses(runs)
    write_paired_losses([make_run("other", 160, seed=1), *runs[1:]])
    assert not runs[1].paired_losses.exists()
    write_paired_losses(runs[1:])
    assert load_paired_losses(runs[2].paired_losses).reference == "b"


def test_results_without_their_answers_are_refused(make_run):
    runs = [make_run("a", 160), make_run("b", 140)]
    folder = next(runs[1].predictions.iterdir())
    folder.rename(folder.with_name("lost"))
    with pytest.raises(ValueError, match="found none; evaluate it again"):
        write_paired_losses(runs)
