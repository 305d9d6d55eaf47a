"""Small data sets for the tests of this room, and where the real ones lie."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from qualnet_tf.datasets.arrays import array_source

_SHARED_DATA = Path(__file__).parents[3] / "shared" / "data"


def _real_data(name):
    folder = _SHARED_DATA / name
    if not folder.is_dir():
        pytest.skip(f"no copy of {name} beside this checkout")
    return str(folder)


@pytest.fixture
def cifar10_dir():
    return _real_data("tfds")


@pytest.fixture
def imagenette_dir():
    return _real_data("imagenette_subset")


@pytest.fixture
def make_source():
    """Builds a data set of random images whose classes are 0, 1, 2, 0, ..."""

    def make(num_images, side=16, labels=None):
        pixels = np.random.default_rng(0).integers(
            0, 256, (num_images, side, side, 3), dtype=np.uint8
        )
        if labels is None:
            labels = np.arange(num_images) % 3
        return array_source("random", pixels, np.asarray(labels), "abc")

    return make


@pytest.fixture
def write_pictures():
    """Writes n random PNG pictures into a new folder."""

    def write(folder, num_pictures, side=20):
        folder.mkdir(parents=True)
        generator = np.random.default_rng(len(str(folder)))
        for i in range(num_pictures):
            pixels = generator.integers(0, 256, (side, side, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / f"{i}.png")

    return write
