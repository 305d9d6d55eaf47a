"""Augmentation and quality-aware baselines train through a configuration."""

import json
import shutil

import numpy as np
import pytest

from qualnet_tf.models.saving import load_model
from qualnet_tf.training import inputs
from tests.training.tiny_runs import config, train

ONE_EPOCH = {"num_epochs": 1, "decay_epochs": ()}
OPTIONS = {
    "augmix": {},
    "ant": {"clean_fraction": 0.5, "noise_deviation": 0.1},
    "auxtraining": {"corruptions": ("contrast", "brightness")},
}


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return train(tmp_path_factory.mktemp("runs") / "plain", **ONE_EPOCH)


@pytest.mark.parametrize("method", OPTIONS)
def test_run_holds_backbone_and_head_only(method, plain, tmp_path):
    run = train(
        tmp_path / method, method=method, **OPTIONS[method], **ONE_EPOCH
    )
    paths, expected = (
        sorted(weight.path for weight in load_model(each.classifier).weights)
        for each in (run, plain)
    )
    assert paths == expected
    assert run.read_info()["status"] == "finished"
    assert "val_loss" in run.metrics.read_text()


def _batch(**values):
    made = config("", dry_run=True, **values)
    batches = inputs.training_batches(made, inputs.open_split(made, "train"), 0)
    return {k: np.asarray(v) for k, v in next(iter(batches)).items()}


def test_augmix_has_two_views_of_each_image():
    batch = _batch(method="augmix")
    assert batch["views"].shape == (8, 2, 16, 16, 3)
    np.testing.assert_array_equal(batch["image"], batch["clean_image"])
    first, second = batch["views"][:, 0], batch["views"][:, 1]
    # Mixing can return an image as it is, but not all of them.
    assert np.any(first != second) and np.any(first != batch["clean_image"])
    assert batch["views"].min() >= 0 and batch["views"].max() <= 1


def test_ant_draws_noise_of_its_own_for_each_image():
    batch = _batch(method="ant", clean_fraction=0.5, batch_size=40)
    np.testing.assert_array_equal(batch["image"], batch["clean_image"])
    noise = batch["noise"]
    assert noise.shape == (40, 18, 18, 3)
    assert abs(noise.mean()) < 0.02 and abs(noise.std() - 1) < 0.02
    assert len({image.tobytes() for image in noise}) == 40
    assert set(batch["noise_kind"].tolist()) == {0, 1, 2}


@pytest.mark.parametrize(
    ("clean_fraction", "kinds"), [(1.0, {0}), (0.0, {1, 2})]
)
def test_ant_keeps_its_share_clean(clean_fraction, kinds):
    batch = _batch(method="ant", clean_fraction=clean_fraction, batch_size=40)
    assert set(batch["noise_kind"].tolist()) == kinds


def test_auxtraining_has_a_view_for_each_corruption():
    batch = _batch(
        method="auxtraining",
        corruptions=("brightness", "contrast"),
        severities=(5,),
    )
    assert batch["views"].shape == (8, 2, 16, 16, 3)
    clean = batch["clean_image"]
    assert np.all(batch["views"][:, 0].mean() > clean.mean() + 0.1)
    assert batch["views"][:, 1].std() < 0.2 * clean.std()
    assert batch["epoch"].tolist() == [0] * 8


@pytest.fixture(scope="module")
def corrected(plain, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    return train(folder / "corrected", **_correcting(plain))


def _correcting(plain):
    return {
        "method": "deepcorrect",
        "stage1_run_dir": str(plain.path),
        "clean_fraction": 0.5,
        "corruptions": ("gaussian_noise",),
        "correction_images": 8,
        "correction_width": 4,
        "checkpoint_steps": 1,
        **ONE_EPOCH,
    }


def test_deepcorrect_deploys_the_base_with_units(corrected, plain):
    base = {w.path: w.numpy() for w in load_model(plain.classifier).weights}
    found = {
        w.path: w.numpy() for w in load_model(corrected.classifier).weights
    }
    units = {path for path in found if "/unit/" in path}
    assert len(units) == 5 * (4 * 4 + 4)
    assert len(found) - len(units) == len(base)
    for path, value in base.items():
        np.testing.assert_array_equal(found[path], value, path)
    chosen = corrected.read_chosen_filters()
    assert len(chosen) == 5
    assert all(chosen.values())


def test_deepcorrect_goes_on_with_its_filters_and_without_its_base(
    corrected, plain, tmp_path
):
    moved = shutil.copytree(plain.path, tmp_path / "base")
    options = _correcting(plain) | {"stage1_run_dir": str(moved)}
    run = train(tmp_path / "run", **options)
    weights = load_model(run.classifier).get_weights()
    chosen = run.read_chosen_filters()
    assert chosen == corrected.read_chosen_filters()
    with np.load(sorted(run.checkpoints.glob("*.npz"))[-1]) as arrays:
        kept = [n for n in arrays.files if n.startswith("weights/")]
    assert kept and all("/unit/" in name for name in kept)
    shutil.rmtree(moved)
    run.classifier.unlink()
    info = json.loads(run.run_info.read_text())
    run.run_info.write_text(json.dumps({**info, "status": "training"}))
    train(run.path, **options)
    for old, new in zip(
        weights, load_model(run.classifier).get_weights(), strict=True
    ):
        np.testing.assert_array_equal(new, old)
    assert run.read_chosen_filters() == chosen


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"backbone": "resnet_small", "image_size": 16},
            "expected --backbone=resnet_small, received resnet_tiny",
        ),
        ({"image_size": 32}, "for 32x32 images, received 16x16"),
    ],
)
def test_a_base_that_does_not_fit_is_refused(plain, tmp_path, values, message):
    with pytest.raises(ValueError, match=message):
        train(tmp_path / "run", **{**_correcting(plain), **values})
    assert not (tmp_path / "run").exists()


def test_an_invertible_base_is_refused(tmp_path):
    stage1 = train(tmp_path / "stage1", backbone="irevnet_tiny", **ONE_EPOCH)
    options = _correcting(stage1) | {"backbone": "irevnet_tiny"}
    with pytest.raises(ValueError, match="corrects a resnet or resnext"):
        train(tmp_path / "run", **options)
