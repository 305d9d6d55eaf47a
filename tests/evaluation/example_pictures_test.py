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


def test_example_is_the_first_corrupted_picture(run):
    with Image.open(run.example_picture) as picture:
        pixels = np.asarray(picture)
    pictures = results.load_pictures(run.pictures)
    np.testing.assert_array_equal(pixels, pictures.corrupted[0])
