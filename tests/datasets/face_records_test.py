"""RecordIO data sets: pixels, labels, both layouts, and bad input."""

import io
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from qualnet_tf import datasets
from qualnet_tf.datasets.face_record import write_face_record
from qualnet_tf.datasets.record_io import write_records

IDENTITIES = [4, 4, 4, 4, 90, 90, 90, 90]
ROOT = pathlib.Path(__file__).parents[2]


def _open(folder, split="train", **options):
    return datasets.open_source(
        "face_records", split, data_dir=str(folder), **options
    )


def _read(source):
    return [
        {name: value.numpy() for name, value in element.items()}
        for element in source.elements().map(source.decode)
    ]


@pytest.mark.parametrize("header", [True, False])
def test_every_face_is_read_once_with_its_label(tmp_path, write_faces, header):
    faces = write_faces(tmp_path, IDENTITIES, header)
    found = []
    for split in datasets.SPLITS:
        source = _open(tmp_path, split, validation_fraction=0.25)
        assert source.num_examples == (6 if split == "train" else 2)
        assert source.class_names == ("4", "90")
        found += _read(source)
    numbers = [
        next(i for i, face in enumerate(faces) if np.array_equal(face, x))
        for x in (each["image"] for each in found)
    ]
    assert sorted(numbers) == list(range(8))
    for number, each in zip(numbers, found, strict=True):
        assert each["label"] == IDENTITIES.index(IDENTITIES[number]) // 4


def test_jpeg_has_the_pixels_of_pillow(tmp_path, write_faces):
    write_faces(tmp_path, IDENTITIES, kind="JPEG")
    record = tmp_path / "train.rec"
    content = record.read_bytes()
    start = content.index(b"\xff\xd8")
    expected = np.asarray(Image.open(io.BytesIO(content[start:])))
    images = []
    for split in datasets.SPLITS:
        images += [each["image"] for each in _read(_open(tmp_path, split))]
    assert any(np.array_equal(expected, image) for image in images)


def test_pixels_agree_in_parallel(tmp_path, write_faces):
    write_faces(tmp_path, IDENTITIES * 20)
    source = _open(tmp_path)
    serial = _read(source)
    parallel = source.elements().map(source.decode, num_parallel_calls=8)
    for one, other in zip(serial, parallel, strict=True):
        np.testing.assert_array_equal(one["image"], other["image"])


@pytest.mark.parametrize(
    ("identities", "message"),
    [
        ([1, 1, 2], r"received 1 of 1 identities \(2\); leave them out"),
        ([1, 1, 1], "at least 2 identities, received 1"),
        ([1, 1, 2.5, 2.5], "record 3: expected a whole number .* received 2.5"),
        ([1, 1, 2**25, 2**25], "record 3: .* received 3.35544e.07; number the"),
    ],
)
def test_identities_that_cannot_be_learned(
    tmp_path, write_faces, identities, message
):
    write_faces(tmp_path, identities)
    with pytest.raises(ValueError, match=message):
        _open(tmp_path)


def test_header_and_index_must_agree(tmp_path, write_faces):
    write_faces(tmp_path, IDENTITIES)
    index = tmp_path / "train.idx"
    index.write_text("".join(index.read_text().splitlines(True)[1:]))
    with pytest.raises(ValueError, match="keys 1 to 8 of faces, .* received 7"):
        _open(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,112,112", "at most 1 identities in the records, received 2"),
        ("many", "one line 'identities,height,width', received 'many'"),
        ("2,112", "one line 'identities,height,width', received '2,112'"),
    ],
)
def test_property_that_does_not_fit(tmp_path, write_faces, text, message):
    write_faces(tmp_path, IDENTITIES)
    (tmp_path / "property").write_text(text)
    with pytest.raises(ValueError, match=message):
        _open(tmp_path)


def test_files_that_are_missing_or_cut(tmp_path, write_faces):
    with pytest.raises(ValueError, match="has no folder: expected one with"):
        datasets.open_source("face_records", "train")
    with pytest.raises(ValueError, match="train.idx: expected the index"):
        _open(tmp_path)
    write_faces(tmp_path, IDENTITIES)
    record = tmp_path / "train.rec"
    record.write_bytes(record.read_bytes()[:-200])
    with pytest.raises(ValueError, match="truncated or damaged|a place past"):
        _open(tmp_path)


@pytest.mark.parametrize(
    ("encoded", "message"),
    [
        (b"", "record 3: expected a picture of a face, received none"),
        (
            b"\xff\xd8 half a picture",
            "received 17 bytes that cannot be decoded",
        ),
        (b"\xff\xd8 no picture \xff\xd9", "received 16 bytes that cannot"),
        (b"something else", "received 14 bytes that cannot be decoded"),
    ],
)
def test_a_face_that_cannot_be_decoded(tmp_path, write_faces, encoded, message):
    write_faces(tmp_path, IDENTITIES, replaced={2: encoded})
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        for split in datasets.SPLITS:
            _read(_open(tmp_path, split))


def test_a_program_says_it_in_one_line(tmp_path, write_faces):
    bad = {number: b"something else" for number in range(8)}
    write_faces(tmp_path, IDENTITIES, replaced=bad)
    flags = "--dataset=face_records --backbone=lresnet_ir_tiny --image_size=16 "
    flags += "--margin_loss=cosface --batch_size=2 --num_epochs=1 "
    flags += "--augmentation=shift --clean_fraction=1 --decay_epochs="
    done = subprocess.run(
        [sys.executable, "-m", "qualnet_tf.train", *flags.split()]
        + [f"--data_dir={tmp_path}", f"--run_dir={tmp_path / 'run'}"],
        cwd=ROOT,
        # JAX, which another test may have imported, lowers the level.
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert "train.rec, record" in done.stderr
    assert "expected a picture of a face, received 14 bytes" in done.stderr


def test_trains_on_faces(tmp_path, write_faces):
    from qualnet_tf.config import TrainConfig
    from qualnet_tf.training import fit

    write_faces(tmp_path, IDENTITIES)
    config = TrainConfig(
        run_dir=str(tmp_path / "run"),
        dataset="face_records",
        data_dir=str(tmp_path),
        backbone="lresnet_ir_tiny",
        margin_loss="cosface",
        image_size=16,
        batch_size=2,
        num_epochs=1,
        decay_epochs=(),
        clean_fraction=0.5,
        corruptions=("resolution_nearest",),
        augmentation="shift_flip",
    )
    fit.train(config, "")
    info = (tmp_path / "run" / "run.json").read_text()
    assert '"finished"' in info and '"90"' in info


def test_an_index_may_name_one_place_twice(tmp_path, write_faces):
    """im2rec's own duplicates: a record under two keys is two faces."""
    data = [write_face_record(i // 2, b"x") for i in range(4)]
    offsets = write_records(tmp_path / "train.rec", data)
    lines = [f"{key}\t{offset}\n" for key, offset in enumerate(offsets)]
    text = "".join([*lines, f"9\t{offsets[0]}\n"])
    (tmp_path / "train.idx").write_text(text)
    total = sum(
        _open(tmp_path, split).num_examples for split in datasets.SPLITS
    )
    assert total == 5
