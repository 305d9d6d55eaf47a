"""The distortions of earlier papers against NumPy, SciPy and Pillow."""

import math

import numpy as np
import pytest
import scipy.ndimage
import tensorflow as tf
from PIL import Image

from qualnet_tf import corruptions
from qualnet_tf.corruptions import protocols, sampling, seeds
from tests.corruptions.application_test import picture

GREY = np.full((64, 64, 3), 128 / 255, np.float32)
CIFAR = corruptions.Options(severity_table="cifar_c")
IMAGENET = corruptions.Options(severity_table="imagenet_c")
NOISE = {
    "imagenet": (10, 20, 40, 60, 80, 100),
    "cifar": (5, 10, 15, 20, 25, 30),
}
BLUR = {"imagenet": (1, 2, 3, 4, 5, 6), "cifar": (0.5, 1, 1.5, 2, 2.5, 3)}
TABLES = {"imagenet": IMAGENET, "cifar": CIFAR}


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("severity", range(1, 7))
def test_deepcorrect_noise_has_the_authors_deviation(table, severity):
    options = corruptions.Options(severity_table=TABLES[table].severity_table)
    noisy = protocols.deepcorrect_noise(
        tf.constant(GREY), severity, (1, severity), options
    )
    deviation = np.std(np.asarray(noisy) - GREY) * 255
    expected = NOISE[table][severity - 1]
    # 12,288 draws: the deviation is good to 0.64 %.
    assert deviation == pytest.approx(expected, rel=0.03)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("severity", range(1, 7))
def test_deepcorrect_blur_is_opencvs_with_a_black_border(table, severity):
    image = picture(40, 33)
    sigma = BLUR[table][severity - 1]
    radius = int(2 * sigma)
    offsets = np.arange(-radius, radius + 1)
    weights = np.exp(-(offsets**2) / (2 * sigma**2))
    weights /= weights.sum()
    expected = image.astype(np.float64)
    for axis in (0, 1):
        expected = scipy.ndimage.correlate1d(
            expected, weights, axis=axis, mode="constant"
        )
    ours = protocols.deepcorrect_blur(
        tf.constant(image), severity, (0, 0), TABLES[table]
    )
    np.testing.assert_allclose(ours, expected, atol=1e-6)
    assert expected[0, 0].mean() < 0.85 * image[0, 0].mean()


def test_sides_choose_the_experiments():
    small, large = picture(32, 32), picture(200, 170)
    for image, options in ((small, CIFAR), (large, IMAGENET)):
        for name in corruptions.GROUPS["deepcorrect"]:
            np.testing.assert_array_equal(
                corruptions.apply(image, name, 6, 1),
                corruptions.apply(image, name, 6, 1, options),
            )


@pytest.mark.parametrize("severity", [1, 5])
def test_auxtraining_has_one_strength(severity):
    noisy = protocols.auxtraining_noise(
        tf.constant(GREY), severity, (3, 4), IMAGENET
    )
    deviation = np.std(np.asarray(noisy) - GREY) * 255
    assert deviation == pytest.approx(20, rel=0.03)
    image = picture(40, 33)
    expected = scipy.ndimage.gaussian_filter(
        image.astype(np.float64), (1, 1, 0), mode="nearest"
    )
    ours = protocols.auxtraining_blur(
        tf.constant(image), severity, (0, 0), IMAGENET
    )
    np.testing.assert_allclose(ours, expected, atol=1e-6)


def _grey(image):
    return image @ np.array([[0.299], [0.587], [0.114]])


@pytest.mark.parametrize("seed", range(4))
def test_jitter_agrees_with_numpy(seed):
    image = picture(24, 30)
    pair = sampling.fold_seed(9, seed)
    bright, contrast, saturation = 1 + 0.5 * seeds.uniform(
        pair, [3], -1.0, 1.0
    ).numpy().astype(float)
    expected = np.clip(bright * image.astype(float), 0, 1)
    mean = _grey(expected).mean()
    expected = np.clip(contrast * expected + (1 - contrast) * mean, 0, 1)
    expected = saturation * expected + (1 - saturation) * _grey(expected)
    ours = protocols.auxtraining_jitter(tf.constant(image), 1, pair, IMAGENET)
    np.testing.assert_allclose(ours, expected, atol=1e-5)


def test_jitter_factors_and_angles_fill_their_ranges():
    bright = []
    for seed in range(200):
        pair = sampling.fold_seed(1, seed)
        bright.append(float(seeds.uniform(pair, [3], -1.0, 1.0)[0]))
    assert min(bright) < -0.95 and max(bright) > 0.95
    assert abs(np.mean(bright)) < 0.12


@pytest.mark.parametrize("degrees", [-30.0, -7.3, 0.0, 12.0, 29.9])
@pytest.mark.parametrize("shape", [(32, 32), (41, 30)])
def test_rotation_is_pillows(degrees, shape):
    image = picture(*shape)
    levels = np.round(image * 255).astype(np.uint8)
    expected = np.asarray(Image.fromarray(levels).rotate(degrees))
    ours = protocols.rotate(tf.constant(image), math.radians(degrees))
    ours = np.round(np.asarray(ours) * 255)
    # Pillow steps in 16 bits behind the point: a pixel on an edge may differ.
    assert np.mean(np.any(ours != expected, axis=-1)) < 0.01


def test_rotation_turns_by_at_most_30_degrees():
    white = tf.ones((65, 65, 3))
    black = []
    for seed in range(40):
        turned = protocols.auxtraining_rotation(white, 1, (0, seed), IMAGENET)
        black.append(float(1 - tf.reduce_mean(turned)))
    most = float(1 - tf.reduce_mean(protocols.rotate(white, math.radians(30))))
    assert max(black) <= most + 0.01
    assert max(black) > 0.8 * most and min(black) < 0.2 * most


@pytest.mark.parametrize(
    ("name", "severity", "message"),
    [
        ("deepcorrect_noise", 7, "of deepcorrect_noise must .* 1 to 6, rec"),
        ("gaussian_noise", 6, "of gaussian_noise must .* from 1 to 5, rec"),
    ],
)
def test_severities_beyond_a_corruptions_own_are_refused(
    name, severity, message
):
    with pytest.raises(ValueError, match=message):
        corruptions.apply(picture(32, 32), name, severity, 0)
    with pytest.raises(ValueError, match=message):
        sampling.corrupt_or_keep(
            picture(32, 32), (0, 0), 0.5, (name,), (1, severity)
        )
