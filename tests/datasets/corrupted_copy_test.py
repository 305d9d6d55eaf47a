"""The copy has ImageNet-C's layout, the pixels of `apply`, and resumes."""

import json
import pathlib

import numpy as np
import pytest
from PIL import Image

from qualnet_tf import corrupt, corruptions
from qualnet_tf.config import CorruptConfig
from qualnet_tf.corruptions import sampling
from qualnet_tf.datasets.corrupted_copy import corrupt_folder

NAMES, SEVERITIES = ("contrast", "gaussian_noise"), (1, 3)


@pytest.fixture
def folder(tmp_path):
    """Two classes, one picture each, 40x32."""
    pixels = np.random.default_rng(0).integers(0, 255, (40, 32, 3), np.uint8)
    for name in ("cat/one.png", "dog/two.png"):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True)
        Image.fromarray(pixels).save(path)
    return tmp_path / "in"


def copy(folder, out, **values):
    options = {"corruption_names": NAMES, "severities": SEVERITIES, "seed": 5}
    return corrupt_folder(folder, out, **{**options, **values})


def test_layout_and_counts(folder, tmp_path):
    out = tmp_path / "out"
    counts = copy(folder, out)
    files = {str(path.relative_to(out)) for path in out.rglob("*.*")}
    assert files == {
        f"{name}/{severity}/{file}.png"
        for name in NAMES
        for severity in SEVERITIES
        for file in ("cat/one", "dog/two")
    }
    assert counts == {"written": 8, "kept": 0, "bad": 0}


def test_pixels_are_those_of_apply(folder, tmp_path):
    copy(folder, tmp_path / "out")
    path = tmp_path / "out" / "gaussian_noise" / "3" / "dog" / "two.png"
    with Image.open(folder / "dog" / "two.png") as picture:
        clean = np.asarray(picture, np.float32)
    expected = corruptions.apply(
        clean / np.float32(255),
        "gaussian_noise",
        3,
        sampling.fold_seed(5, 1),
    )
    with Image.open(path) as picture:
        np.testing.assert_array_equal(
            np.asarray(picture), np.round(np.asarray(expected) * 255)
        )


def test_second_start_keeps_files_and_makes_the_missing_one_alike(
    folder, tmp_path
):
    out = tmp_path / "out"
    copy(folder, out)
    missing = out / "gaussian_noise" / "3" / "cat" / "one.png"
    kept = out / "contrast" / "1" / "cat" / "one.png"
    before = missing.read_bytes()
    missing.unlink()
    kept.write_bytes(b"untouched")
    assert copy(folder, out) == {"written": 1, "kept": 7, "bad": 0}
    assert missing.read_bytes() == before
    assert kept.read_bytes() == b"untouched"


def test_crop_and_jpeg(folder, tmp_path):
    copy(folder, tmp_path / "out", image_size=24, file_format="jpeg")
    path = tmp_path / "out" / "contrast" / "1" / "cat" / "one.jpeg"
    with Image.open(path) as picture:
        assert (picture.format, picture.size) == ("JPEG", (24, 24))


def test_bad_file_is_named_and_nothing_written(folder, tmp_path):
    (folder / "cat" / "bad.png").write_bytes(b"no picture")
    with pytest.raises(ValueError, match=r"bad\.png is no picture"):
        copy(folder, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert copy(folder, tmp_path / "out", skip_bad_files=True)["bad"] == 1


def test_names_that_collide_are_refused(folder, tmp_path):
    Image.new("RGB", (32, 32)).save(folder / "cat" / "one.jpg")
    with pytest.raises(ValueError, match=r"would both become cat/one\.png"):
        copy(folder, tmp_path / "out")


def test_missing_folder_is_named(tmp_path):
    with pytest.raises(ValueError, match="does not exist: expected one folder"):
        copy(tmp_path / "none", tmp_path / "out")


def test_program_writes_a_manifest(folder, tmp_path, capsys):
    out = tmp_path / "out"
    corrupt.main(
        CorruptConfig(
            input_dir=str(folder),
            output_dir=str(out),
            corruptions=NAMES,
            severities=SEVERITIES,
        )
    )
    manifest = json.loads((pathlib.Path(out) / "manifest.json").read_text())
    assert manifest["counts"] == {"written": 8, "kept": 0, "bad": 0}
    assert "--corruptions=contrast,gaussian_noise" in manifest["flags"]
    assert manifest["frost_textures"] == "procedural"
    assert "8 files written" in capsys.readouterr().out
