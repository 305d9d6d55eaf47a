"""Folders of pictures: layouts, splits and everything that can be wrong."""

import numpy as np
import pytest
from PIL import Image

from qualnet_tf import datasets


def _open(folder, split="train", **options):
    return datasets.open_source(
        "folder", split, data_dir=str(folder), **options
    )


def _pictures(source):
    examples = [source.decode(e) for e in source.elements()]
    return {(e["image"].numpy().tobytes(), int(e["label"])) for e in examples}


@pytest.mark.parametrize("held_out", ["val", "validation", "test"])
def test_split_folders_are_used_as_they_are(tmp_path, write_pictures, held_out):
    for name, count in (("dog", 3), ("cat", 4)):
        write_pictures(tmp_path / "train" / name, count)
        write_pictures(tmp_path / held_out / name, 2)
    train = _open(tmp_path)
    assert train.num_examples == 7
    assert train.class_names == ("cat", "dog")
    assert _open(tmp_path, "validation").num_examples == 4


@pytest.mark.parametrize("below", ["", "train"])
def test_a_share_is_held_out_where_there_is_one_folder(
    tmp_path, write_pictures, below
):
    for name in ("cat", "dog"):
        write_pictures(tmp_path / below / name, 10)
    parts = [
        _pictures(_open(tmp_path, split, validation_fraction=0.3))
        for split in datasets.SPLITS
    ]
    assert [len(part) for part in parts] == [14, 6]
    assert not parts[0] & parts[1]
    others = [
        _pictures(
            _open(tmp_path, "validation", validation_fraction=0.3, seed=s)
        )
        for s in (0, 1)
    ]
    assert others[0] == parts[1] != others[1]


def test_images_have_the_label_of_their_folder(tmp_path):
    for value, name in ((10, "b"), (20, "c"), (30, "a")):
        (tmp_path / name / "nested").mkdir(parents=True)
        for i, place in enumerate(("x.png", "nested/y.png", ".hidden.png")):
            pixels = np.full((8 + i, 9, 3), value, np.uint8)
            Image.fromarray(pixels).save(tmp_path / name / place)
    source = _open(tmp_path, validation_fraction=0.5)
    assert source.num_examples == 3
    for element in source.elements():
        example = source.decode(element)
        name = source.class_names[int(example["label"])]
        assert example["image"][0, 0, 0] == {"b": 10, "c": 20, "a": 30}[name]


def test_real_photographs(imagenette_dir):
    train = _open(imagenette_dir, max_images=30)
    assert train.num_examples == 30
    assert train.class_names[0] == "cassette_player"
    labels = [int(train.decode(e)["label"]) for e in train.elements()]
    np.testing.assert_array_equal(np.bincount(labels), [3] * 10)
    validation = _open(imagenette_dir, "validation")
    assert validation.num_examples == 300
    for element in validation.elements().take(3):
        assert validation.decode(element)["image"].shape == (224, 224, 3)


def test_a_bad_file_is_named(tmp_path, write_pictures):
    for name in ("cat", "dog"):
        write_pictures(tmp_path / "train" / name, 4)
        write_pictures(tmp_path / "val" / name, 4)
    whole = (tmp_path / "train" / "dog" / "2.png").read_bytes()
    (tmp_path / "train" / "dog" / "2.png").write_bytes(whole[:-100])
    (tmp_path / "train" / "cat" / "notes.txt").write_text("cats")
    with pytest.raises(
        ValueError, match=r"(2\.png is a trunc|notes\.txt is no p)"
    ):
        _open(tmp_path)
    source = _open(tmp_path, skip_bad_files=True)
    assert source.num_examples == 7
    assert source.num_bad_files == 2
    assert len(_pictures(source)) == 7
    assert _open(tmp_path, "validation").num_bad_files == 0


def test_a_folder_of_bad_files_only_is_refused(tmp_path):
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        for i in range(4):
            (tmp_path / name / f"{i}.jpg").write_text("no picture")
    with pytest.raises(ValueError, match="none of 6 train files is a readab"):
        _open(tmp_path, skip_bad_files=True)


def test_no_folder_is_refused():
    with pytest.raises(ValueError, match="has no folder: .* --data_dir"):
        datasets.open_source("folder", "train")


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ("missing", "does not exist: expected one folder of pictures per cl"),
        ("empty", "is empty: expected one folder of pictures per class"),
        ("files", "at least 2, received 0 folders and 1 files"),
        ("one class", "at least 2, received 1 folders and 0 files"),
        ("empty class", "class folder .*dog holds no pictures: add some or"),
        ("one picture", "class folder .*dog holds 1 picture: expected at le"),
    ],
)
def test_a_folder_of_another_shape_is_refused(
    tmp_path, write_pictures, broken, message
):
    root = tmp_path / "pictures"
    if broken != "missing":
        root.mkdir()
    if broken == "files":
        (root / "a.png").write_text("")
    if broken in ("one class", "empty class", "one picture"):
        write_pictures(root / "cat", 2)
    if broken in ("empty class", "one picture"):
        write_pictures(root / "dog", 0 if broken == "empty class" else 1)
    with pytest.raises(ValueError, match=message):
        _open(root)


@pytest.mark.parametrize("split", datasets.SPLITS)
def test_the_splits_must_have_the_same_classes(tmp_path, write_pictures, split):
    for name in ("cat", "dog", "emu"):
        write_pictures(tmp_path / "train" / name, 1)
    for name in ("cat", "dog", "fox"):
        write_pictures(tmp_path / "val" / name, 1)
    message = "2 that differ .emu only in .*train, fox only in .*val"
    with pytest.raises(ValueError, match=message):
        _open(tmp_path, split)


def _write_classes(tmp_path, write_pictures, lines):
    for part in ("train", "val"):
        for name in ("ant", "bee", "wild cat"):
            write_pictures(tmp_path / "data" / part / name, 2)
    class_list = tmp_path / "classes.txt"
    class_list.write_text(lines)
    return {"class_list": str(class_list)}


def test_a_class_list_chooses_classes(tmp_path, write_pictures):
    options = _write_classes(
        tmp_path, write_pictures, "# some\nwild cat\n\nant\n"
    )
    for split in datasets.SPLITS:
        source = _open(tmp_path / "data", split, **options)
        assert source.class_names == ("ant", "wild cat")
        assert source.num_examples == 4
        labels = {int(source.decode(e)["label"]) for e in source.elements()}
        assert labels == {0, 1}


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("ant\ncow\n", "received 2, 1 of them not there .cow."),
        ("ant\n", "expected at least 2 class folders .* received 1"),
    ],
)
def test_a_class_list_that_does_not_fit_is_refused(
    tmp_path, write_pictures, lines, message
):
    options = _write_classes(tmp_path, write_pictures, lines)
    with pytest.raises(ValueError, match=message):
        _open(tmp_path / "data", **options)


def test_a_class_list_needs_its_file_and_a_folder(tmp_path, write_pictures):
    write_pictures(tmp_path / "ant", 2)
    write_pictures(tmp_path / "bee", 2)
    with pytest.raises(ValueError, match="none; correct --class_list"):
        _open(tmp_path, class_list="nowhere.txt")
    with pytest.raises(ValueError, match="expected data set folder"):
        datasets.open_source("digits", "train", class_list="nowhere.txt")
