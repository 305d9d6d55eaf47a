"""Every shipped flagfile is complete, documented, legal and buildable."""

import dataclasses
import pathlib
import subprocess
import sys

import pytest

from qualnet_tf.config import TrainConfig

ROOT = pathlib.Path(__file__).parent.parent
FLAGFILES = sorted((ROOT / "configs").rglob("*.flags"))
# What a flagfile may leave to its reader, the machine or the default.
OPTIONAL = {
    "corruption_variant",
    "corruption_weights",
    "data_dir",
    "decoder_downscale",
    "decoder_fraction",
    "deterministic",
    "download",
    "dry_run",
    "frost_textures",
    "imagenet_c_jpeg",
    "initial_weights",
    "jit_compile",
    "label_smoothing",
    "memory_saving",
    "checkpoint_steps",
    "max_train_images",
    "quality_weight",
    "seed",
    "severity_table",
    "skip_bad_files",
    "stage1_run_dir",
    "stem",
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


@pytest.mark.parametrize("path", FLAGFILES, ids=lambda p: p.stem)
def test_header_names_table_numbers_and_cost(path):
    header = "".join(
        line
        for line in path.read_text().splitlines(keepends=True)
        if line.startswith("#")
    )
    for word in ("# paper:", "# published:", "# ours:", "# cost:"):
        assert word in header, f"{path} lacks {word}"
