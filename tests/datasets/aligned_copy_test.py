"""A folder's tree is kept, nothing is overwritten, what failed is listed."""

import numpy as np
import pytest
from PIL import Image

from qualnet_tf.datasets.aligned_copy import align_folder
from qualnet_tf.datasets.face_alignment import TEMPLATE


def find_points(pixels):
    """A detector that sees a face in all but black pictures."""
    return TEMPLATE + [4, 0] if pixels.any() else None


@pytest.fixture
def folder(tmp_path, write_people):
    write_people(tmp_path / "in", {"a": 2, "b/deep": 1}, side=130)
    black = Image.fromarray(np.zeros((40, 20, 3), np.uint8))
    black.save(tmp_path / "in" / "a" / "black.jpg")
    (tmp_path / "in" / "a" / "half.png").write_bytes(b"\x89PNG")
    (tmp_path / "in" / "notes.txt").write_text("no picture")
    return tmp_path / "in"


def names(output):
    return sorted(p.relative_to(output).as_posix() for p in output.rglob("*.*"))


def test_tree_and_pixels(folder, tmp_path):
    counts = align_folder(str(folder), str(tmp_path / "out"), find_points)
    assert counts.written == 3 and counts.kept == 0
    assert counts.undetected == ["a/black.jpg"]
    assert len(counts.unreadable) == 1 and "a/half.png" in counts.unreadable[0]
    assert names(tmp_path / "out") == [
        "a/0.png",
        "a/1.png",
        "b/deep/0.png",
        "undetected.txt",
    ]
    report = (tmp_path / "out" / "undetected.txt").read_text().splitlines()
    assert report[0] == "a/black.jpg" and report[1].startswith("a/half.png: ")
    aligned = np.asarray(Image.open(tmp_path / "out" / "b/deep/0.png"))
    pixels = np.asarray(Image.open(folder / "b/deep/0.png"))
    np.testing.assert_array_equal(aligned[1:-1, 1:-1], pixels[1:111, 5:115])


def test_a_second_start_keeps_what_is_there(folder, tmp_path):
    output = tmp_path / "out"
    align_folder(str(folder), str(output), find_points)
    (output / "a" / "0.png").write_bytes(b"mine")
    (output / "a" / "1.png").unlink()
    counts = align_folder(str(folder), str(output), find_points)
    assert (counts.written, counts.kept) == (1, 2)
    assert (output / "a" / "0.png").read_bytes() == b"mine"


def test_undetected_pictures_can_be_kept_whole(folder, tmp_path):
    counts = align_folder(
        str(folder), str(tmp_path / "out"), find_points, keep_undetected=True
    )
    assert counts.written == 4 and counts.undetected == ["a/black.jpg"]
    with Image.open(tmp_path / "out" / "a" / "black.png") as picture:
        assert picture.size == (112, 112)


@pytest.mark.parametrize("output", ["in", "in/out", "."])
def test_folders_within_each_other_are_refused(folder, tmp_path, output):
    with pytest.raises(ValueError, match="expected a folder outside"):
        align_folder(str(folder), str(tmp_path / output), find_points)


def test_two_pictures_of_one_name_are_refused(folder, tmp_path):
    Image.new("RGB", (20, 20)).save(folder / "a" / "0.jpg")
    with pytest.raises(ValueError, match="would both become .*0.png"):
        align_folder(str(folder), str(tmp_path / "out"), find_points)
    assert not (tmp_path / "out").exists()


def test_no_pictures(tmp_path):
    with pytest.raises(ValueError, match="a folder of pictures, found none"):
        align_folder(str(tmp_path / "none"), str(tmp_path / "o"), find_points)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="expected pictures .*, found none"):
        align_folder(str(tmp_path / "empty"), str(tmp_path / "o"), find_points)
