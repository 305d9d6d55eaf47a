"""The corrupt program: copy, preview, mistakes, and being killed."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from qualnet_tf import corrupt
from qualnet_tf.config import CorruptConfig

ROOT = pathlib.Path(__file__).parent.parent.parent
FLAGS = ["--corruptions=contrast,gaussian_noise", "--severities=1,3"]


@pytest.fixture
def folder(tmp_path):
    """Two classes of 30 pictures, 20x20."""
    generator = np.random.default_rng(0)
    for index in range(60):
        pixels = generator.integers(0, 256, (20, 20, 3), np.uint8)
        path = tmp_path / "in" / "ab"[index % 2] / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
    return tmp_path / "in"


def start(folder, out, *flags):
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "qualnet_tf.corrupt",
            f"--input_dir={folder}",
            f"--output_dir={out}",
            *FLAGS,
            *flags,
        ],
        cwd=ROOT,
        env={
            **os.environ,
            "CUDA_VISIBLE_DEVICES": "",
            # Importing TensorFlow here lowers it for the programs started.
            "TF_CPP_MIN_LOG_LEVEL": "2",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(folder, out):
    process = start(folder, out)
    _, error = process.communicate()
    assert process.returncode == 0, error


def config(**values):
    given = {"corruptions": ("contrast",), "severities": (1,)}
    return CorruptConfig(**{**given, **values})


def pictures_of(out):
    return {
        str(path.relative_to(out)): path.read_bytes()
        for path in out.rglob("[!.]*.png")
    }


def test_copy_and_manifest(folder, tmp_path, capsys):
    out = tmp_path / "out"
    corrupt.main(
        config(input_dir=str(folder), output_dir=str(out), max_images=4)
    )
    assert len(pictures_of(out)) == 4
    (begun,) = json.loads((out / "manifest.json").read_text())["starts"]
    assert begun["counts"] == {"written": 4, "kept": 0, "bad": 0}
    assert "--corruptions=contrast" in begun["flags"]
    assert {"tensorflow", "numpy"} <= begun["versions"].keys()
    assert "4 pictures written, 0 were there" in capsys.readouterr().out


def test_copy_of_a_named_set_in_the_layout_of_cifar_c(tmp_path):
    corrupt.main(
        config(
            dataset="synthetic",
            output_dir=str(tmp_path),
            layout="cifar_c",
            severities=(1, 2, 3, 4, 5),
            max_images=3,
        )
    )
    assert np.load(tmp_path / "contrast.npy").shape[0] == 15
    assert np.load(tmp_path / "labels.npy").shape == (15,)


@pytest.mark.parametrize("source", ["input_image", "input_dir", "dataset"])
def test_preview_writes_a_sheet_and_a_page(folder, tmp_path, source):
    given = {
        "input_image": str(folder / "a" / "0.png"),
        "input_dir": str(folder),
        "dataset": "synthetic",
    }
    sheet = tmp_path / "new" / "sheet.png"
    corrupt.main(config(preview=str(sheet), **{source: given[source]}))
    assert {p.name for p in sheet.parent.iterdir()} == {
        "sheet.png",
        "sheet.html",
    }
    with Image.open(sheet) as picture:
        picture.load()
    title = "synthetic 00000000" if source == "dataset" else "0.png"
    assert f"Corruptions of {title}" in sheet.with_suffix(".html").read_text()


@pytest.mark.slow
def test_a_killed_copy_leaves_whole_files_and_is_continued(folder, tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    process = start(folder, killed)
    while process.poll() is None and not pictures_of(killed):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    before = pictures_of(killed)
    finish(folder, whole)
    assert 0 < len(before) < len(pictures_of(whole)) == 240
    assert before.items() <= pictures_of(whole).items()
    finish(folder, killed)
    assert pictures_of(killed) == pictures_of(whole)
    assert not list(killed.rglob(".*"))


@pytest.mark.slow
def test_an_interrupt_ends_in_one_line(folder, tmp_path):
    # A shell's background jobs ignore interrupts, and so would their children.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = start(folder, tmp_path / "out")
    signal.signal(signal.SIGINT, before)
    while process.poll() is None and not pictures_of(tmp_path / "out"):
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate()
    assert process.returncode == 130
    assert error == "interrupted: start again to continue\n"
    assert not list((tmp_path / "out").rglob(".*"))


@pytest.mark.slow
def test_bad_files_cost_one_line_and_exit_code_1(folder, tmp_path):
    (folder / "a" / "bad.png").write_bytes(b"no picture")
    process = start(folder, tmp_path / "out")
    _, error = process.communicate()
    assert process.returncode == 1
    assert error.startswith("error: ") and error.count("\n") == 1
    assert "bad.png is no picture" in error
    assert not (tmp_path / "out").exists()
    process = start(folder, tmp_path / "out", "--skip_bad_files")
    text, error = process.communicate()
    assert process.returncode == 0
    assert "1 bad files left out" in text
    assert "skipped: " in error


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "--input_dir is empty: name a folder of class folders, or"),
        (
            {"input_dir": "a", "dataset": "b"},
            "received --dataset and --input_d",
        ),
        ({"input_dir": "a"}, "--output_dir is empty"),
        ({"input_image": "a", "output_dir": "b"}, "expected --preview as well"),
        ({"input_image": "a", "preview": "b.jpg"}, "ending in .png"),
        ({"input_dir": "a", "output_dir": "b", "image_size": 8}, "at least 16"),
        (
            {"input_dir": "a", "output_dir": "b", "layout": "cifar_c"},
            "--severities=1: expected 1,2,3,4,5",
        ),
        (
            {"input_dir": "a", "output_dir": "b", "beam_options": ("x=1",)},
            "--beam_options=x=1: expected --runner",
        ),
        (
            {"input_dir": "a", "output_dir": "b", "severities": ()},
            "at least one",
        ),
    ],
)
def test_contradicting_flags(values, message):
    with pytest.raises(ValueError, match=message):
        config(**values)
