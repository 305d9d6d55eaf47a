"""A batch has the pixels of its images, corrupted one by one."""

import numpy as np
import pytest
import tensorflow as tf

from qualnet_tf import corruptions
from qualnet_tf.corruptions import sampling

IMAGES = (
    np.random.default_rng(0).integers(0, 256, (3, 24, 40, 3)) / 255
).astype(np.float32)
SEEDS = tf.stack([sampling.fold_seed(9, index) for index in range(3)])


@pytest.mark.parametrize("name", corruptions.names())
def test_pixels_are_those_of_apply(name):
    batch = corruptions.apply_batch(IMAGES, name, 4, SEEDS)
    for image, seed, ours in zip(IMAGES, SEEDS, batch, strict=True):
        alone = corruptions.apply(image, name, 4, seed)
        np.testing.assert_array_equal(ours, alone)


def test_part_of_a_batch_and_tensor_severity_change_nothing():
    whole = corruptions.apply_batch(IMAGES, "snow", 2, SEEDS)
    part = corruptions.apply_batch(
        IMAGES[1:], "snow", tf.constant(2), SEEDS[1:]
    )
    np.testing.assert_array_equal(whole[1:], part)


@pytest.mark.parametrize(
    ("images", "name", "severity", "seeds", "message"),
    [
        (IMAGES[0], "fog", 1, SEEDS, r"\[batch, height, width, 3\], received"),
        (IMAGES, "fog", 1, SEEDS[0], r"integers of shape \[batch, 2\]"),
        (IMAGES, "rain", 1, SEEDS, "unknown corruption 'rain'"),
        (IMAGES, "fog", 6, SEEDS, "from 1 to 5, received 6"),
        (2 * IMAGES, "fog", 1, SEEDS, r"must lie in \[0, 1\], received 0 to 2"),
        (IMAGES[:, :8], "fog", 1, SEEDS, "at least 16 pixels"),
    ],
)
def test_bad_input(images, name, severity, seeds, message):
    with pytest.raises(ValueError, match=message):
        corruptions.apply_batch(images, name, severity, seeds)
