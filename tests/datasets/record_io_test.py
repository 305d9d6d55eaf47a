"""RecordIO: round trips, the format's corners, and damaged files."""

import struct

import numpy as np
import pytest

from qualnet_tf.datasets.face_record import (
    identity_of,
    parse_face_record,
    write_face_record,
)
from qualnet_tf.datasets.record_io import (
    MAGIC,
    RecordFile,
    read_index,
    write_records,
)

PAYLOADS = [
    b"face",
    b"",
    b"odd",
    MAGIC,
    b"1234" + MAGIC + b"tail",
    MAGIC + MAGIC + b"x",
    # Not at a multiple of 4: no part ends there.
    b"12" + MAGIC + b"34",
    bytes(range(256)) * 20,
]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "train.rec"


@pytest.mark.parametrize("data", PAYLOADS)
def test_data_survives_a_file(path, data):
    offsets = write_records(path, [b"before", data, b"behind"])
    file = RecordFile(path)
    assert file.offsets() == offsets
    assert [file.read(each) for each in offsets] == [
        b"before",
        data,
        b"behind",
    ]


def test_bytes_are_those_of_the_format(path):
    """Written by hand from recordio.h: kind in 3 bits, length in 29."""
    write_records(path, [b"ab" + b"cd" + MAGIC + b"e"])
    assert path.read_bytes() == (
        MAGIC
        + struct.pack("<I", 1 << 29 | 4)
        + b"abcd"
        + MAGIC
        + struct.pack("<I", 3 << 29 | 1)
        + b"e\0\0\0"
    )


def test_magic_is_little_endian():
    assert MAGIC == bytes.fromhex("0a23d7ce")


def test_index_keeps_the_order_of_its_lines(tmp_path):
    index = tmp_path / "train.idx"
    index.write_text("1\t100\n2\t200\n\n0\t0\n")
    assert list(read_index(index).items()) == [(1, 100), (2, 200), (0, 0)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1\t2\t3\n", "expected 'key<TAB>byte offset' in line 1"),
        ("1\t2\n-1\t5\n", "in line 2, received '-1.t5'"),
        ("1\t2\n1\t5\n", "expected each key once, received 1 again in line 2"),
        ("1\t" + "9" * 5000, "in line 1"),
        ("\n", "lines of key and byte offset, received none"),
    ],
)
def test_bad_index(tmp_path, text, message):
    index = tmp_path / "train.idx"
    index.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_index(index)


def test_missing_files(tmp_path):
    with pytest.raises(ValueError, match="copy it beside the .rec file"):
        read_index(tmp_path / "train.idx")
    with pytest.raises(ValueError, match="RecordIO file, found none"):
        RecordFile(tmp_path / "train.rec")
    (tmp_path / "train.rec").touch()
    with pytest.raises(ValueError, match="found an empty one"):
        RecordFile(tmp_path / "train.rec")


def _word(kind, length):
    return MAGIC + struct.pack("<I", kind << 29 | length)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"JUNKJUNKJUNK", "magic number 0xced7230a at byte 0, received 0x4b4e"),
        (MAGIC, "expected a record at byte 0, received a truncated one"),
        (_word(0, 9) + b"short", "within the 13 bytes .* one of 9 bytes"),
        (_word(5, 4) + b"abcd", "kind 0 to 3 at byte 0, received kind 5"),
        (_word(2, 4) + b"abcd", "a later part of one"),
        (_word(1, 4) + b"abcd", "a place past"),
        (_word(1, 0) + _word(0, 0), "all parts of a record at byte 0"),
        (_word(1, 0) + _word(1, 0), "received one without its end"),
    ],
)
def test_damaged_file(path, content, message):
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as error:
        RecordFile(path).read(0)
    assert str(path) in str(error.value)
    assert "copy the file again" in str(error.value)


@pytest.mark.parametrize("offset", [1000, -4])
def test_a_place_outside_the_file(path, offset):
    write_records(path, [b"face"])
    with pytest.raises(ValueError, match=f"at byte {offset}, received a place"):
        RecordFile(path).read(offset)


def test_2000_mutated_files_raise_nothing_else(path):
    generator = np.random.default_rng(0)
    faces = [write_face_record(i % 3, data) for i, data in enumerate(PAYLOADS)]
    write_records(path, faces)
    good = np.frombuffer(path.read_bytes(), np.uint8)
    refused = 0
    for _ in range(2000):
        content = good.copy()
        places = generator.integers(0, 150, generator.integers(1, 9))
        content[places] = generator.integers(0, 256, len(places))
        content = content[: generator.integers(1, len(content) + 1)]
        path.write_bytes(content.tobytes())
        file = RecordFile(path)
        try:
            for offset in file.offsets():
                data = file.read(offset)
                assert len(data) < len(good)
                identity_of(parse_face_record(data, "here"), "here")
        except ValueError as error:
            refused += 1
            assert "expected" in str(error) and "received" in str(error)
    assert 1000 < refused <= 2000
