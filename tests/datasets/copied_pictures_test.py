"""Pictures keep their places; bad ones are named before anything is done."""

import pickle

import numpy as np
import pytest
from PIL import Image

from qualnet_tf.datasets import copied_pictures, encoded
from qualnet_tf.datasets.copied_pictures import SetPictures, list_pictures


@pytest.fixture
def folder(tmp_path, write_pictures):
    """Two classes of four pictures, 20x20."""
    write_pictures(tmp_path / "in" / "cat", 4)
    write_pictures(tmp_path / "in" / "dog", 4)
    return tmp_path / "in"


def test_folder_is_in_the_order_of_its_files(folder):
    pictures = list_pictures(folder)
    assert [p.index for p in pictures] == list(range(8))
    assert [p.label for p in pictures] == [0] * 4 + [1] * 4
    assert [p.name for p in pictures][:4] == [f"{i}.png" for i in range(4)]
    assert {p.class_name for p in pictures} == {"cat", "dog"}
    first = next(iter(pictures))
    assert first.read() == (folder / "cat" / "0.png").read_bytes()


def test_a_part_is_balanced_and_keeps_its_places(folder):
    whole, part = list_pictures(folder), list_pictures(folder, max_images=4)
    assert [p.label for p in part] == [0, 0, 1, 1]
    assert {p.index: p for p in part}.items() <= {
        p.index: p for p in whole
    }.items()
    assert part.identity == whole.identity


def test_left_out_files_do_not_move_the_others(folder):
    (folder / "cat" / "1.png").write_bytes(b"")
    pictures = list_pictures(folder, skip_bad_files=True)
    assert [p.index for p in pictures] == [0, 2, 3, 4, 5, 6, 7]
    assert pictures.num_bad_files == 1


def test_bad_files_are_named_and_counted(folder):
    for name in ("0.png", "1.png"):
        (folder / "cat" / name).write_bytes(b"")
    half = (folder / "dog" / "2.png").read_bytes()[:200]
    (folder / "dog" / "2.png").write_bytes(half)
    Image.new("RGB", (15, 40)).save(folder / "dog" / "3.png")
    with pytest.raises(ValueError) as error:
        list_pictures(folder)
    text = str(error.value)
    assert "cat/0.png is empty" in text
    assert "dog/2.png is a truncated or damaged PNG file" in text
    assert "and 1 more bad files: expected complete pictures" in text
    assert "--skip_bad_files" in text and "\n" not in text


def test_small_pictures_are_bad_unless_they_are_resized(folder):
    Image.new("RGB", (15, 40)).save(folder / "dog" / "3.png")
    with pytest.raises(ValueError, match="dog/3.png is only 40x15 pixels"):
        list_pictures(folder)
    assert len(list_pictures(folder, min_side=1)) == 8


def test_no_good_file_is_an_error(folder):
    for path in folder.rglob("*.png"):
        path.write_bytes(b"")
    with pytest.raises(ValueError, match="none of 8 files is a readable"):
        list_pictures(folder, skip_bad_files=True)


@pytest.mark.parametrize("change", ["add", "remove", "edit"])
def test_identity_changes_with_the_files(folder, change):
    before = list_pictures(folder).identity
    path = folder / "cat" / "0.png"
    if change == "remove":
        path.unlink()
    else:
        path = path if change == "edit" else folder / "cat" / "00.png"
        Image.new("RGB", (16, 16)).save(path)
    assert list_pictures(folder).identity != before


def test_identity_does_not_hang_on_the_place(folder, tmp_path):
    before = list_pictures(folder).identity
    moved = folder.rename(tmp_path / "elsewhere")
    assert list_pictures(moved).identity == before


def test_output_inside_the_input_is_refused(tmp_path):
    inside = str(tmp_path / "in" / ".." / "in" / "out")
    with pytest.raises(ValueError, match="expected a folder outside of"):
        copied_pictures.check_apart(str(tmp_path / "in"), inside)
    copied_pictures.check_apart(str(tmp_path / "in"), str(tmp_path / "inn"))


def test_embedded_set_becomes_lossless_files():
    pictures = SetPictures("digits", max_images=3)
    found = list(pictures)
    assert len(pictures) == len(found) == 3
    source = pictures._open()
    for picture, element in zip(found, source.elements(), strict=True):
        example = source.decode(element)
        np.testing.assert_array_equal(
            encoded.decode_rgb(picture.read()), example["image"]
        )
        assert picture.label == int(example["label"])
        assert picture.class_name == source.class_names[picture.label]
        assert picture.name == f"{picture.index:08d}"


def test_sets_travel_to_workers():
    pictures = SetPictures("digits", max_images=2)
    again = pickle.loads(pickle.dumps(pictures))
    assert list(again) == list(pictures)
    assert len(again) == 2


def test_tfds_set_has_its_stored_bytes(cifar10_dir):
    part = SetPictures("cifar10", data_dir=cifar10_dir, max_images=2)
    more = SetPictures("cifar10", data_dir=cifar10_dir, max_images=4)
    assert list(more)[:2] == list(part)
    assert next(iter(part)).encoded.startswith(b"\x89PNG")
    assert (
        part.identity
        == more.identity
        == {
            "dataset": "cifar10",
            "split": "validation",
        }
    )


def test_folder_is_no_named_set():
    with pytest.raises(ValueError, match="named by --input_dir"):
        SetPictures("folder", data_dir="somewhere")
