"""A user's mistake gets one line, exit code 1, and leaves nothing behind."""

import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from qualnet_tf.experiment_flags import _one_line

ROOT = pathlib.Path(__file__).parent.parent.parent
TINY = [
    "--dataset=folder",
    "--image_size=16",
    "--augmentation=none",
    "--clean_fraction=1",
    "--backbone=resnet_tiny",
    "--batch_size=4",
    "--num_epochs=1",
    "--decay_epochs=",
]


@pytest.fixture
def folder(tmp_path):
    """Two classes of six good pictures."""
    generator = np.random.default_rng(0)
    for name in ("cat", "dog"):
        (tmp_path / "data" / name).mkdir(parents=True)
        for count in range(6):
            pixels = generator.integers(0, 255, (20, 20, 3), np.uint8)
            path = tmp_path / "data" / name / f"{count}.jpg"
            Image.fromarray(pixels).save(path)
    return tmp_path / "data"


def train(run_dir, *flags):
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "qualnet_tf.train",
            *TINY,
            f"--run_dir={run_dir}",
            *flags,
        ],
        cwd=ROOT,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        check=False,
    )


def assert_one_line(result, *words):
    assert result.returncode == 1, result.stderr
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("error: ")
    for word in words:
        assert word in lines[0]


def test_missing_folder(tmp_path):
    result = train(tmp_path / "run", f"--data_dir={tmp_path / 'none'}")
    assert_one_line(result, str(tmp_path / "none"), "does not exist")
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_truncated_picture_is_named_or_skipped_and_counted(folder, tmp_path):
    bad = folder / "cat" / "0.jpg"
    bad.write_bytes(bad.read_bytes()[:200])
    flags = [f"--data_dir={folder}", "--validation_fraction=0.2"]
    result = train(tmp_path / "run", *flags)
    assert_one_line(result, str(bad), "truncated", "--skip_bad_files")
    assert not (tmp_path / "run").exists()
    result = train(tmp_path / "run", *flags, "--skip_bad_files")
    assert result.returncode == 0, result.stderr
    info = json.loads((tmp_path / "run" / "run.json").read_text())
    assert info["status"] == "finished"
    assert info["num_bad_files"] == 1


def test_graph_errors_lose_their_node_names():
    class OpError(Exception):
        message = (
            "{{function_node __wrapped__IteratorGetNext}} assertion failed: "
            "[data set x: expected labels 0 to 2 (3 classes), received] [7] "
            "[(correct the labels)]\n\t [[{{node Assert/Assert}}]] "
            "[Op:IteratorGetNext] name: "
        )

    assert _one_line(OpError()) == (
        "data set x: expected labels 0 to 2 (3 classes), received 7 "
        "(correct the labels)"
    )


def test_file_errors_name_the_file():
    error = OSError(28, "No space left on device", "/full/disk")
    assert _one_line(error) == "/full/disk: No space left on device"
