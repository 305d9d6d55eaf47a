"""A trial shows what the runs themselves say."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from qualnet_tf import corruptions
from qualnet_tf.corruptions import sampling
from qualnet_tf.datasets.augmentation import evaluation_crop
from qualnet_tf.demonstration import trial, trial_html
from qualnet_tf.demonstration.tried_runs import load_runs
from qualnet_tf.models.saving import load_model
from qualnet_tf.run_dir import RunDir
from tests.training.tiny_runs import train


@pytest.fixture(scope="module")
def picture():
    return np.random.default_rng(0).integers(0, 256, (30, 25, 3), np.uint8)


@pytest.fixture(scope="module")
def found(picture, tried):
    return trial.try_picture(
        trial.crop(picture, tried), "impulse_noise", 4, 3, tried
    )


def test_pictures_are_those_of_an_evaluation(picture, found):
    clean = evaluation_crop(tf.constant(picture), 16)
    np.testing.assert_array_equal(found.clean, clean)
    seed = sampling.fold_seed(3, 0)
    expected = corruptions.apply(clean, "impulse_noise", 4, seed)
    np.testing.assert_array_equal(found.corrupted, expected)
    assert found.caption == "impulse noise 4"


def test_opinions_are_those_of_the_classifiers(found, run_dirs):
    assert [each.name for each in found.opinions] == ["vanilla", "qualnet"]
    for opinion, path in zip(found.opinions, run_dirs, strict=True):
        classifier = load_model(RunDir(path).classifier)
        image = np.stack([found.clean, found.corrupted])
        shares = np.array(keras.ops.softmax(classifier(image)))
        order = np.argsort(-shares[1])[:5]
        assert opinion.labels == tuple(str(place) for place in order)
        np.testing.assert_allclose(opinion.shares, shares[1][order], atol=1e-5)
        assert opinion.clean_label == str(shares[0].argmax())


def test_only_a_run_with_a_decoder_reconstructs(found):
    vanilla, qualnet = found.opinions
    assert vanilla.reconstructions == ()
    of_clean, of_corrupted, inverted = qualnet.reconstructions
    # The inverse of a network gives back what the network saw.
    np.testing.assert_allclose(inverted.image, found.corrupted, atol=1e-3)
    for each in (of_clean, of_corrupted, inverted):
        distance = np.abs(each.image - found.clean).mean()
        assert each.distance == pytest.approx(distance, abs=1e-6)


def test_a_picture_can_stay_clean(picture, tried):
    found = trial.try_picture(
        trial.crop(picture, tried), trial.NONE, 4, 3, tried
    )
    np.testing.assert_array_equal(found.corrupted, found.clean)
    assert found.caption == "not corrupted"


@pytest.mark.parametrize("name", trial.corruption_names())
def test_every_corruption_that_is_offered_exists(name):
    assert name == trial.NONE or corruptions.get(name)


def test_hold_outs_are_known():
    marked = [n for n in trial.corruption_names() if trial.is_holdout(n)]
    assert tuple(marked) == corruptions.HOLDOUT_CORRUPTIONS


def test_html_escapes_and_needs_nothing_from_elsewhere(found):
    text = trial_html.render(found)
    assert "http" not in text and text.count("<img") == 5
    assert "vanilla has no decoder" in text
    assert "&lt;b&gt;" in trial_html.render_error("<b>")


def test_runs_of_other_images_cannot_be_compared(run_dirs, tmp_path):
    other = train(tmp_path / "other", num_epochs=1, image_size=20)
    with pytest.raises(ValueError, match="expected the side of its images of"):
        load_runs([run_dirs[0], str(other.path)])


def test_a_run_that_is_not_there(tmp_path):
    with pytest.raises(ValueError, match="expected a run folder"):
        load_runs([str(tmp_path)])
