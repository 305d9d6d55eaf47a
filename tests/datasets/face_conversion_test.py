"""Faces keep their bytes and identities in every other form."""

import csv

import numpy as np
import pytest

from qualnet_tf import datasets
from qualnet_tf.datasets.face_conversion import convert
from qualnet_tf.datasets.face_files import list_faces
from qualnet_tf.datasets.face_pictures import load_face
from qualnet_tf.datasets.face_record import parse_face_record
from qualnet_tf.datasets.record_io import RecordFile, read_index

PEOPLE = {"anna": 3, "bert": 2, "carl": 4}


@pytest.fixture
def folder(tmp_path, write_people):
    write_people(tmp_path / "people", PEOPLE)
    return tmp_path / "people"


def contents(faces):
    """Name of a person -> the encoded faces, sorted."""
    found = {name: [] for name in faces.identities}
    for place, label in enumerate(faces.labels):
        found[faces.identities[label]].append(faces.read(place))
    return {name: sorted(each) for name, each in found.items()}


def identities_csv(output):
    with open(output / "identities.csv", newline="") as file:
        return [tuple(row) for row in csv.reader(file)][1:]


def test_folder_is_listed(folder):
    faces = list_faces("folder", str(folder))
    assert faces.identities == tuple(PEOPLE)
    assert faces.by_person()["bert"] == ["bert/0.png", "bert/1.png"]
    assert faces.read(0) == (folder / "anna/0.png").read_bytes()


def test_only_listed_people(folder, tmp_path):
    (tmp_path / "some.txt").write_text("anna\ncarl\n")
    faces = list_faces("folder", str(folder), str(tmp_path / "some.txt"))
    assert faces.identities == ("anna", "carl")


def test_to_records_and_back(folder, tmp_path):
    faces = list_faces("folder", str(folder))
    counts = convert(faces, str(tmp_path / "rec"), "records")
    assert counts == {"faces": 9, "identities": 3, "bad": 0}
    again = list_faces("face_records", str(tmp_path / "rec"))
    assert again.identities == ("0", "1", "2")
    before, after = contents(faces), contents(again)
    assert list(before.values()) == list(after.values())
    assert identities_csv(tmp_path / "rec") == [
        ("0", "anna"),
        ("1", "bert"),
        ("2", "carl"),
    ]
    assert (tmp_path / "rec" / "property").read_text() == "3,20,20\n"
    convert(again, str(tmp_path / "back"), "folder")
    files = sorted((tmp_path / "back").rglob("*.png"))
    assert [file.parent.name for file in files] == [
        *"000",
        *"11",
        *"2222",
    ]
    stored = [file.read_bytes() for file in files]
    assert sorted(stored) == sorted(sum(before.values(), []))


def test_identity_records_name_the_ranges_of_their_faces(folder, tmp_path):
    convert(list_faces("folder", str(folder)), str(tmp_path / "r"), "records")
    index = read_index(tmp_path / "r" / "train.idx")
    records = RecordFile(tmp_path / "r" / "train.rec")
    parsed = {
        k: parse_face_record(records.read(v), "") for k, v in index.items()
    }
    assert parsed[0].labels == (10, 13) and parsed[0].is_header
    ranges = [parsed[key].labels for key in (10, 11, 12)]
    assert ranges == [(1, 4), (4, 6), (6, 10)]
    for label, (first, end) in enumerate(ranges):
        keys = range(int(first), int(end))
        assert {parsed[key].labels[0] for key in keys} == {label}


def test_tfrecord_is_a_set_that_trains(folder, tmp_path):
    faces = list_faces("folder", str(folder))
    convert(faces, str(tmp_path / "sets"), "tfrecord", name="my_faces")
    source = datasets.open_source(
        "my_faces",
        "train",
        data_dir=str(tmp_path / "sets"),
        validation_fraction=0.2,
    )
    assert source.class_names == tuple(PEOPLE)
    held = datasets.open_source(
        "my_faces",
        "validation",
        data_dir=str(tmp_path / "sets"),
        validation_fraction=0.2,
    )
    assert source.num_examples + held.num_examples == 9
    example = source.decode(next(iter(source.elements())))
    pixels = example["image"].numpy()
    label = int(example["label"])
    own = [
        load_face(faces.read(place), "")
        for place in np.flatnonzero(faces.labels == label)
    ]
    assert any(np.array_equal(pixels, each) for each in own)


def test_gaps_in_labels_are_closed_and_kept_in_the_list(tmp_path, write_faces):
    (tmp_path / "rec").mkdir()
    write_faces(tmp_path / "rec", [5, 5, 90, 90, 7])
    faces = list_faces("face_records", str(tmp_path / "rec"))
    assert faces.identities == ("5", "7", "90")
    convert(faces, str(tmp_path / "out"), "records")
    assert identities_csv(tmp_path / "out") == [
        ("0", "5"),
        ("1", "7"),
        ("2", "90"),
    ]


@pytest.mark.parametrize("file_format", ["tfrecord", "records", "folder"])
def test_a_damaged_face_leaves_nothing_behind(folder, tmp_path, file_format):
    (folder / "bert/1.png").write_bytes(b"\x89PNG no picture")
    faces = list_faces("folder", str(folder))
    with pytest.raises(ValueError, match="bert/1.png: .* or pass --skip_bad"):
        convert(faces, str(tmp_path / "out"), file_format)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["people"]
    counts = convert(
        faces, str(tmp_path / "out"), file_format, skip_bad_files=True
    )
    assert counts == {"faces": 8, "identities": 3, "bad": 1}


@pytest.mark.parametrize("file_format", ["tfrecord", "records", "folder"])
def test_no_good_face_at_all_leaves_nothing(folder, tmp_path, file_format):
    for file in folder.rglob("*.png"):
        file.write_bytes(b"no picture")
    faces = list_faces("folder", str(folder))
    with pytest.raises(ValueError, match="none of 9 faces can be decoded"):
        convert(faces, str(tmp_path / "out"), file_format, skip_bad_files=True)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["people"]


def test_nothing_is_overwritten(folder, tmp_path):
    (tmp_path / "out").mkdir()
    with pytest.raises(ValueError, match="does not exist yet"):
        convert(
            list_faces("folder", str(folder)), str(tmp_path / "out"), "folder"
        )
