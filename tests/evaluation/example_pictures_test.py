"""Pictures are the pixels of `apply`; runs with a decoder are decoded."""

import numpy as np
import pytest
from PIL import Image

from qualnet_tf import corruptions, datasets
from qualnet_tf.evaluation import example_pictures, results
from qualnet_tf.models.saving import load_model
from tests.training.tiny_runs import train


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    root = tmp_path_factory.mktemp("runs")
    stage1 = train(root / "stage1", backbone="irevnet_tiny", num_epochs=1)
    run = train(
        root / "qualnet",
        method="qualnet",
        quality_weight=0.5,
        stage1_run_dir=str(stage1.path),
        num_epochs=1,
    )
    example_pictures.write(
        run,
        load_model(run.classifier),
        datasets.open_source("digits", "validation"),
        seed=3,
        num_pictures=4,
        options=corruptions.Options(),
    )
    return run


def test_every_test_corruption_can_be_shown():
    shown = example_pictures.SHOWN_CORRUPTIONS
    assert sorted(shown) == sorted(corruptions.TEST_CORRUPTIONS)


def test_pictures_are_clean_corrupted_and_decoded(run):
    pictures = results.load_pictures(run.pictures)
    assert pictures.caption[:2] == ("gaussian_noise 3", "defocus_blur 3")
    assert set(pictures.arrays()) == {
        "clean",
        "corrupted",
        "reconstruction_of_clean",
        "reconstruction_of_corrupted",
    }
    for array in pictures.arrays().values():
        assert array.shape == (4, 16, 16, 3)
    assert np.any(pictures.clean != pictures.corrupted, axis=(1, 2, 3)).all()


def test_smaller_decoder_is_shown_at_its_own_side(tmp_path):
    stage1 = train(tmp_path / "stage1", backbone="irevnet_tiny", num_epochs=1)
    run = train(
        tmp_path / "qualnet",
        method="qualnet",
        quality_weight=0.5,
        stage1_run_dir=str(stage1.path),
        backbone="resnet_small",
        image_size=32,
        decoder_downscale=2,
        decoder_fraction=0.5,
        num_epochs=1,
    )
    example_pictures.write(
        run,
        load_model(run.classifier),
        datasets.open_source("digits", "validation"),
        seed=3,
        num_pictures=2,
        options=corruptions.Options(),
    )
    pictures = results.load_pictures(run.pictures)
    assert pictures.clean.shape == (2, 32, 32, 3)
    assert pictures.reconstruction_of_corrupted.shape == (2, 16, 16, 3)


def test_example_is_the_first_corrupted_picture(run):
    with Image.open(run.example_picture) as picture:
        pixels = np.asarray(picture)
    pictures = results.load_pictures(run.pictures)
    np.testing.assert_array_equal(pixels, pictures.corrupted[0])
