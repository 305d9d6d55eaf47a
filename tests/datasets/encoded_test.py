"""Pictures in files: what is read, and what is wrong with what is not."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from qualnet_tf.datasets import encoded

_PIXELS = np.random.default_rng(0).integers(0, 256, (9, 7, 3), dtype=np.uint8)


def _encode(kind, mode="RGB", **options):
    buffer = io.BytesIO()
    Image.fromarray(_PIXELS).convert(mode).save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("PNG", "RGB"), ("BMP", "RGB"), ("PNG", "RGBA"), ("PNG", "P")],
)
def test_lossless_pictures_come_out_as_pillow_reads_them(kind, mode):
    data = _encode(kind, mode)
    expected = Image.open(io.BytesIO(data)).convert("RGB")
    np.testing.assert_array_equal(
        encoded.decode_rgb(data), np.asarray(expected)
    )


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        ("JPEG", "RGB"),
        ("JPEG", "L"),
        ("JPEG", "CMYK"),
        ("GIF", "RGB"),
        ("WEBP", "RGB"),
    ],
)
def test_other_kinds_have_three_channels(kind, mode):
    image = encoded.decode_rgb(_encode(kind, mode))
    assert image.shape == (9, 7, 3)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "WebP"])
def test_a_missing_end_is_found(kind, tmp_path):
    data = _encode(kind)
    path = tmp_path / "half"
    path.write_bytes(data)
    assert encoded.find_fault(path) is None
    for length in (len(data) // 2, len(data) - 2):
        path.write_bytes(data[:length])
        fault = encoded.find_fault(path)
        assert fault == f"is a truncated or damaged {kind} file"


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("length", [200, -40, -2])
def test_a_jpeg_without_end_is_found_as_the_decoder_would_but_silently(
    tmp_path, capfd, progressive, length
):
    data = _encode("JPEG", progressive=progressive)[:length]
    with pytest.raises(tf.errors.InvalidArgumentError):
        encoded.decode_rgb(data)
    capfd.readouterr()
    path = tmp_path / "half.jpg"
    path.write_bytes(data)
    assert encoded.find_fault(path) == "is a truncated or damaged JPEG file"
    assert capfd.readouterr() == ("", "")


def test_faults_are_told_apart(tmp_path):
    path = tmp_path / "x.png"
    for data, fault in (
        (b"no picture", "is no picture"),
        (b"", "is empty"),
        (_encode("TIFF"), "is no picture"),
    ):
        path.write_bytes(data)
        assert encoded.find_fault(path).startswith(fault)


def test_bad_files_stop_or_are_left_out(tmp_path):
    paths = []
    for i in range(40):
        path = tmp_path / f"{i}.jpg"
        path.write_bytes(_encode("JPEG")[: 50 if i in (7, 31) else None])
        paths.append(str(path))
    good = [i for i in range(40) if i not in (7, 31)]
    assert encoded.drop_bad_files(paths, skip_bad_files=True) == good
    message = r"7\.jpg is a truncated or damaged.*--skip_bad_files"
    with pytest.raises(ValueError, match=message):
        encoded.drop_bad_files(paths, skip_bad_files=False)
