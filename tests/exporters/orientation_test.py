"""EXIF orientations are read and undone as Pillow does it."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageOps

from qualnet_tf.exporters import decoding, orientation

TAG = 0x0112
# "II", 42, offset 8, one entry: tag, SHORT, count 1, value.
LITTLE = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0%c\0\0\0\0\0\0\0"
BIG = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0%c\0\0\0\0\0\0"


def jpeg(pixels, exif=b"", **options):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(
        buffer, "JPEG", exif=exif, quality=100, subsampling=0, **options
    )
    return buffer.getvalue()


def with_orientation(pixels, value):
    exif = Image.Exif()
    exif[0x010F] = "a camera"  # entries around it
    exif[TAG] = value
    exif[0x0131] = "a program"
    return jpeg(pixels, exif.tobytes())


def read(contents):
    return int(orientation.read_orientation(tf.constant(contents)))


@pytest.fixture
def pixels(photograph):
    return photograph(24, 40)


@pytest.mark.parametrize("value", range(1, 9))
def test_equals_pillow(pixels, value):
    contents = with_orientation(pixels, value)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(contents)))
    image = tf.io.decode_jpeg(contents, dct_method="INTEGER_ACCURATE")
    turned = orientation.turn_upright(
        image, orientation.read_orientation(tf.constant(contents))
    )
    np.testing.assert_array_equal(turned, np.asarray(upright))


@pytest.mark.parametrize("value", [3, 6])
def test_a_turned_picture_gives_the_batch_of_its_upright_copy(pixels, value):
    contents = with_orientation(pixels, value)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(contents)))
    expected, _ = decoding.decode_and_crop(
        tf.constant([jpeg(np.asarray(upright))]), 16
    )
    found, stored = decoding.decode_and_crop(tf.constant([contents]), 16)
    assert stored.numpy().tolist() == [value]
    # saved as JPEG once more
    np.testing.assert_allclose(found, expected, atol=4 / 255)


@pytest.mark.parametrize("exif", [LITTLE, BIG], ids=["little", "big"])
def test_both_byte_orders(pixels, exif):
    assert read(jpeg(pixels, b"Exif\0\0" + exif % 8)) == 8


@pytest.mark.parametrize("value", [0, 9, 255])
def test_an_illegal_value_is_upright(pixels, value):
    assert read(jpeg(pixels, b"Exif\0\0" + LITTLE % value)) == 1


def test_behind_other_segments(pixels):
    profile = bytes(60_000)
    contents = jpeg(
        pixels, b"Exif\0\0" + LITTLE % 6, icc_profile=profile, comment=b"x" * 99
    )
    assert read(contents) == 6


@pytest.mark.parametrize(
    "exif",
    [
        b"",
        b"Exif\0\0",
        b"Exif\0\0II",
        b"Exif\0\0II*\0\xff\xff\xff\x7f\x01\0",  # a directory beyond the end
        b"Exif\0\0II*\0\xff\xff\xff\xff\x01\0",
        b"Exif\0\0II*\0\x08\0\0\0\xff\xff",  # entries beyond the end
        b"http://ns.adobe.com/xap/1.0/\0",
    ],
)
def test_no_or_damaged_exif_is_upright(pixels, exif):
    assert read(jpeg(pixels, exif)) == 1


@pytest.mark.parametrize(
    "contents",
    [
        b"",
        b"\xff",
        b"\xff\xd8",
        b"\xff\xd8\xff",
        b"\xff\xd8\xff\xe1\0\0",
        b"\xff\xd8" + b"\xff\xe0\0\0" * 50,  # segments without a length
        b"GIF89a",
        bytes(100),
    ],
)
def test_bytes_that_are_no_whole_jpeg_are_upright(contents):
    assert read(contents) == 1


@pytest.mark.parametrize("end", range(0, 130, 7))
def test_a_truncated_head_never_fails(pixels, end):
    assert read(with_orientation(pixels, 6)[:end]) in (1, 6)


def test_other_formats_are_upright(photograph, encode):
    exif = Image.Exif()
    exif[TAG] = 6
    contents = encode(photograph(8, 8), "RGB", "PNG", exif=exif.tobytes())
    assert read(contents) == 1
