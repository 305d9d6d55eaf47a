"""Records of faces: labels, headers, and what is refused."""

import struct

import pytest

from qualnet_tf.datasets.face_record import (
    identity_of,
    parse_face_record,
    write_face_record,
)


def test_one_label():
    record = parse_face_record(write_face_record(7, b"jpeg"), "here")
    assert record.labels == (7.0,) and record.encoded == b"jpeg"
    assert not record.is_header and identity_of(record, "here") == 7


def test_the_first_of_several_labels_is_the_identity():
    data = write_face_record([7, 9], b"jpeg")
    record = parse_face_record(data, "here")
    assert record.labels == (7.0, 9.0) and record.encoded == b"jpeg"
    assert not record.is_header and identity_of(record, "here") == 7


def test_labels_without_a_picture_are_a_header():
    record = parse_face_record(write_face_record([401, 441], b""), "here")
    assert record.is_header and record.labels == (401.0, 441.0)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"short", "here: expected at least 24 bytes .* received 5"),
        (
            struct.pack("<IfQQ", 2**31, 0, 0, 0) + b"1234",
            "here: expected 2147483648 labels .* received 4 bytes",
        ),
    ],
)
def test_too_short(data, message):
    with pytest.raises(ValueError, match=message):
        parse_face_record(data, "here")


@pytest.mark.parametrize(
    "label", [-1.0, 0.5, float("nan"), float("inf"), 2.0**24 + 2]
)
def test_labels_that_name_no_identity(label):
    record = parse_face_record(write_face_record(label, b"x"), "here")
    with pytest.raises(ValueError, match="whole number from 0 to 16777216"):
        identity_of(record, "here")
