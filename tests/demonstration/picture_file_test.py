"""A visitor's file becomes a picture, or one line that says why not."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from qualnet_tf.demonstration.picture_file import read_picture


@pytest.fixture
def save(tmp_path):
    def save_as(content):
        path = tmp_path / "file"
        path.write_bytes(content)
        return path

    return save_as


def photograph(height=30, width=40, seed=0):
    coarse = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), np.uint8)
    return Image.fromarray(coarse).resize((width, height))


def encoded(picture, file_format, **options):
    buffer = io.BytesIO()
    picture.save(buffer, file_format, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("mode", "file_format", "note"),
    [
        ("RGB", "PNG", ""),
        ("L", "PNG", ""),
        ("P", "GIF", ""),
        ("RGBA", "PNG", "Its transparency is passed over."),
        ("CMYK", "JPEG", "CMYK: converted to RGB"),
    ],
)
def test_kinds_of_pictures(save, mode, file_format, note):
    picture = photograph().convert(mode)
    found, notes = read_picture(save(encoded(picture, file_format)))
    assert found.shape == (30, 40, 3) and found.dtype == np.uint8
    expected = np.asarray(picture.convert("RGB")).astype(int)
    assert np.abs(found - expected).mean() < 3
    assert " ".join(notes).startswith(note) and bool(notes) == bool(note)


def test_sixteen_bits(save):
    levels = np.arange(1200, dtype=np.uint16).reshape(30, 40) * 50
    content = encoded(Image.fromarray(levels), "PNG")
    found, notes = read_picture(save(content))
    np.testing.assert_array_equal(found[..., 0], levels >> 8)
    assert notes == ["16 bits a pixel: the upper 8 are used."]


def test_an_animation(save):
    frames = [photograph(seed=seed) for seed in range(3)]
    content = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    found, notes = read_picture(save(content))
    still, _ = read_picture(save(encoded(frames[0], "GIF")))
    np.testing.assert_array_equal(found, still)
    assert notes == ["An animation of 3 frames: the first is shown."]


def test_an_orientation_is_undone_and_said(save):
    exif = Image.Exif()
    exif[0x0112] = 6
    found, notes = read_picture(
        save(encoded(photograph(), "JPEG", exif=exif.tobytes()))
    )
    assert found.shape == (40, 30, 3)
    assert notes == ["Turned upright, as its EXIF orientation (6) says."]


def test_one_pixel(save):
    found, notes = read_picture(save(encoded(photograph(1, 1), "PNG")))
    assert found.shape == (1, 1, 3) and "One pixel" in notes[0]


def header(width, height):
    data = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)

    def chunk(kind, data):
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    pixels = chunk(b"IDAT", zlib.compress(bytes(100)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", data) + pixels


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "0 bytes that are no picture; choose"),
        (b"some text", "9 bytes that are no picture"),
        (
            encoded(photograph(300, 300), "JPEG")[:1500],
            "cannot be decoded to its end",
        ),
        (encoded(photograph(), "PNG")[:300], "cannot be decoded to its end"),
        (header(20_000, 20_000), "at most 50 megapixels, received 400; choose"),
        (header(9_000, 9_000), "received 9000 x 9000 pixels; choose a small"),
        (header(100, 100), "cannot be decoded to its end"),
    ],
)
def test_what_is_no_picture(save, content, message):
    with pytest.raises(ValueError, match=message) as error:
        read_picture(save(content))
    assert "\n" not in str(error.value)
