"""A run starts from another's weights, whole or not at all."""

import shutil

import numpy as np
import pytest

from qualnet_tf.models.saving import load_model
from qualnet_tf.run_dir import RunDir
from qualnet_tf.training import build
from qualnet_tf.training.start import start_from_run
from tests.training.tiny_runs import config, train

ONE_EPOCH = {"num_epochs": 1, "decay_epochs": ()}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A stage-1 run, a QualNet run and a plain one."""
    root = tmp_path_factory.mktemp("runs")
    train(root / "stage1", backbone="irevnet_tiny", **ONE_EPOCH)
    train(root / "qualnet", **_qualnet(root), **ONE_EPOCH)
    train(root / "plain", **ONE_EPOCH)
    return root


def _qualnet(root):
    return {"method": "qualnet", "stage1_run_dir": str(root / "stage1")}


def _weights(model):
    return [np.array(weight) for weight in model.get_weights()]


def _equal(one, other):
    return all(
        np.array_equal(a, b)
        for a, b in zip(_weights(one), _weights(other), strict=True)
    )


def test_classifier_and_connector_are_copied(runs):
    run = RunDir(runs / "qualnet")
    method = build.build_method(config("r", **_qualnet(runs)), 10)
    assert not _equal(method.classifier, load_model(run.classifier))
    start_from_run(method, run)
    assert _equal(method.classifier, load_model(run.classifier))
    assert _equal(method.connector, load_model(run.connector))


def test_a_classifier_alone_leaves_the_connector_fresh(runs):
    run = RunDir(runs / "plain")
    method = build.build_method(config("r", **_qualnet(runs)), 10)
    before = _weights(method.connector)
    start_from_run(method, run)
    assert _equal(method.classifier, load_model(run.classifier))
    for old, new in zip(before, _weights(method.connector), strict=True):
        np.testing.assert_array_equal(old, new)


def test_a_run_starts_there_and_goes_on_without_that_folder(runs, tmp_path):
    source = shutil.copytree(runs / "plain", tmp_path / "plain")
    options = {"initial_run_dir": str(source), **ONE_EPOCH}
    run = train(tmp_path / "still", learning_rate=0.0, **options)
    kept, trained = (
        [w for w in load_model(r.classifier).trainable_weights]
        for r in (RunDir(source), run)
    )
    for old, new in zip(kept, trained, strict=True):
        np.testing.assert_array_equal(old, new)
    shutil.rmtree(source)
    run.classifier.unlink()
    info = run.run_info.read_text()
    run.run_info.write_text(info.replace('"finished"', '"training"'))
    train(run.path, learning_rate=0.0, **options)
    assert run.classifier.is_file()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"backbone": "resnet_small", "image_size": 32}, "of the same"),
        ({"dataset": "synthetic"}, "logits/kernel of shape 16x"),
    ],
)
def test_weights_that_do_not_fit_are_refused(runs, tmp_path, values, message):
    with pytest.raises(ValueError, match=message):
        train(
            tmp_path / "run",
            initial_run_dir=str(runs / "plain"),
            **{**ONE_EPOCH, **values},
        )
    assert not (tmp_path / "run").exists()


def test_a_missing_run_is_refused(tmp_path):
    with pytest.raises(ValueError, match="expected a run folder"):
        train(tmp_path / "run", initial_run_dir=str(tmp_path / "gone"))
