"""Stage 1, stage 2, evaluate, report, export, predict: one walk."""

import importlib

import numpy as np
import pytest
from PIL import Image

from qualnet_tf import config
from qualnet_tf.evaluation import results
from qualnet_tf.run_dir import RunDir

TRAIN = {
    "dataset": "synthetic",
    "max_train_images": 48,
    "image_size": 16,
    "augmentation": "none",
    "batch_size": 16,
    "num_epochs": 2,
    "decay_epochs": (),
    "learning_rate": 0.05,
}
CORRUPTIONS = ("gaussian_noise", "contrast", "saturate")


def run(program, **values):
    module = importlib.import_module(f"qualnet_tf.{program}")
    config_class = getattr(config, f"{program.title()}Config")
    module.main(config_class(**values))


@pytest.fixture(scope="module")
def walk(tmp_path_factory):
    """Runs everything once; returns the folder of the runs."""
    root = tmp_path_factory.mktemp("runs")
    stage1, qualnet = str(root / "stage1"), str(root / "qualnet")
    run(
        "train",
        run_dir=stage1,
        backbone="irevnet_tiny",
        clean_fraction=1.0,
        **TRAIN,
    )
    run(
        "train",
        run_dir=qualnet,
        backbone="resnet_tiny",
        method="qualnet",
        quality_weight=0.5,
        stage1_run_dir=stage1,
        corruptions=CORRUPTIONS[:2],
        **TRAIN,
    )
    run(
        "evaluate",
        run_dir=(stage1, qualnet),
        corruptions=CORRUPTIONS,
        severities=(1, 5),
        num_images=20,
        num_pictures=3,
    )
    run("report", run_dir=(stage1, qualnet))
    run("export", run_dir=qualnet)
    return root


def test_metrics_name_both_terms(walk):
    header = RunDir(walk / "qualnet").metrics.read_text().splitlines()[0]
    assert {"classification_loss", "quality_loss"} <= set(header.split(","))


def test_results_cover_what_was_asked(walk):
    found = results.load(RunDir(walk / "qualnet").results)
    assert found.num_images == 20
    assert found.severity_table == "cifar_c"
    assert {(c.corruption, c.severity) for c in found.conditions} == {
        (name, severity) for name in CORRUPTIONS for severity in (1, 5)
    }


def test_missing_conditions_are_no_mean(walk):
    summary = results.summarize(results.load(RunDir(walk / "qualnet").results))
    assert summary.mean_corruption_accuracy is None
    assert summary.mce is None
    assert "fog" in summary.missing_test


def test_pictures_show_reconstructions_of_runs_with_a_decoder(walk):
    pictures = results.load_pictures(RunDir(walk / "qualnet").pictures)
    assert pictures.reconstruction_of_clean.shape == (3, 16, 16, 3)
    pictures = results.load_pictures(RunDir(walk / "stage1").pictures)
    assert pictures.reconstruction_of_clean is None


def test_report_is_one_file_about_both_runs(walk):
    text = RunDir(walk / "qualnet").report.read_text()
    assert "stage1" in text
    assert "qualnet" in text
    assert "://" not in text.replace("http://www.w3.org", "")


def test_run_stays_whole_without_its_stage1_run(walk, tmp_path):
    import shutil

    moved = shutil.copytree(walk / "qualnet", tmp_path / "moved")
    RunDir(moved).results.unlink()
    shutil.move(walk / "stage1", tmp_path / "elsewhere")
    try:
        run(
            "evaluate",
            run_dir=(str(moved),),
            corruptions=("fog",),
            severities=(3,),
            num_images=4,
            num_pictures=2,
        )
    finally:
        shutil.move(tmp_path / "elsewhere", walk / "stage1")
    pictures = results.load_pictures(RunDir(moved).pictures)
    assert pictures.reconstruction_of_corrupted is not None


def test_predict_names_classes_of_files_of_any_size(walk, tmp_path, capsys):
    paths = (str(tmp_path / "a.png"), str(tmp_path / "b.jpg"))
    pixels = np.random.default_rng(0).integers(0, 255, (30, 41, 3), np.uint8)
    for path in paths:
        Image.fromarray(pixels).save(path)
    run("predict", run_dir=str(walk / "qualnet"), image=paths, top_k=2)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith(paths[0])
    assert lines[0].count("%") == 2


def test_second_start_reuses_what_is_finished(walk, capsys):
    before = RunDir(walk / "qualnet").results.stat().st_mtime_ns
    run(
        "evaluate",
        run_dir=(str(walk / "qualnet"),),
        corruptions=CORRUPTIONS,
        severities=(1, 5),
        num_images=20,
    )
    assert "already evaluated" in capsys.readouterr().out
    assert RunDir(walk / "qualnet").results.stat().st_mtime_ns == before


def test_other_conditions_are_evaluated_again(walk):
    run(
        "evaluate",
        run_dir=(str(walk / "stage1"),),
        corruptions=("contrast",),
        severities=(1,),
        num_images=20,
    )
    found = results.load(RunDir(walk / "stage1").results)
    assert [c.corruption for c in found.conditions] == ["contrast"]


def test_dry_run_writes_nothing(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run(
        "train",
        dry_run=True,
        backbone="resnet_tiny",
        **TRAIN,
    )
    assert "classification_loss" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())
