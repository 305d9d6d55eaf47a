"""Files of several precisions are measured as one table, without flags."""

import pytest

from qualnet_tf.config import EvaluateConfig
from qualnet_tf.evaluation import classification
from qualnet_tf.exporters.tflite import convert_tflite
from qualnet_tf.models.saving import load_model
from qualnet_tf.reports import page
from qualnet_tf.reports.deployment_table import deployment_table
from qualnet_tf.reports.precision_loss import loss_table
from qualnet_tf.reports.run_report import load_run
from tests.training.tiny_runs import train

pytest.importorskip("ai_edge_litert", reason="needs ai-edge-litert")
WANTED = {
    "dataset": "digits",
    "corruptions": ("contrast", "impulse_noise"),
    "severities": (1, 4),
    "num_images": 60,
    "batch_size": 32,
    "num_pictures": 0,
}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A float32 and an int8 file of a run that has learned something."""
    from qualnet_tf.datasets import open_source, pipeline

    run = train(
        tmp_path_factory.mktemp("runs") / "run",
        num_epochs=10,
        decay_epochs=(8,),
        max_train_images=320,
    )
    classifier = load_model(run.classifier)
    side = classifier.input_shape[1]
    batch = next(
        iter(
            pipeline.evaluation_batches(
                open_source("digits", "train"),
                batch_size=32,
                image_size=side,
                max_images=32,
            )
        )
    )
    folder = tmp_path_factory.mktemp("files")
    paths = []
    for precision in ("float32", "int8"):
        paths.append(folder / f"classifier_{precision}.tflite")
        paths[-1].write_bytes(
            convert_tflite(
                classifier,
                precision,
                batch["image"].numpy(),
                run.read_info()["class_names"],
            )
        )
    return paths


def _evaluate(files, folder):
    return classification.evaluate(
        EvaluateConfig(
            model=tuple(map(str, files)), output_dir=str(folder), **WANTED
        )
    )


@pytest.fixture(scope="module")
def runs(files, tmp_path_factory):
    folders = _evaluate(files, tmp_path_factory.mktemp("results"))
    return [load_run(folder.path) for folder in folders]


def test_costs_and_losses_are_kept(files, runs):
    first, second = runs
    assert first.deployment.num_bytes == files[0].stat().st_size
    assert second.deployment.num_bytes == files[1].stat().st_size
    assert first.deployment.session == second.deployment.session
    assert first.paired_losses is None
    assert second.paired_losses.reference == "classifier_float32"
    losses = {e.measure: e.loss for e in second.paired_losses.losses}
    assert set(losses) == {"clean", "contrast", "impulse_noise"}
    assert losses["clean"] == pytest.approx(
        first.results.clean_accuracy - second.results.clean_accuracy
    )
    assert abs(losses["clean"]) <= 0.1


def test_tables_and_page(runs):
    assert len(deployment_table(runs).rows) == 2
    assert loss_table(runs).columns == ("classifier_int8",)
    text = page.build_page(runs)
    assert '<section id="deployment">' in text
    assert "Points lost to classifier_<wbr>float32" in text


def test_a_second_evaluation_measures_nothing_again(files, runs):
    folder = runs[0].config["output_dir"]
    again = [load_run(each.path) for each in _evaluate(files, folder)]
    assert [each.deployment for each in again] == [
        each.deployment for each in runs
    ]
    assert [each.paired_losses for each in again] == [
        each.paired_losses for each in runs
    ]
