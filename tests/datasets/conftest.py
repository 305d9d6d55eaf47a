"""Small data sets for the tests of this room, and where the real ones lie."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from qualnet_tf.datasets.arrays import array_source
from qualnet_tf.datasets.face_record import write_face_record
from qualnet_tf.datasets.record_io import write_records

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


@pytest.fixture
def orl_dir():
    return _real_data("faces_orl")


@pytest.fixture
def write_orl():
    """Writes folders like those of ORL: s1 to s40, PGM files of 23x28."""

    def write(folder, num_people=40, num_pictures=4, pattern="s{}"):
        generator = np.random.default_rng(0)
        for person in range(1, num_people + 1):
            place = folder / pattern.format(person)
            place.mkdir(parents=True)
            for number in range(1, num_pictures + 1):
                pixels = generator.integers(0, 256, (28, 23), dtype=np.uint8)
                Image.fromarray(pixels).save(place / f"{number}.pgm")

    return write


@pytest.fixture
def write_people():
    """Writes folders of identities: name -> number of PNG pictures."""

    def write(folder, people, side=20):
        generator = np.random.default_rng(0)
        for name, count in people.items():
            (folder / name).mkdir(parents=True)
            for number in range(count):
                pixels = generator.integers(0, 256, (side, side, 3), np.uint8)
                Image.fromarray(pixels).save(folder / name / f"{number}.png")

    return write


@pytest.fixture
def write_faces():
    """Writes train.rec, train.idx and property of random faces.

    Returns their pixels. With a header the layout is insightface's: key 0 and
    one record per identity describe the others, and key 0 is written last.
    """

    def write(folder, identities, header=True, kind="PNG", replaced=()):
        generator = np.random.default_rng(0)
        faces = generator.integers(
            0, 256, (len(identities), 20, 16, 3), dtype=np.uint8
        )
        replaced = dict(replaced)
        records, first = {}, int(header)
        for number, face in enumerate(faces):
            buffer = io.BytesIO()
            Image.fromarray(face).save(buffer, kind)
            encoded = replaced.get(number, buffer.getvalue())
            label = float(identities[number])
            records[first + number] = write_face_record(label, encoded)
        if header:
            end = len(faces) + 1
            names = sorted(set(identities))
            for number, name in enumerate(names):
                keys = [i + 1 for i, x in enumerate(identities) if x == name]
                pair = (float(keys[0]), float(keys[-1] + 1))
                records[end + number] = write_face_record(pair, b"")
            pair = (float(end), float(end + len(names)))
            records[0] = write_face_record(pair, b"")
        offsets = write_records(folder / "train.rec", records.values())
        lines = [f"{k}\t{o}\n" for k, o in zip(records, offsets, strict=True)]
        (folder / "train.idx").write_text("".join(lines))
        (folder / "property").write_text(f"{len(set(identities))},20,16\n")
        return faces

    return write
