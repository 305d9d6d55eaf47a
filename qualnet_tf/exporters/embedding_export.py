"""A finished run of faces -> its embedding network, for deployment.

| Signature | Input | Output |
|---|---|---|
| `serving_default` | `image_bytes` | `embedding`, `orientation` |
| `predict_images` | `image` | `embedding` |

`image_bytes` are files as in `exporters.signature`, here brought whole to the
network's square: faces are to be aligned beforehand. `embedding` is float32
`[batch, size]` of length 1, so that a product of two is their cosine.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from qualnet_tf.config import ExportConfig, TrainConfig
from qualnet_tf.exporters import fitting, signature, versions
from qualnet_tf.exporters.decoding import (
    checked_images,
    decode_and_crop,
    fit_whole,
)
from qualnet_tf.exporters.export_record import record_of
from qualnet_tf.exporters.float32_network import in_float32
from qualnet_tf.exporters.saved_model import write_endpoints
from qualnet_tf.exporters.warm_up import write_warm_up
from qualnet_tf.models.embedding import build_embedding
from qualnet_tf.models.saving import load_model, save_model
from qualnet_tf.run_dir import RunDir

EMBEDDING = "embedding"
CARD = "README.md"


def export_embedding(
    config: ExportConfig,
    calibration_batches: Callable[[TrainConfig, int, int], Iterable[Any]],
    calibration_names: tuple[str, ...],
    describe: Callable[[RunDir, ExportConfig, keras.Model], str],
) -> Path:
    """Writes the next version, unless the newest is what would be written.

    Args:
        config: What to write.
        calibration_batches: See `run_export.export_run`.
        calibration_names: What their `place` counts.
        describe: Writes the model card.

    Returns:
        The folder of the version.

    Raises:
        ValueError: If the run is not finished, or Keras does not run on
            TensorFlow.
        OSError: If the disk refuses a file. In no case is anything left behind.
    """
    if keras.backend.backend() != "tensorflow":
        raise ValueError(
            f"Keras runs on {keras.backend.backend()!r}, but a SavedModel is "
            "made on TensorFlow: set KERAS_BACKEND=tensorflow"
        )
    run = RunDir(config.run_dir)
    run.read_finished_info()
    record = record_of(config, (run.classifier, run.face_results))
    output_dir = Path(config.output_dir or run.exports)
    current = versions.newest_with(output_dir, record)
    if current is not None:
        return current
    classifier = in_float32(load_model(run.classifier))
    images = None
    if "tflite" in config.formats and "int8" in config.precisions:
        train_config = TrainConfig.from_json(run.config.read_text())
        batches = calibration_batches(
            train_config, config.calibration_images, config.seed
        )
        images = fitting.fit(batches, calibration_names, {}).int8_images
    with versions.new_version(output_dir, record) as new:
        network = build_embedding(classifier, normalized=True)
        _write_files(new.folder, config, classifier, network, images)
        card = describe(run, config, network)
        (new.folder / CARD).write_text(card, "utf-8")
    return new.version


def endpoints(network: keras.Model) -> dict:
    """Returns signature name -> (function, its input specification).

    Args:
        network: Images [batch, side, side, 3] in [0, 1] -> embeddings.
    """
    side = network.input_shape[1]

    def embed_bytes(image_bytes):
        image, orientation = decode_and_crop(image_bytes, side, fit_whole)
        return {
            EMBEDDING: network(image, training=False),
            signature.ORIENTATION: orientation,
        }

    def embed_images(image):
        return {EMBEDDING: network(checked_images(image), training=False)}

    bytes_spec = tf.TensorSpec([None], tf.string, name=signature.IMAGE_BYTES)
    images_spec = tf.TensorSpec(
        [None, side, side, 3], tf.float32, name=signature.IMAGE
    )
    return {
        signature.BYTES_SIGNATURE: (embed_bytes, [bytes_spec]),
        signature.IMAGES_SIGNATURE: (embed_images, [images_spec]),
    }


def _write_files(
    folder: Path,
    config: ExportConfig,
    classifier: keras.Model,
    network: keras.Model,
    images,
) -> None:
    """Writes everything but the model card."""
    if "saved_model" in config.formats:
        found = endpoints(network)
        write_endpoints(found, folder)
        write_warm_up(folder, network.input_shape[1], tuple(found))
    if "keras" in config.formats:
        save_model(network, folder / "embedding.keras")
    if "tflite" not in config.formats:
        return
    # Here, because its converter takes a second to import.
    from qualnet_tf.exporters.tflite import convert_tflite

    for precision in config.precisions:
        # Lengths have no place in whole numbers of 8 bits.
        exported = network
        if precision == "int8":
            exported = build_embedding(classifier)
        content = convert_tflite(exported, precision, images, output=EMBEDDING)
        (folder / f"embedding_{precision}.tflite").write_bytes(content)
