"""A preview shows the pixels of a copy, of a size that fits a sheet."""

import numpy as np
import pytest
from PIL import Image

from qualnet_tf import corruptions
from qualnet_tf.corruptions import sampling
from qualnet_tf.datasets import corruption_preview
from qualnet_tf.datasets.picture_corrupter import CopySettings

SETTINGS = CopySettings(("contrast", "gaussian_noise"), (2, 4), seed=3)


@pytest.fixture
def write_picture(tmp_path):
    def write(width, height):
        path = tmp_path / f"{width}x{height}.png"
        pixels = np.random.default_rng(0).integers(
            0, 256, (height, width, 3), dtype=np.uint8
        )
        Image.fromarray(pixels).save(path)
        return str(path), pixels

    return write


def test_pixels_are_those_of_apply(write_picture):
    path, pixels = write_picture(20, 30)
    picture = corruption_preview.open_picture(path)
    preview = corruption_preview.make_preview(picture, SETTINGS)
    np.testing.assert_array_equal(preview.clean, pixels)
    assert preview.corrupted.shape == (2, 2, 30, 20, 3)
    expected = corruptions.apply(
        pixels / np.float32(255),
        "gaussian_noise",
        4,
        sampling.fold_seed(3, 0),
    )
    np.testing.assert_array_equal(
        preview.corrupted[1, 1], np.round(np.asarray(expected) * 255)
    )
    assert preview.severity_table == "cifar_c"


@pytest.mark.parametrize(
    ("width", "height", "image_size", "expected"),
    [
        (256, 200, 0, (200, 256)),
        (257, 200, 0, (224, 224)),
        (257, 200, 48, (48, 48)),
        (20, 20, 48, (48, 48)),
    ],
)
def test_large_pictures_are_cropped(
    write_picture, width, height, image_size, expected
):
    path, _ = write_picture(width, height)
    settings = CopySettings(("contrast",), (1,), image_size=image_size)
    preview = corruption_preview.make_preview(
        corruption_preview.open_picture(path), settings
    )
    assert preview.clean.shape[:2] == expected
    assert preview.corrupted.shape[2:4] == expected


def test_bad_pictures_are_named(write_picture, tmp_path):
    with pytest.raises(ValueError, match="expected a picture file, received"):
        corruption_preview.open_picture(str(tmp_path))
    path, _ = write_picture(20, 12)
    with pytest.raises(ValueError, match="is only 12x20 pixels: expected"):
        corruption_preview.open_picture(path)
    assert corruption_preview.open_picture(path, image_size=32).path == path


def test_first_picture_of_a_folder(tmp_path, write_pictures):
    write_pictures(tmp_path / "in" / "b", 1)
    write_pictures(tmp_path / "in" / "a", 2)
    picture = corruption_preview.first_picture(tmp_path / "in")
    assert picture.path == str(tmp_path / "in" / "a" / "0.png")
    assert picture.index == 0
