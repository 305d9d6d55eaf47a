"""Faces decode from files and bytes, and fit a square without loss."""

import io

import numpy as np
import pytest
from PIL import Image

from qualnet_tf.datasets.face_pictures import fit_face, load_face


def picture(height, width):
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), "u1")


def encoded(pixels, kind="PNG"):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "BMP", "PPM"])
def test_bytes_and_files_decode_alike(kind, tmp_path):
    pixels = picture(9, 7)
    (tmp_path / "face").write_bytes(encoded(pixels, kind))
    for source in (encoded(pixels, kind), str(tmp_path / "face")):
        np.testing.assert_array_equal(load_face(source, "face"), pixels)


def test_grey_is_copied_to_three_channels(tmp_path):
    grey = picture(9, 7)[..., 0]
    loaded = load_face(encoded(grey), "face")
    np.testing.assert_array_equal(loaded, grey[..., None].repeat(3, axis=2))


@pytest.mark.parametrize(
    ("source", "received"),
    [
        (b"", "received none"),
        (b"no picture", "received 10 bytes that cannot be decoded"),
        (encoded(picture(20, 20))[:300], "300 bytes that cannot be decoded"),
        ("missing.png", "received none"),
    ],
)
def test_what_is_no_picture_is_named(source, received):
    with pytest.raises(ValueError, match=f"face 7: .*{received}; leave"):
        load_face(source, "face 7")


def test_a_face_of_the_side_stays_as_it_is():
    pixels = picture(16, 16)
    np.testing.assert_array_equal(fit_face(pixels, 16), pixels)


def test_a_narrow_face_gets_black_on_both_sides():
    pixels = picture(16, 11)
    fitted = fit_face(pixels, 16)
    np.testing.assert_array_equal(fitted[:, 2:13], pixels)
    assert not fitted[:, :2].any() and not fitted[:, 13:].any()


def test_other_sizes_are_resized_whole():
    pixels = picture(40, 40)
    expected = Image.fromarray(pixels).resize(
        (16, 16), Image.Resampling.BICUBIC
    )
    np.testing.assert_array_equal(fit_face(pixels, 16), np.asarray(expected))
    assert fit_face(picture(5, 9), 16).shape == (16, 16, 3)
