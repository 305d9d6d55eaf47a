"""Inspections of runs with an invertible network, a decoder, and neither."""

import json
import shutil

import numpy as np
import pytest

from qualnet_tf.config import InspectConfig
from qualnet_tf.evaluation import inspection, inspection_text
from qualnet_tf.models.saving import load_model, save_model
from qualnet_tf.run_dir import RunDir
from tests.training.tiny_runs import train

ONE_EPOCH = {"num_epochs": 1, "decay_epochs": ()}
BLOCKS = [
    "pixel_normalization",
    "fixed_point",
    "squeeze",
    "stage1_block01",
    "stage1_block02",
    "stage1_block03",
    "features_fixed_point",
]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A stage-1 run, one with its decoder, and a plain one."""
    root = tmp_path_factory.mktemp("runs")
    train(
        root / "stage1",
        backbone="irevnet_tiny",
        memory_saving=True,
        **ONE_EPOCH,
    )
    train(
        root / "qualnet",
        method="qualnet",
        stage1_run_dir=str(root / "stage1"),
        **ONE_EPOCH,
    )
    train(root / "plain", **ONE_EPOCH)
    return root


def _inspect(run_dir, **values):
    values = {"num_images": 2, **values}
    found = inspection.inspect_run(
        InspectConfig(run_dir=str(run_dir), **values)
    )
    return found, inspection_text.render(found)


def _names(found):
    return [block.error.name for block in found.inversion.blocks]


def test_stage1_run(runs):
    found, text = _inspect(runs / "stage1")
    assert [part.name for part in found.parts] == ["backbone", "head"]
    backbone = found.parts[0]
    weights = load_model(RunDir(runs / "stage1").classifier).layers[1].weights
    assert sum(backbone.parameters) == sum(w.numpy().size for w in weights)
    assert backbone.weight_bytes == 4 * sum(backbone.parameters)
    # A first block of 6 channels on the 8x8 grid with stride 2, two of 24.
    kernels = 9 * (6 * 6 + 36 + 6 * 24) + 2 * 9 * (24 * 6 + 36 + 6 * 24)
    assert backbone.multiply_adds == 4 * 4 * kernels
    assert _names(found) == BLOCKS
    blocks = found.inversion.blocks
    assert sum(block.parameters for block in blocks) == sum(backbone.parameters)
    assert blocks[-1].output_shape == (4, 4, 48)
    without = [name for name in BLOCKS if "block" not in name]
    assert without == [
        block.error.name for block in blocks if block.lipschitz is None
    ]
    assert 0 < blocks[0].error.accumulated < 1e-5
    assert found.warnings == ()
    for line in (
        "supervised, irevnet_tiny, 16x16 images of digits",
        "images: 2 validation images of digits",
        "errors: round trip of the inverse",
        "stage1_block03",
        "estimated from shapes",
        "this run has it on",
        "no warning",
    ):
        assert line in text
    lines = [line for line in text.splitlines() if str(runs) not in line]
    assert max(map(len, lines)) <= 100


def test_run_with_a_decoder(runs):
    found, text = _inspect(runs / "qualnet")
    names = ["backbone", "head", "connector", "decoder"]
    assert [part.name for part in found.parts] == names
    assert found.parts[3].parameters.trainable == 0
    assert found.parts[3].kind == "inverse of irevnet_tiny"
    # 3x3 from the backbone's 16 channels on the 4x4 grid.
    assert found.parts[2].multiply_adds == 4 * 4 * 9 * 16 * 48
    assert _names(found) == BLOCKS
    deployed = sum(sum(part.parameters) for part in found.parts[:2])
    row = next(x for x in text.splitlines() if x.startswith("deployed"))
    counts = [int(each.replace(",", "")) for each in row.split()[4:6]]
    assert sum(counts) == deployed


def test_long_steps_are_announced(runs):
    lines = []
    inspection.inspect_run(
        InspectConfig(run_dir=str(runs / "stage1"), num_images=2), lines.append
    )
    assert lines == [
        "irevnet_tiny: Lipschitz estimates of 7 layers ...",
        "irevnet_tiny: errors of 7 layers ...",
    ]


def test_run_without_an_invertible_part(runs):
    found, text = _inspect(runs / "plain")
    assert found.inversion is None
    assert "nothing is inverted" in text
    assert "multiply-adds" in text


def test_check_mode_follows_the_pass_of_each_run(runs):
    found, text = _inspect(runs / "stage1", backward_pass=True)
    assert _names(found) == BLOCKS
    assert "with the statistics of the batch" in text
    found, text = _inspect(runs / "qualnet", backward_pass=True)
    assert _names(found) == BLOCKS[::-1]
    assert "backward pass of the decoder" in text
    assert max(block.error.accumulated for block in found.inversion.blocks) < (
        1e-4
    )


def test_ill_conditioned_networks_are_warned_of(runs, tmp_path):
    moved = RunDir(shutil.copytree(runs / "stage1", tmp_path / "run"))
    classifier = load_model(moved.classifier)
    for variable in classifier.layers[1].variables:
        if variable.path.endswith("norm3/moving_variance"):
            variable.assign(np.zeros(variable.shape))
        elif variable.path.endswith("kernel"):
            variable.assign(variable * 10.0)
    save_model(classifier, moved.classifier)
    found, text = _inspect(moved.path)
    assert "warning: pixel_normalization: the image comes back" in text
    assert "its residual function stretches differences" in text
    assert "a batch norm multiplies a channel by" in text
    assert len(found.warnings) == text.count("\nwarning: ")


def test_noise_where_the_data_are_gone(runs, tmp_path):
    moved = RunDir(shutil.copytree(runs / "stage1", tmp_path / "run"))
    config = json.loads(moved.config.read_text())
    config |= {"dataset": "folder", "data_dir": str(tmp_path / "gone")}
    moved.config.write_text(json.dumps(config))
    found, text = _inspect(moved.path)
    assert "images: 2 of seeded noise, since the run's data cannot" in text
    assert str(tmp_path / "gone") in text
    assert _inspect(moved.path)[0].inversion == found.inversion


def test_a_run_that_lacks_its_decoder_is_refused(runs, tmp_path):
    moved = RunDir(shutil.copytree(runs / "qualnet", tmp_path / "run"))
    moved.stage1_classifier.unlink()
    with pytest.raises(ValueError, match="stage1_classifier.keras: expected"):
        _inspect(moved.path)
