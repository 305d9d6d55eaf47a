"""Statistics of a corrupted image, and their distance to reference values.

Without TensorFlow. What is computed, and in which unit, is said in the README
of the reference folder; the numbers there came from other code than this.
"""

import dataclasses
import functools
import json
import pathlib

import numpy as np
from PIL import Image
from scipy import ndimage, special

SEVERITIES = (1, 2, 3, 4, 5)
NUM_BANDS = 8
NUM_BINS = 16
MAX_PSNR = 100.0

# Smallest standard deviation over seeds that is believed, as 8 seeds are few.
# 0.1 dB is 1.2 % of the root mean square error: 0.3 levels at the 20 dB that a
# corruption of middling severity leaves.
FLOORS = {
    "channel_mean": 0.3,
    "channel_std": 0.3,
    "psnr": 0.1,
    "ssim": 0.003,
    "mad": 0.3,
    "radial_log10_power": 0.02,
    "histogram": 0.003,
}
NUM_CORRUPTIONS = 19
NUM_COMPONENTS = 3 + 3 + 1 + 1 + 1 + NUM_BANDS + NUM_BINS

# The originals (ImageMagick's motion blur) where imagecorruptions differs.
_ORIGINALS = ("motion_blur", "snow", "frost", "elastic_transform")
_LABELS = {64: "tinyimagenet_c", 32: "cifar_c"}
SIZES = (224, *_LABELS)


def image_statistics(image: np.ndarray, clean: np.ndarray) -> dict:
    """Returns the statistics of one corrupted image.

    Args:
        image: uint8 [height, width, 3].
        clean: uint8 of the same shape.

    Returns:
        float64 [components] by the names of `FLOORS`.
    """
    pixels = image.reshape(-1, 3).astype(np.float64)
    difference = pixels - clean.reshape(-1, 3)
    error = max(np.mean(difference**2), 1e-12)
    counts = np.bincount(image.ravel() >> 4, minlength=NUM_BINS)
    return {
        "channel_mean": pixels.mean(axis=0),
        "channel_std": pixels.std(axis=0),
        "psnr": np.array([min(MAX_PSNR, 10 * np.log10(255.0**2 / error))]),
        "ssim": np.array([ssim(image, clean)]),
        "mad": np.array([np.abs(difference).mean()]),
        "radial_log10_power": radial_log10_power(image),
        "histogram": counts / image.size,
    }


def ssim(image: np.ndarray, other: np.ndarray) -> float:
    """Returns the structural similarity as `tf.image.ssim` defines it.

    11x11 Gaussian window of sigma 1.5 that stays inside the image, k1 0.01,
    k2 0.03; the mean over pixels and channels.
    """
    a, b = (np.moveaxis(x, 2, 0).astype(np.float64) for x in (image, other))
    planes = np.stack([a, b, a * b, a * a + b * b])
    for axis in (2, 3):
        planes = ndimage.correlate1d(planes, _window(), axis)
    mean_a, mean_b, product, squares = planes[:, :, 5:-5, 5:-5]
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    both, each = 2 * mean_a * mean_b, mean_a**2 + mean_b**2
    luminance = (both + c1) / (each + c1)
    structure = (2 * product - both + c2) / (squares - each + c2)
    return float(np.mean(luminance * structure))


def _window():
    weights = np.exp(-0.5 * (np.arange(-5, 6) / 1.5) ** 2)
    return weights / weights.sum()


def radial_log10_power(image: np.ndarray) -> np.ndarray:
    """Returns log10 of the luminance's mean power in 8 radial bands.

    Bands of equal width from 0 (itself excluded) to the Nyquist frequency.
    """
    luminance = image.astype(np.float64) @ (0.299, 0.587, 0.114)
    window, bands = _window_and_bands(*luminance.shape)
    spectrum = np.fft.fft2((luminance - luminance.mean()) * window)
    power = np.abs(spectrum) ** 2 / np.sum(window**2)
    sums, counts = (
        np.bincount(bands, weights, NUM_BANDS + 1)[:NUM_BANDS]
        for weights in (power.ravel(), None)
    )
    return np.log10(sums / counts + 1e-8)


@functools.lru_cache(maxsize=8)
def _window_and_bands(height, width):
    """Returns the Hann window and the band of every frequency, flat."""
    window = np.outer(np.hanning(height), np.hanning(width))
    down, right = np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)
    bands = np.minimum(np.hypot(down, right) * 2 * NUM_BANDS, NUM_BANDS)
    bands = bands.astype(int)
    bands[0, 0] = NUM_BANDS
    return window, bands.ravel()


@dataclasses.dataclass(frozen=True)
class Sample:
    """Statistics of one corruption over seeds.

    Attributes:
        mean: [photo, severity, component] by the names of `FLOORS`.
        deviation: Likewise, the standard deviation over seeds.
        num_seeds: Number of seeds.
    """

    mean: dict[str, np.ndarray]
    deviation: dict[str, np.ndarray]
    num_seeds: int


class Reference:
    """The reference folder: clean photographs, statistics over 8 seeds."""

    def __init__(self, folder: pathlib.Path):
        """Opens the folder.

        Raises:
            FileNotFoundError: If it holds no statistics.
        """
        if not list(folder.glob("stats_*.npz")):
            raise FileNotFoundError(f"no stats_*.npz in {folder}")
        self._folder = folder

    @functools.lru_cache(maxsize=8)  # noqa: B019 - a handful in a process
    def _read(self, label):
        index = (self._folder / f"stats_{label}.json").read_text()
        with np.load(self._folder / f"stats_{label}.npz") as arrays:
            return json.loads(index), dict(arrays)

    def cleans(self, size: int) -> np.ndarray:
        """Returns the clean photographs, uint8 [photos, size, size, 3]."""
        index, _ = self._read(_label(size))
        names = [photo["name"] for photo in index["images"]]
        paths = [self._folder / "clean" / f"{n}_{size}.png" for n in names]
        return np.stack([np.asarray(Image.open(path)) for path in paths])

    def clean_statistics(self, size: int) -> dict:
        """Returns the clean photographs' statistics, [photo, component]."""
        _, arrays = self._read(_label(size))
        prefix = f"{size}__clean__"
        return {
            key.removeprefix(prefix): array
            for key, array in arrays.items()
            if key.startswith(prefix)
        }

    def is_random(self, name: str) -> bool:
        """Returns whether a corruption draws at random."""
        return name not in self._read(_label(224))[0]["deterministic"]

    def sample(
        self, name: str, size: int, variant: str = "imagenet_c"
    ) -> Sample:
        """Returns the statistics of one corruption.

        Args:
            name: A corruption.
            size: Side of the photographs.
            variant: Whose function; "imagecorruptions" at 224 only.
        """
        is_original = variant == "imagenet_c"
        label = _label(size, name if is_original else "")
        index, arrays = self._read(label)
        place = index["corruptions"].index(name)
        mean, deviation = (
            {s: arrays[f"{size}__{s}__{what}"][:, place] for s in FLOORS}
            for what in ("mean", "std")
        )
        return Sample(mean, deviation, index["seeds"])


def _label(size, name=""):
    if size == 224:
        return "imagenet_c" if name in _ORIGINALS else "imagecorruptions"
    return _LABELS[size]


def distances(ours: Sample, reference: Sample) -> dict:
    """Returns how far our means are from the reference, in standard errors.

    The spread is pooled over both samples, as in Student's test of two means.
    8 seeds do not know it well: a share of pixels that one fog in ten changes
    has none in the reference at all where no such fog was drawn.

    Args:
        ours: Our statistics.
        reference: What `Reference.sample` returns.

    Returns:
        By statistic, over the mean of the photographs: our value, the
        reference's, the standard error of the difference and the distance in
        standard errors, float64 [4, severity, component].
    """
    weights = np.array([ours.num_seeds - 1, reference.num_seeds - 1])
    share = 1 / ours.num_seeds + 1 / reference.num_seeds
    result = {}
    for statistic, floor in FLOORS.items():
        deviations = np.float64(
            [ours.deviation[statistic], reference.deviation[statistic]]
        )
        variance = np.tensordot(weights, deviations**2, 1) / weights.sum()
        variance = np.maximum(variance, floor**2)
        error = np.sqrt(variance.mean(axis=0) * share / len(variance))
        a, b = (
            np.mean(sample.mean[statistic], axis=0, dtype=np.float64)
            for sample in (ours, reference)
        )
        result[statistic] = np.stack([a, b, error, (a - b) / error])
    return result


def threshold(
    num_photos: int, num_seeds: int, reference_seeds: int = 8
) -> float:
    """Returns the distance that a size exceeds by chance in 0.27 % of cases.

    3 sigma for the family of all corruptions, severities and components
    (Bonferroni), with Student's t for a spread pooled over photographs from
    few seeds each.
    """
    num_tests = NUM_CORRUPTIONS * len(SEVERITIES) * NUM_COMPONENTS
    degrees_of_freedom = num_photos * (num_seeds + reference_seeds - 2)
    return float(-special.stdtrit(degrees_of_freedom, 0.00135 / num_tests))
