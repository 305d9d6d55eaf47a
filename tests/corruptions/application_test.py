"""Every corruption keeps the room's contract."""

import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from qualnet_tf import corruptions
from qualnet_tf.corruptions import severities

DETERMINISTIC = {
    "defocus_blur",
    "zoom_blur",
    "brightness",
    "contrast",
    "pixelate",
    "jpeg_compression",
    "gaussian_blur",
    "saturate",
    "resolution_nearest",
    "resolution_bicubic",
    "resolution_nearest_half_pixel",
    "resolution_bilinear",
    "resolution_area",
    "resolution_lanczos",
    "deepcorrect_blur",
    "auxtraining_blur",
}


def picture(height, width, seed=0):
    """A smooth picture with some noise, on the 8-bit grid."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[:height, :width] / max(height, width)
    planes = [np.sin(4 * rows + k) * np.cos(5 * columns - k) for k in range(3)]
    levels = 128 + 90 * np.stack(planes, axis=-1)
    levels += random.normal(0, 12, levels.shape)
    return np.clip(levels, 0, 255).astype(np.uint8).astype(np.float32) / 255


def test_names_are_the_15_the_4_and_the_others():
    tests, holdouts = (
        corruptions.TEST_CORRUPTIONS,
        corruptions.HOLDOUT_CORRUPTIONS,
    )
    assert len(tests) == 15 and len(holdouts) == 4
    members = [n for family in corruptions.FAMILIES.values() for n in family]
    assert sorted(members) == sorted(tests + holdouts)
    others = corruptions.expand(
        ["interpolations", "deepcorrect", "auxtraining"]
    )
    assert sorted(corruptions.names()) == sorted(
        [*tests, *holdouts, *others, "resolution_nearest_half_pixel"]
    )


def test_names_come_without_tensorflow():
    code = (
        "import sys; from qualnet_tf import corruptions; corruptions.names(); "
        "sys.exit('tensorflow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.parametrize("name", corruptions.names())
def test_shape_range_and_8_bit_grid(name):
    for height, width in ((32, 32), (48, 64), (16, 23)):
        image = picture(height, width)
        result = corruptions.apply(image, name, 2, seed=1)
        assert result.shape == image.shape and result.dtype == tf.float32
        levels = result.numpy() * 255
        assert levels.min() >= 0 and result.numpy().max() <= 1
        np.testing.assert_allclose(levels, np.round(levels), atol=1e-4)
        assert not np.allclose(result, image)


@pytest.mark.parametrize("name", corruptions.names())
def test_eager_dataset_and_tensor_severity_agree(name):
    image = picture(32, 32)

    def corrupt(severity):
        return corruptions.apply(image, name, severity, (5, 6))

    highest = corruptions.num_severities(name)
    dataset = tf.data.Dataset.range(1, highest + 1)
    dataset = dataset.map(corrupt, num_parallel_calls=2)
    for severity, in_dataset in enumerate(dataset, start=1):
        eager = corrupt(severity)
        np.testing.assert_array_equal(eager, corrupt(tf.constant(severity)))
        np.testing.assert_array_equal(eager, in_dataset)


@pytest.mark.parametrize("name", corruptions.names())
def test_seed_decides(name):
    image = picture(32, 32)
    first, again, other = (
        corruptions.apply(image, name, 3, seed).numpy() for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert np.array_equal(first, other) == (name in DETERMINISTIC)


def test_severities_and_names_do_not_share_noise():
    grey = np.full((32, 32, 3), 0.5, np.float32)
    fields = [
        np.sign(corruptions.apply(grey, name, severity, 1).numpy() - 0.5)
        for name in ("gaussian_noise", "speckle_noise")
        for severity in (4, 5)
    ]
    for i, field in enumerate(fields):
        for other in fields[:i]:
            assert abs(np.mean(field * other)) < 0.1


@pytest.mark.parametrize("name", corruptions.names())
def test_works_where_the_tables_change(name):
    for side, table in ((159, "tiny_imagenet_c"), (160, "imagenet_c")):
        image = picture(side, 170)
        result = corruptions.apply(image, name, 5, 3)
        options = corruptions.Options(severity_table=table)
        explicit = corruptions.apply(image, name, 5, 3, options)
        np.testing.assert_array_equal(result, explicit)


def test_unknown_name_lists_the_legal_ones():
    with pytest.raises(ValueError, match="unknown corruption 'rain'.*fog"):
        corruptions.apply(picture(32, 32), "rain", 1, 0)


@pytest.mark.parametrize("table", severities.TABLES)
@pytest.mark.parametrize("name", corruptions.names())
def test_every_table_works_on_the_smallest_picture(name, table):
    options = corruptions.Options(severity_table=table)
    grey = np.repeat(picture(16, 23)[..., :1], 3, axis=-1)
    for severity in (1, 5):
        result = corruptions.apply(grey, name, severity, 0, options).numpy()
        assert result.shape == grey.shape and np.isfinite(result).all()
