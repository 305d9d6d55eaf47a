"""Every shipped flagfile is complete, documented, legal and buildable."""

import dataclasses
import pathlib
import re
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from qualnet_tf import backbones, invertible
from qualnet_tf.config import CORRECTED_METHODS, TrainConfig
from qualnet_tf.datasets import pipeline
from qualnet_tf.models import saving
from qualnet_tf.models.classifier import build_classifier
from qualnet_tf.training import build, inputs

SIDE = 16
ROOT = pathlib.Path(__file__).parent.parent
FLAGFILES = sorted((ROOT / "configs").rglob("*.flags"))
# What a flagfile may leave to its reader, the machine or the default.
OPTIONAL = {
    "accumulation_steps",
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
    "num_steps",
    "noise_deviation",
    "corruption_variant",
    "corruption_weights",
    "data_dir",
    "decay_steps",
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
    "data_service",
    "fixed_order",
    "join_seconds",
    "sharding",
    "steps_per_execution",
    "sync_batch_norm",
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


KNOBS = {field.name for field in dataclasses.fields(TrainConfig)}


class _Watched(TrainConfig):
    """A configuration that remembers which of its knobs were read."""

    def __getattribute__(self, name):
        if name in KNOBS:
            vars(self).setdefault("names_read", set()).add(name)
        return super().__getattribute__(name)


def _watch(config):
    watched = _Watched(**{name: vars(config)[name] for name in KNOBS})
    watched.names_read.clear()  # of its own checks
    return watched


@pytest.fixture(scope="module")
def once():
    """Calls a function once for all recipes that are the same to it.

    A recipe that has the values that the function read of another would be
    treated alike, step by step, so that it gets the other's result.
    """
    known = []

    def call(function, config, path):
        for other_path, read, result in known:
            if path == other_path and read.items() <= vars(config).items():
                return result
        watched = _watch(config)
        result = function(watched, path)
        read = {name: vars(config)[name] for name in watched.names_read}
        known.append((path, read, result))
        return result

    return call


@pytest.fixture(scope="module")
def share_batches():
    """Lets calls with equal arguments have the same first batch.

    Most of a recipe's time went into tracing its corruptions anew.
    """
    build_batches, known = pipeline.training_batches, {}

    def first_batch(source, *, extras, **arguments):
        assert source.num_examples == 8  # of the digits, for every recipe
        # Functions that a method adds cannot be compared.
        key = repr((sorted(arguments.items()), extras))
        if key not in known:
            batches = build_batches(source, extras=extras, **arguments)
            batch = next(iter(batches.take(1)))
            known[key] = tf.data.Dataset.from_tensors(batch)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "training_batches", first_batch)
        yield


def _tiny(made):
    """All of the recipe but its networks' and its images' size."""
    is_stage1 = made.backbone in invertible.names()
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
    if made.method == "encoder_decoder":
        tiny = dataclasses.replace(tiny, decoder_network="irevnet_tiny")
    if made.method in CORRECTED_METHODS:
        tiny = dataclasses.replace(tiny, correction_images=4)
    return tiny


def _terms_and_logs(config, base):
    """What the method reports, and its numbers after a step."""
    method = build.build_method(config, 10, base)
    build.compile_method(method, config, steps_per_epoch=2)
    source = inputs.open_split(config, "train")
    batch = next(iter(inputs.training_batches(config, source, 0).take(1)))
    logs = method.train_on_batch(
        {name: value.numpy() for name, value in batch.items()},
        return_dict=True,
    )
    return method.term_names, logs


@pytest.mark.usefixtures("share_batches")
@pytest.mark.parametrize(
    "path", FLAGFILES, ids=lambda path: f"{path.parent.stem}_{path.stem}"
)
def test_flagfile_builds_its_method_and_takes_a_step(
    path, tiny_stage1, tiny_base, once
):
    tiny = _tiny(_read(path))
    base = tiny_base if tiny.method in CORRECTED_METHODS else tiny_stage1
    terms, logs = once(_terms_and_logs, tiny, base)
    assert set(logs) == {"loss", "accuracy", *terms}
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
        items = text.split(",") if text else []
        return tuple(int(item) if of_numbers else item for item in items)
    return type(field.default)(text)
