"""QualNet50-LM's way at a size of seconds: both stages to the export."""

import numpy as np
import pytest
import tensorflow as tf

from qualnet_tf import evaluate_faces, export
from qualnet_tf.config import EvaluateFacesConfig, ExportConfig
from qualnet_tf.models.saving import load_model
from qualnet_tf.reports import face_tables
from qualnet_tf.run_dir import RunDir
from qualnet_tf.training.checkpoints import Checkpoints
from tests.evaluation.face_runs import SIDE, train_faces, write_sets

LOW = {"corruptions": ("resolution_nearest",), "severities": (1, 3, 5)}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    root = tmp_path_factory.mktemp("runs")
    stage1 = train_faces(
        root / "stage1",
        method="encoder_decoder",
        decoder_network="irevnet_tiny",
        quality_weight=1.0,
    )
    settings = {
        "method": "qualnet",
        "quality_weight": 1.0,
        "stage1_run_dir": str(stage1.path),
        "clean_fraction": 0.5,
        "num_epochs": 0,
        "num_steps": 3,
        **LOW,
    }
    scratch = train_faces(root / "scratch", **settings)
    started = train_faces(
        root / "started",
        initial_run_dir=str(stage1.path),
        learning_rate=0.0,
        **settings,
    )
    return stage1, scratch, started


def test_stage_2_has_stage_1s_decoder(runs):
    stage1, scratch, _ = runs
    for run in runs:
        assert run.read_info()["status"] == "finished"
    assert scratch.stage1_classifier.read_bytes() == stage1.decoder.read_bytes()
    assert Checkpoints(scratch.checkpoints).paths()


def test_stage_2_starts_at_random_or_from_stage_1(runs):
    kernels = [
        {
            w.path: np.asarray(w)
            for w in load_model(run.classifier).weights
            if w.path.endswith("kernel")
        }
        for run in runs
    ]
    stage1, scratch, started = kernels
    for path, kernel in stage1.items():
        np.testing.assert_array_equal(started[path], kernel)
        assert np.max(np.abs(scratch[path] - kernel)) > 1e-3


def test_evaluation_table_and_export(runs, tmp_path, capsys):
    _, scratch, started = runs
    sets = write_sets(tmp_path / "sets")
    evaluate_faces.main(
        EvaluateFacesConfig(
            run_dir=(str(scratch.path), str(started.path)),
            pairs=(str(sets / "pairs.csv"),),
            identification=(str(sets / "people.csv"),),
            resolutions=(SIDE, 8, 4, 2),
        )
    )
    printed = capsys.readouterr().out
    assert "scratch  pairs" in printed and "Accuracy, euclidean" in printed
    loaded = face_tables.load_face_run(scratch.path)
    assert face_tables.recipe_of(loaded.config) == "qualnet"
    table = face_tables.face_table(4, [loaded])
    assert any("scratch" in note for note in table.notes)
    export.main(ExportConfig(run_dir=str(scratch.path), embedding=True))
    folder = RunDir(scratch.path).exports / "1"
    answer = tf.saved_model.load(str(folder)).signatures["predict_images"](
        image=tf.zeros((2, SIDE, SIDE, 3))
    )
    assert answer["embedding"].shape == (2, 16)
