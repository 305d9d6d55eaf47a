"""Every distillation trains through a configuration, and its run is whole."""

import json
import shutil

import numpy as np
import pytest

from qualnet_tf.config import TEACHER_METHODS
from qualnet_tf.models.saving import load_model
from tests.training.tiny_runs import train

ONE_EPOCH = {"num_epochs": 1, "decay_epochs": ()}


@pytest.fixture(scope="module")
def stage1(tmp_path_factory):
    root = tmp_path_factory.mktemp("runs")
    train(root / "stage1", backbone="irevnet_tiny", **ONE_EPOCH)
    return root / "stage1"


@pytest.mark.parametrize("method", TEACHER_METHODS)
def test_run_holds_backbone_and_head_only(stage1, tmp_path, method):
    run = train(
        tmp_path / method,
        method=method,
        stage1_run_dir=str(stage1),
        learning_rate=1e-3,
        **ONE_EPOCH,
    )
    plain = train(tmp_path / "plain", **ONE_EPOCH)
    paths, expected = (
        sorted(weight.path for weight in load_model(each.classifier).weights)
        for each in (run, plain)
    )
    assert paths == expected
    assert not run.connector.is_file()
    header = run.metrics.read_text().splitlines()[0].split(",")
    assert {"classification_loss", "distillation_loss"} <= set(header)
    assert run.read_info()["status"] == "finished"


def test_a_run_goes_on_without_its_teachers_folder(stage1, tmp_path):
    moved = shutil.copytree(stage1, tmp_path / "stage1")
    options = {
        "method": "kd",
        "stage1_run_dir": str(moved),
        "num_epochs": 2,
        "decay_epochs": (),
        "checkpoint_steps": 1,
    }
    run = train(tmp_path / "whole", **options)
    weights = load_model(run.classifier).get_weights()
    with np.load(sorted(run.checkpoints.glob("*.npz"))[-1]) as arrays:
        assert arrays.files
        assert not [name for name in arrays.files if "irevnet" in name]
    shutil.rmtree(moved)
    shutil.rmtree(run.checkpoints)
    run.classifier.unlink()
    info = json.loads(run.run_info.read_text())
    run.run_info.write_text(json.dumps({**info, "status": "training"}))
    train(run.path, **options)
    for old, new in zip(
        weights, load_model(run.classifier).get_weights(), strict=True
    ):
        np.testing.assert_allclose(new, old, atol=1e-5)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"image_size": 32, "backbone": "resnet_small"},
            "expected a teacher for 32x32 images, received 16x16",
        ),
        (
            {"dataset": "synthetic"},
            "expected a teacher for",
        ),
    ],
)
def test_a_teacher_that_does_not_fit_is_refused(
    stage1, tmp_path, values, message
):
    with pytest.raises(ValueError, match=message):
        train(
            tmp_path / "run",
            **{
                "method": "kd",
                "stage1_run_dir": str(stage1),
                **ONE_EPOCH,
                **values,
            },
        )
    assert not (tmp_path / "run").exists()


def test_an_unfinished_teacher_is_refused(tmp_path):
    with pytest.raises(ValueError, match="expected a run folder"):
        train(
            tmp_path / "run",
            method="sp",
            stage1_run_dir=str(tmp_path / "nowhere"),
            **ONE_EPOCH,
        )
