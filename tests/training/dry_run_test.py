"""A dry run shows what a method's parts cost, and takes one step."""

import re

import numpy as np
import pytest

from qualnet_tf import methods
from qualnet_tf.training import build, dry_run, fit
from tests.training.tiny_runs import config, train

PARTS = {
    "supervised": ["backbone", "head"],
    "qualnet": ["backbone", "head", "connector", "decoder"],
    "encoder_decoder": ["backbone", "head", "connector", "decoder"],
    "kd": ["backbone", "head", "teacher"],
    "fitnet": ["backbone", "head", "teacher", "regressor"],
    "pkt": ["backbone", "head", "teacher"],
    "vid": ["backbone", "head", "teacher", "predictor"],
    "sp": ["backbone", "head", "teacher"],
    "augmix": ["backbone", "head"],
    "ant": ["backbone", "head", "noise_generator"],
    "auxtraining": ["backbone", "head", "backbone0", "head0"],
    "deepcorrect": ["backbone", "head"],
}

OPTIONS = {
    "supervised": {},
    "encoder_decoder": {"decoder_network": "irevnet_tiny"},
    "augmix": {},
    "ant": {"noise_deviation": 0.1},
    "auxtraining": {"corruptions": ("contrast",)},
}


@pytest.fixture(scope="module")
def stage1(tmp_path_factory):
    root = tmp_path_factory.mktemp("runs")
    train(
        root / "stage1", backbone="irevnet_tiny", num_epochs=1, decay_epochs=()
    )
    return str(root / "stage1")


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    root = tmp_path_factory.mktemp("runs")
    train(root / "base", num_epochs=1, decay_epochs=())
    return str(root / "base")


@pytest.mark.parametrize("name", methods.names())
def test_every_part_of_a_method_is_listed(name, stage1, base, capsys):
    run = base if name == "deepcorrect" else stage1
    options = OPTIONS.get(name, {"stage1_run_dir": run})
    logs = dry_run.dry_run(config("", dry_run=True, method=name, **options))
    assert all(np.isfinite(value) for value in logs.values())
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{name} on digits: 3 epochs of 5 steps of 8 images"
    assert lines[1] == "8 images a step on 1 replica"
    listed = [line.split()[0] for line in lines[3:-2]]
    assert listed == PARTS[name]
    assert lines[-1].startswith("memory, estimated from shapes: ")


def test_a_face_network_is_costed(capsys):
    made = config(
        "",
        dry_run=True,
        backbone="lresnet_ir_tiny",
        margin_loss="cosface",
        method="encoder_decoder",
        decoder_network="irevnet_tiny",
        quality_weight=1.0,
        num_epochs=0,
        num_steps=7,
        decay_epochs=(),
    )
    logs = dry_run.dry_run(made)
    assert all(np.isfinite(value) for value in logs.values())
    lines = capsys.readouterr().out.splitlines()
    assert "7 steps in epochs of 5 steps of 8 images" in lines[0]
    assert {"backbone", "head", "connector", "decoder"} <= {
        line.split()[0] for line in lines[3:-2]
    }


def test_cheaper_decoders_cost_less(stage1, capsys):
    shares = []
    for fraction in (1.0, 0.25):
        made = config(
            "",
            dry_run=True,
            method="qualnet",
            stage1_run_dir=stage1,
            decoder_fraction=fraction,
        )
        dry_run.dry_run(made)
        found = re.search(r", (\d+)% of them", capsys.readouterr().out)
        shares.append(int(found.group(1)))
    whole, quarter = shares
    assert quarter == pytest.approx(
        100 * 0.25 * whole / (100 - 0.75 * whole), abs=1
    )


def test_another_batch_size_is_said():
    made = config(
        "", dry_run=True, recipe_batch_size=32, allow_batch_change=True
    )
    assert fit.describe_batch(made) == (
        "8 images a step on 1 replica, 32 in the recipe: learning rate 0.0125 "
        "instead of 0.05"
    )
    method = build.build_method(made, 10)
    build.compile_method(method, made, steps_per_epoch=1)
    schedule = method.optimizer.get_config()["learning_rate"]["config"]
    assert schedule["peak"] == pytest.approx(0.0125)


def test_shared_weights_are_counted_once():
    made = config(
        "", dry_run=True, method="auxtraining", corruptions=("contrast", "snow")
    )
    method = build.build_method(made, 10)
    costs = dry_run.part_costs(method, made)
    counted = sum(sum(one.parameters) for one in costs)
    assert counted == sum(np.prod(w.shape) for w in method.weights if w.shape)
    by_name = {one.name: one for one in costs}
    norms = by_name["backbone0"].parameters
    assert 0 < norms.trainable == norms.non_trainable
    assert by_name["backbone0"].weight_bytes == 8 * norms.trainable
