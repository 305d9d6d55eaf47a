"""Options change what they name, and nothing else."""

import io

import numpy as np
import pytest
from PIL import Image

from qualnet_tf import corruptions
from tests.corruptions.application_test import picture

IMAGE = picture(40, 32)


@pytest.mark.parametrize("name", corruptions.names())
def test_variant_concerns_elastic_and_frost_alone(name):
    plain, other = (
        corruptions.apply(
            IMAGE, name, 3, 1, corruptions.Options(variant=variant)
        ).numpy()
        for variant in ("imagenet_c", "imagecorruptions")
    )
    differs = name in ("elastic_transform", "frost")
    assert np.array_equal(plain, other) != differs


@pytest.mark.parametrize("name", ["gaussian_noise", "fog", "pixelate"])
def test_jpeg_step_is_pillows(name):
    plain = corruptions.apply(IMAGE, name, 2, 1).numpy()
    stored = io.BytesIO()
    levels = np.round(plain * 255).astype(np.uint8)
    Image.fromarray(levels).save(stored, "JPEG", quality=85, optimize=True)
    with Image.open(stored) as reopened:
        expected = np.asarray(reopened)
    options = corruptions.Options(imagenet_c_jpeg=True)
    ours = corruptions.apply(IMAGE, name, 2, 1, options).numpy()
    np.testing.assert_array_equal(np.round(ours * 255), expected)


def test_frost_takes_a_folder_of_textures(tmp_path):
    Image.new("RGB", (64, 64), (255, 0, 0)).save(tmp_path / "red.png")
    black = np.zeros((32, 32, 3), np.float32)
    options = corruptions.Options(frost_textures=str(tmp_path))
    frosted = corruptions.apply(black, "frost", 5, 0, options).numpy()
    assert frosted[..., 0].min() > 0.3 and frosted[..., 1:].max() == 0.0


def test_unknown_variant_and_empty_texture_folder(tmp_path):
    with pytest.raises(ValueError, match="'mine': expected one of imagenet_c"):
        corruptions.Options(variant="mine")
    options = corruptions.Options(frost_textures=str(tmp_path))
    with pytest.raises(ValueError, match="a texture folder without pictures"):
        corruptions.apply(IMAGE, "frost", 1, 0, options)
