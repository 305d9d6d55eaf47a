"""Agreement with the published implementations, by exact images and numbers.

The data lies in shared/ beside the repository; without it the tests that need
it skip. `python -m benchmarks.corruption_fidelity` prints the same comparison.
"""

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from qualnet_tf import corruptions
from qualnet_tf.corruptions import severities

# A checkout has them; a target of its own in BUILD has not.
fidelity = pytest.importorskip("benchmarks.corruption_fidelity")
statistics = pytest.importorskip("benchmarks.corruption_statistics")

_DATA = fidelity.REFERENCE
_NUM_SEEDS = 3

needs_data = pytest.mark.skipif(
    not _DATA.is_dir(), reason="shared/reference/corruptions is absent"
)

# Mean and largest absolute difference allowed, in levels.
_TOLERANCES = {
    "jpeg_compression": (0.0, 0),
    "pixelate": (0.0, 0),
    "contrast": (0.05, 1),
    "brightness": (0.05, 1),
    "saturate": (0.25, 1),
    "defocus_blur": (0.05, 1),
    "gaussian_blur": (0.01, 1),
    "zoom_blur": (0.01, 1),
}
_RANDOM = [n for n in corruptions.GROUPS["all"] if n not in _TOLERANCES]


@pytest.fixture(scope="module")
def reference():
    return statistics.Reference(_DATA)


def _read(path):
    return tf.io.decode_png(path.read_bytes()).numpy()


def _levels(image, name, severity, seed):
    image = image.astype(np.float32) / 255
    result = corruptions.apply(image, name, severity, seed).numpy()
    return np.round(result * 255).astype(int)


@needs_data
@pytest.mark.parametrize("name", _TOLERANCES)
def test_deterministic_corruptions_equal_the_reference(name):
    mean, largest = _TOLERANCES[name]
    for photo in ("astronaut", "china"):
        clean = _read(_DATA / "clean" / f"{photo}_224.png")
        for severity in range(1, 6):
            path = _DATA / "exact" / f"{photo}__{name}__s{severity}.png"
            error = np.abs(_levels(clean, name, severity, 0) - _read(path))
            assert error.mean() <= mean and error.max() <= largest, path.name


def _beyond(found):
    """Returns what exceeds the threshold, by severity."""
    limit = statistics.threshold(num_photos=5, num_seeds=_NUM_SEEDS)
    worst = {s: fidelity.worst(found, s) for s in statistics.SEVERITIES}
    return {s: w for s, w in worst.items() if not abs(w[1][3]) <= limit}


@needs_data
@pytest.mark.parametrize("name", _TOLERANCES)
@pytest.mark.parametrize("size", [64, 32])
def test_deterministic_corruptions_have_the_reference_statistics(
    size, name, reference
):
    assert not _beyond(fidelity.compare(name, size, reference, _NUM_SEEDS))


@needs_data
@pytest.mark.slow
@pytest.mark.parametrize("name", ["elastic_transform", "frost"])
def test_the_packages_variant_has_the_packages_statistics(name, reference):
    options = corruptions.Options(variant="imagecorruptions")
    assert not _beyond(
        fidelity.compare(name, 224, reference, _NUM_SEEDS, options)
    )


@needs_data
@pytest.mark.slow
@pytest.mark.parametrize("name", _RANDOM)
@pytest.mark.parametrize("size", statistics.SIZES)
def test_random_corruptions_have_the_reference_statistics(
    size, name, reference
):
    assert not _beyond(fidelity.compare(name, size, reference, _NUM_SEEDS))


def _scaled(rows, factor):
    """Returns a severity table's rows with their first column multiplied."""
    return tuple(
        (row[0] * factor, *row[1:]) if isinstance(row, tuple) else row * factor
        for row in rows
    )


# At CIFAR-10-C's mildest severities impulse noise hits 1 to 3 values in 100.
_CAUGHT = {
    "gaussian_noise": {1, 2, 3, 4, 5},
    "shot_noise": {1, 2, 3, 4, 5},
    "impulse_noise": {4, 5},
    "fog": {2, 3, 4},
}


@needs_data
@pytest.mark.slow
@pytest.mark.parametrize("factor", [0.8, 1.2])
@pytest.mark.parametrize("name", _CAUGHT)
def test_a_strength_20_percent_off_is_caught(
    name, factor, reference, monkeypatch
):
    table = severities.TABLES["cifar_c"]
    monkeypatch.setitem(table, name, _scaled(table[name], factor))
    beyond = _beyond(fidelity.compare(name, 32, reference, _NUM_SEEDS))
    assert set(beyond) >= _CAUGHT[name]


@needs_data
@pytest.mark.parametrize("size", statistics.SIZES)
def test_statistics_of_clean_photographs_are_the_stored_ones(size, reference):
    stored = reference.clean_statistics(size)
    assert len(stored) == 4
    for photo, clean in enumerate(reference.cleans(size)):
        ours = statistics.image_statistics(clean, clean)
        for name, values in stored.items():
            np.testing.assert_allclose(
                ours[name], values[photo], rtol=1e-5, atol=1e-6, err_msg=name
            )


def _random_pair():
    generator = np.random.default_rng(0)
    clean = generator.integers(30, 200, [40, 56, 3], dtype=np.uint8)
    noise = generator.integers(-30, 31, clean.shape)
    return (clean + noise).astype(np.uint8), clean


def test_similarity_and_error_equal_tensorflows():
    image, clean = _random_pair()
    found = statistics.image_statistics(image, clean)
    ssim = tf.image.ssim(image, clean, 255).numpy()
    psnr = tf.image.psnr(image, clean, 255).numpy()
    np.testing.assert_allclose(found["ssim"], [ssim], atol=5e-5)
    np.testing.assert_allclose(found["psnr"], [psnr], atol=1e-4)


def test_statistics_of_a_brighter_image():
    clean = np.full([32, 48, 3], (40, 90, 140), np.uint8)
    found = statistics.image_statistics(clean + np.uint8(10), clean)
    np.testing.assert_allclose(found["channel_mean"], [50, 100, 150])
    np.testing.assert_allclose(found["channel_std"], 0, atol=1e-9)
    np.testing.assert_allclose(found["psnr"], [28.1308], atol=1e-4)
    np.testing.assert_allclose(found["mad"], [10])
    assert np.flatnonzero(found["histogram"]).tolist() == [3, 6, 9]
    np.testing.assert_allclose(found["histogram"].sum(), 1)
    assert sum(v.size for v in found.values()) == statistics.NUM_COMPONENTS


def test_an_equal_image_has_the_capped_psnr():
    image, _ = _random_pair()
    found = statistics.image_statistics(image, image)
    assert found["psnr"] == [statistics.MAX_PSNR]
    np.testing.assert_allclose(found["ssim"], [1])


@pytest.mark.parametrize("band", range(8))
def test_a_wave_has_its_power_in_its_band(band):
    num_waves = 4 * band + 2  # of 32: the middle of the band
    wave = np.sin(2 * np.pi * num_waves * (np.arange(64) + 0.3) / 64)
    image = np.zeros([64, 64, 3]) + 128 + 100 * wave[:, None, None]
    found = statistics.radial_log10_power(image.astype(np.uint8))
    assert np.argmax(found) == band
    assert np.sort(found)[-1] - np.sort(found)[-2] > 1


def test_white_noise_has_its_variance_in_every_band():
    image = np.random.default_rng(0).normal(128, 20, [224, 224, 1])
    image = np.repeat(np.round(image), 3, axis=2).astype(np.uint8)
    found = statistics.radial_log10_power(image)
    np.testing.assert_allclose(found, np.log10(20.0**2), atol=0.15)


def _sample(mean, deviation, num_seeds):
    """Returns a sample of 2 photographs and 1 severity, all numbers alike."""
    means, deviations = (
        {
            name: np.reshape(np.float64(values), [2, 1, 1])
            for name in statistics.FLOORS
        }
        for values in (mean, deviation)
    )
    return statistics.Sample(means, deviations, num_seeds)


def test_distances_are_differences_of_means_in_standard_errors():
    found = statistics.distances(
        _sample([5, 9], [2, 1], 3), _sample([4, 4], [4, 3], 8)
    )
    # Variances pooled with weights 2 and 7: (8 + 112) / 9 and (2 + 63) / 9.
    error = np.sqrt((120 + 65) / 9 / 2 * (1 / 3 + 1 / 8) / 2)
    for values in found.values():
        np.testing.assert_allclose(values[:, 0, 0], [7, 4, error, 3 / error])


def test_distances_believe_no_deviation_below_the_floor():
    found = statistics.distances(
        _sample([1, 1], [0, 0], 8), _sample([0, 0], [0, 0], 8)
    )
    for name, floor in statistics.FLOORS.items():
        error = floor * np.sqrt((1 / 8 + 1 / 8) / 2)
        np.testing.assert_allclose(found[name][3], [[1 / error]])


def test_the_threshold_is_three_sigma_for_the_whole_table():
    # 5 photographs with 7 + 3 degrees of freedom each.
    expected = stats.t.isf(stats.norm.sf(3) / (19 * 5 * 33), 50)
    found = statistics.threshold(num_photos=5, num_seeds=4)
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    assert 5.5 < found < 5.7
