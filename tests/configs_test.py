"""Every shipped flagfile is complete, documented, legal and buildable."""

import dataclasses
import pathlib
import re
import subprocess
import sys

import numpy as np
import pytest

from qualnet_tf import backbones, invertible
from qualnet_tf.config import CORRECTED_METHODS, TrainConfig
from qualnet_tf.models import saving
from qualnet_tf.models.classifier import build_classifier
from qualnet_tf.training import build, inputs

SIDE = 16
ROOT = pathlib.Path(__file__).parent.parent
FLAGFILES = sorted((ROOT / "configs").rglob("*.flags"))
# What a flagfile may leave to its reader, the machine or the default.
OPTIONAL = {
    "allow_batch_change",
    "augmix_depth",
    "augmix_severity",
    "augmix_width",
    "auxiliary_weight",
    "class_list",
    "consistency_weight",
    "correction_fraction",
    "correction_images",
    "correction_width",
    "generator_rate",
    "merging_epoch",
    "noise_deviation",
    "corruption_variant",
    "corruption_weights",
    "data_dir",
    "decoder_downscale",
    "decoder_fraction",
    "decoder_network",
    "deterministic",
    "distillation_weight",
    "download",
    "dry_run",
    "frost_textures",
    "hint_norm",
    "imagenet_c_jpeg",
    "initial_run_dir",
    "initial_weights",
    "jit_compile",
    "label_smoothing",
    "memory_saving",
    "checkpoint_steps",
    "max_train_images",
    "quality_weight",
    "recipe_batch_size",
    "seed",
    "severity_table",
    "skip_bad_files",
    "stage1_run_dir",
    "stem",
    "temperature",
    "validation_epochs",
    "validation_fraction",
    "warmup_epochs",
}


def _check(path, *flags):
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "qualnet_tf.train",
            f"--flagfile={path}",
            "--only_check_args",
            *flags,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_imagenet200_has_200_classes():
    lines = (ROOT / "configs/imagenet200/classes.txt").read_text().splitlines()
    classes = [line for line in lines if line[0] != "#"]
    assert len(set(classes)) == 200 and classes == sorted(classes)
    assert all(re.fullmatch(r"n\d{8}", name) for name in classes)


def test_there_are_flagfiles():
    assert ROOT / "configs/quickstart/qualnet.flags" in FLAGFILES


@pytest.mark.parametrize("path", FLAGFILES, ids=lambda p: p.stem)
def test_flagfile_is_legal(path):
    result = _check(path)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("path", FLAGFILES, ids=lambda p: p.stem)
def test_flagfile_is_complete_and_does_not_nest(path):
    lines = [
        line
        for line in path.read_text().splitlines()
        if line and not line.startswith("#")
    ]
    assert all(line.startswith("--") for line in lines)
    given = {line[2:].split("=")[0] for line in lines}
    known = {field.name for field in dataclasses.fields(TrainConfig)}
    assert "flagfile" not in given
    assert given <= known
    assert known - OPTIONAL <= given, f"missing {known - OPTIONAL - given}"


RECIPES = [p for p in FLAGFILES if p.parent.name != "quickstart"]


@pytest.mark.parametrize("path", RECIPES, ids=lambda p: p.stem)
def test_recipe_names_its_batch_size(path):
    made = _read(path)
    assert made.recipe_batch_size == made.batch_size


@pytest.mark.parametrize("path", FLAGFILES, ids=lambda p: p.stem)
def test_header_names_table_numbers_and_cost(path):
    header = "".join(
        line
        for line in path.read_text().splitlines(keepends=True)
        if line.startswith("#")
    )
    for word in ("# paper:", "# published:", "# ours:", "# cost:"):
        assert word in header, f"{path} lacks {word}"


@pytest.fixture(scope="module")
def tiny_stage1(tmp_path_factory):
    """A file like a stage-1 run's classifier, for digits of 16 pixels."""
    path = tmp_path_factory.mktemp("stage1") / "classifier.keras"
    network = invertible.get("irevnet_tiny")()
    classifier = build_classifier(network, SIDE, 10, normalized_head=True)
    saving.save_model(classifier, path)
    return path


@pytest.fixture(scope="module")
def tiny_base(tmp_path_factory):
    """A file like the classifier of a run that deepcorrect corrects."""
    path = tmp_path_factory.mktemp("base") / "classifier.keras"
    backbone = backbones.get("resnet_tiny")(SIDE)
    saving.save_model(build_classifier(backbone, SIDE, 10), path)
    return path


@pytest.mark.parametrize(
    "path", FLAGFILES, ids=lambda path: f"{path.parent.stem}_{path.stem}"
)
def test_flagfile_builds_its_method_and_takes_a_step(
    path, tiny_stage1, tiny_base
):
    """All of the recipe but its networks' and its images' size."""
    made = _read(path)
    is_stage1 = made.backbone in invertible.names()
    if made.method == "encoder_decoder":
        made = dataclasses.replace(made, decoder_network="irevnet_tiny")
    tiny = dataclasses.replace(
        made,
        dataset="digits",
        image_size=SIDE,
        batch_size=4,
        allow_batch_change=True,
        max_train_images=8,
        class_list="",
        backbone="irevnet_tiny" if is_stage1 else "resnet_tiny",
    )
    base = tiny_stage1
    if made.method in CORRECTED_METHODS:
        base = tiny_base
        tiny = dataclasses.replace(tiny, correction_images=4)
    method = build.build_method(tiny, 10, base)
    build.compile_method(method, tiny, steps_per_epoch=2)
    source = inputs.open_split(tiny, "train")
    batch = next(iter(inputs.training_batches(tiny, source, 0).take(1)))
    logs = method.train_on_batch(
        {name: value.numpy() for name, value in batch.items()},
        return_dict=True,
    )
    assert set(logs) == {"loss", "accuracy", *method.term_names}
    assert all(np.isfinite(float(value)) for value in logs.values())


def _read(path) -> TrainConfig:
    """The configuration of a flagfile, as `train` reads it."""
    given = dict(
        line[2:].split("=", 1)
        for line in path.read_text().splitlines()
        if line.startswith("--")
    )
    values = {}
    for field in dataclasses.fields(TrainConfig):
        if field.name in given:
            values[field.name] = _value(field, given[field.name])
    return TrainConfig(**values)


def _value(field, text: str):
    if isinstance(field.default, bool):
        return text == "true"
    if isinstance(field.default, tuple):
        of_numbers = "int" in str(field.type)
        items = text.split(",")
        return tuple(int(item) if of_numbers else item for item in items)
    return type(field.default)(text)
