"""The copy has ImageNet-C's layout, the pixels of `apply`, and resumes."""

import time

import numpy as np
import pytest
from PIL import Image, JpegImagePlugin

from qualnet_tf import corruptions
from qualnet_tf.corruptions import sampling
from qualnet_tf.datasets import copied_pictures, corrupted_copy
from qualnet_tf.datasets.copy_start import write_copy
from qualnet_tf.datasets.picture_corrupter import CopySettings

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


def copy(folder, out, skip_bad_files=False, max_images=0, **values):
    settings = {"corruption_names": NAMES, "severities": SEVERITIES, "seed": 5}
    pictures = copied_pictures.list_pictures(
        folder, skip_bad_files=skip_bad_files, max_images=max_images
    )
    return write_copy(
        pictures, str(out), CopySettings(**{**settings, **values})
    )


def pixels_of(path):
    with Image.open(path) as picture:
        return np.asarray(picture)


def files_in(out):
    found = {str(path.relative_to(out)) for path in out.rglob("*.*")}
    return found - {"manifest.json"}


def test_layout_and_counts(folder, tmp_path):
    out = tmp_path / "out"
    counts = copy(folder, out)
    assert files_in(out) == {
        f"{name}/{severity}/{file}.png"
        for name in NAMES
        for severity in SEVERITIES
        for file in ("cat/one", "dog/two")
    }
    assert counts == {"written": 8, "kept": 0, "bad": 0}


def test_pixels_are_those_of_apply(folder, tmp_path):
    copy(folder, tmp_path / "out")
    clean = pixels_of(folder / "dog" / "two.png").astype(np.float32)
    expected = corruptions.apply(
        clean / np.float32(255),
        "gaussian_noise",
        3,
        sampling.fold_seed(5, 1),
    )
    np.testing.assert_array_equal(
        pixels_of(
            tmp_path / "out" / "gaussian_noise" / "3" / "dog" / "two.png"
        ),
        np.round(np.asarray(expected) * 255),
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


def test_a_part_has_the_files_of_the_whole(folder, tmp_path):
    whole, part = tmp_path / "whole", tmp_path / "part"
    copy(folder, whole)
    copy(folder, part, max_images=1)
    assert len(files_in(part)) == 4
    for name in files_in(part):
        assert (part / name).read_bytes() == (whole / name).read_bytes()


def test_crop_and_jpeg_as_the_released_files(folder, tmp_path):
    copy(folder, tmp_path / "out", image_size=24, file_format="jpeg")
    path = tmp_path / "out" / "contrast" / "1" / "cat" / "one.jpeg"
    Image.new("RGB", (24, 24)).save(tmp_path / "like.jpg", quality=85)
    with Image.open(path) as picture, Image.open(tmp_path / "like.jpg") as like:
        assert (picture.format, picture.size) == ("JPEG", (24, 24))
        assert JpegImagePlugin.get_sampling(picture) == 2  # 4:2:0
        assert picture.quantization == like.quantization


@pytest.mark.parametrize(
    ("name", "file_format", "expected"),
    [
        ("a.JPEG", "jpeg", "a.JPEG"),
        ("a.jpg", "jpeg", "a.jpg"),
        ("a.PNG", "jpeg", "a.jpeg"),
        ("a.b.JPEG", "png", "a.b.png"),
        ("00000007", "png", "00000007.png"),
    ],
)
def test_file_names(name, file_format, expected):
    picture = copied_pictures.Picture(0, 0, "cat", name)
    settings = CopySettings(("fog",), file_format=file_format)
    path = corrupted_copy.target(picture, "out", "fog", 2, settings)
    assert path == f"out/fog/2/cat/{expected}"


def test_bad_file_is_named_and_nothing_written(folder, tmp_path):
    (folder / "cat" / "bad.png").write_bytes(b"no picture")
    with pytest.raises(ValueError, match=r"bad\.png is no picture"):
        copy(folder, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    counts = copy(folder, tmp_path / "out", skip_bad_files=True)
    assert counts == {"written": 8, "kept": 0, "bad": 1}


def test_names_that_collide_are_refused(folder, tmp_path):
    Image.new("RGB", (32, 32)).save(folder / "cat" / "one.jpg")
    with pytest.raises(ValueError, match=r"would both become cat/one\.png"):
        copy(folder, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    # As JPEG the two keep different suffixes.
    copy(folder, tmp_path / "jpeg", file_format="jpeg", severities=(1,))
    assert len(files_in(tmp_path / "jpeg")) == 6


def test_missing_folder_is_named(tmp_path):
    with pytest.raises(ValueError, match="does not exist: expected one folder"):
        copy(tmp_path / "none", tmp_path / "out")


def test_in_parallel_keeps_the_order_and_takes_few_ahead():
    taken = []

    def items():
        for item in range(100):
            taken.append(item)
            yield item

    results = corrupted_copy.in_parallel(lambda item: item * 2, items())
    assert next(results) == 0
    assert len(taken) < 100
    assert [0, *results] == list(range(0, 200, 2))


def test_in_parallel_starts_nothing_more_after_an_error(monkeypatch):
    monkeypatch.setattr(corrupted_copy, "cpu_count", lambda: 2)
    started = []

    def fail_first(item):
        started.append(item)
        if item == 0:
            raise ValueError("item 0")
        time.sleep(0.3)

    with pytest.raises(ValueError, match="item 0"):
        list(corrupted_copy.in_parallel(fail_first, range(1000)))
    assert len(started) < 5  # as many were handed over


def test_recurring_sizes_are_known_beforehand(folder, tmp_path):
    for count in range(9):
        Image.new("RGB", (20, 30)).save(folder / "dog" / f"{count}.png")
    pictures = copied_pictures.list_pictures(folder)
    own = CopySettings(("fog",))
    assert corrupted_copy.recurring_sizes(pictures, own) == [(30, 20)]
    cropped = CopySettings(("fog",), image_size=24)
    assert corrupted_copy.recurring_sizes(pictures, cropped) == [(24, 24)]
