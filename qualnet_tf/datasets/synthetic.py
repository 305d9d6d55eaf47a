"""A made-up data set, only when asked for by name: coloured gratings.

It is for tests and dry runs: it needs no file, its classes are easy, and an
accuracy on it says nothing about real pictures.
"""

import numpy as np

from qualnet_tf.datasets.arrays import array_source
from qualnet_tf.datasets.source import ImageSource, SourceOptions
from qualnet_tf.datasets.subsets import balanced_subset

_SIDE = 32
_NUM_IMAGES = {"train": 1024, "validation": 256}
# Class -> colour of the bright stripes and direction of the grating, degrees.
# Colours differ for every class, since a flip swaps the two diagonals.
_CLASSES = {
    "red_upright": ((0.9, 0.3, 0.2), 0.0),
    "green_diagonal": ((0.3, 0.8, 0.2), 45.0),
    "blue_level": ((0.2, 0.4, 0.9), 90.0),
    "grey_antidiagonal": ((0.6, 0.6, 0.6), 135.0),
}


def open_synthetic(split: str, options: SourceOptions) -> ImageSource:
    """Draws the gratings, 32x32; the same ones in every process.

    Args:
        split: "train" or "validation"; different pictures.
        options: `max_images` and `seed` choose a balanced subset; the rest
            does not apply.
    """
    labels = np.arange(_NUM_IMAGES[split]) % len(_CLASSES)
    chosen = balanced_subset(
        np.arange(len(labels)), labels, options.max_images, options.seed
    )
    images = _draw(labels, seed=tuple(_NUM_IMAGES).index(split))
    return array_source(
        "synthetic", images[chosen], labels[chosen], tuple(_CLASSES)
    )


def _draw(labels: np.ndarray, seed: int) -> np.ndarray:
    """Returns uint8 [n, 32, 32, 3] with random phase, scale and light."""
    generator = np.random.default_rng(seed)
    colours = np.array([colour for colour, _ in _CLASSES.values()])
    angles = np.deg2rad([angle for _, angle in _CLASSES.values()])

    def draw(low, high):
        return generator.uniform(low, high, (len(labels), 1, 1))

    angle = angles[labels][:, np.newaxis, np.newaxis] + draw(-0.2, 0.2)
    rows, columns = np.mgrid[:_SIDE, :_SIDE]
    distance = columns * np.cos(angle) + rows * np.sin(angle)
    waves = np.cos(2 * np.pi * (distance / draw(6.0, 12.0) + draw(0.0, 1.0)))
    light = (0.5 + 0.5 * waves) * draw(0.6, 1.0)
    pixels = light[..., np.newaxis] * colours[labels][:, np.newaxis, np.newaxis]
    noise = generator.normal(0.0, 0.03, pixels.shape)
    return np.rint(255 * np.clip(pixels + noise, 0.0, 1.0)).astype(np.uint8)
