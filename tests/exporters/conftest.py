"""One small classifier, its export and some pictures, shared by this folder."""

import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image

SIZE = 32
CLASS_NAMES = ("cat", "chien", "Käse", "fjord", "42")
_C_API_SESSION = Path(__file__).with_name("c_api_session.py")


class Export(NamedTuple):
    """A classifier and the SavedModel that was made of it."""

    classifier: object
    class_names: tuple[str, ...]
    image_size: int
    folder: Path


def _build_classifier(num_classes=5, size=SIZE, body=None):
    """Returns a functional classifier whose answer depends on the picture."""
    import keras

    keras.utils.set_random_seed(0)
    image = keras.Input((size, size, 3))
    x = keras.layers.Conv2D(8, 5, strides=2, name="stem")(image)
    x = (body or keras.layers.Conv2D(8, 3))(x)
    x = keras.layers.BatchNormalization(name="normalization")(x)
    x = keras.layers.ReLU()(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    # Large weights spread the probabilities, so that differences show.
    spread = keras.initializers.RandomNormal(stddev=8.0, seed=1)
    logits = keras.layers.Dense(
        num_classes, kernel_initializer=spread, dtype="float32", name="head"
    )(x)
    classifier = keras.Model(image, logits)
    # Statistics unlike any batch's: running in training mode would show.
    normalization = classifier.get_layer("normalization")
    normalization.moving_mean.assign(np.linspace(-0.2, 0.2, 8))
    normalization.moving_variance.assign(np.linspace(0.1, 0.6, 8))
    return classifier


@pytest.fixture(scope="session")
def build_classifier() -> Callable:
    return _build_classifier


@pytest.fixture(scope="session")
def exported(tmp_path_factory) -> Export:
    from qualnet_tf.exporters.saved_model import export_saved_model

    classifier = _build_classifier()
    # A used classifier also has an optimizer, which must stay behind.
    classifier.compile("adam", "sparse_categorical_crossentropy")
    classifier.optimizer.build(classifier.trainable_variables)
    folder = export_saved_model(
        classifier, CLASS_NAMES, tmp_path_factory.mktemp("export"), SIZE
    )
    return Export(classifier, CLASS_NAMES, SIZE, folder)


def _encode(
    pixels: np.ndarray, mode: str, file_format: str, **options
) -> bytes:
    """Returns an RGB picture, turned into `mode`, as a file's content."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(buffer, file_format, **options)
    return buffer.getvalue()


@pytest.fixture(scope="session")
def encode() -> Callable[..., bytes]:
    return _encode


@pytest.fixture(scope="session")
def photograph() -> Callable[[int, int], np.ndarray]:
    """Makes smooth RGB pictures, which JPEG keeps nearly as they are."""

    def make(height: int, width: int, seed: int = 0) -> np.ndarray:
        coarse = np.random.default_rng(seed).integers(0, 256, (4, 4, 3))
        image = Image.fromarray(coarse.astype(np.uint8))
        return np.asarray(image.resize((width, height), Image.BICUBIC))

    return make


@pytest.fixture(scope="session")
def pictures(photograph, encode) -> dict[str, bytes]:
    """Files of many kinds and sizes, by name."""
    return {
        "photo.jpg": encode(photograph(57, 41), "RGB", "JPEG"),
        "grey.jpg": encode(photograph(33, 64), "L", "JPEG"),
        "cmyk.jpg": encode(photograph(40, 40), "CMYK", "JPEG"),
        "rgba.png": encode(photograph(101, 37), "RGBA", "PNG"),
        "grey.png": encode(photograph(32, 32), "L", "PNG"),
        "palette.png": encode(photograph(16, 90), "P", "PNG"),
        "deep.png": encode(photograph(35, 47), "I;16", "PNG"),
        "small.png": encode(photograph(1, 1), "RGB", "PNG"),
        "animation.gif": encode(photograph(45, 45), "P", "GIF"),
        "picture.bmp": encode(photograph(28, 31), "RGB", "BMP"),
    }


@pytest.fixture(scope="session")
def read_meta_graph() -> Callable:
    """Reads the graph and the signatures of a SavedModel's folder."""
    from tensorflow.core.protobuf import saved_model_pb2

    def read(folder: Path):
        content = (folder / "saved_model.pb").read_bytes()
        return saved_model_pb2.SavedModel.FromString(content).meta_graphs[0]

    return read


@pytest.fixture
def run_c_api(
    tmp_path, read_meta_graph
) -> Callable[..., dict[str, np.ndarray]]:
    """Runs a signature in a process without Python's TensorFlow or XLA."""

    def run(folder: Path, signature_name: str, **inputs: np.ndarray):
        signature = read_meta_graph(folder).signature_def[signature_name]
        feeds = {signature.inputs[k].name: v for k, v in inputs.items()}
        fetches = {k: v.name for k, v in signature.outputs.items()}
        np.savez(tmp_path / "feeds.npz", **feeds)
        arguments = [folder, tmp_path / "feeds.npz", tmp_path / "outputs.npz"]
        result = subprocess.run(
            [sys.executable, _C_API_SESSION, *arguments, *fetches.values()],
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2"},
            capture_output=True,
            text=True,
        )
        if result.returncode:
            raise RuntimeError(result.stderr)
        with np.load(tmp_path / "outputs.npz", allow_pickle=True) as outputs:
            return {key: outputs[name] for key, name in fetches.items()}

    return run
