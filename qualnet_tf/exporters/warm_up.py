"""Requests that a server answers to itself before a version goes live.

The first answers of a graph are slow (TensorFlow chooses its kernels then), so
TensorFlow Serving replays `assets.extra/tf_serving_warmup_requests`, a TFRecord
file of PredictionLog messages, while it loads. tensorflow.org/tfx/serving/
saved_model_warmup
"""

from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np
import tensorflow as tf

from qualnet_tf.exporters import signature

# Batches of real traffic; a graph is prepared anew for each.
_BATCH_SIZES = (1, 8, 32)
_FILE = Path("assets.extra") / "tf_serving_warmup_requests"
# A usual photograph's, so that resizing is part of it.
_PICTURE_SIZE = (375, 500)


def write_warm_up(
    folder: Path, image_size: int, names: Collection[str]
) -> None:
    """Writes the requests into a SavedModel's folder.

    Args:
        folder: The SavedModel.
        image_size: Side of the classifier's input, pixels.
        names: The SavedModel's signatures.

    Raises:
        OSError: If the disk refuses the file.
    """
    from tensorflow_serving.apis import prediction_log_pb2

    path = folder / _FILE
    path.parent.mkdir()
    try:
        with tf.io.TFRecordWriter(str(path)) as writer:
            for name, key, values in _requests(image_size):
                if name not in names:
                    continue
                log = prediction_log_pb2.PredictionLog()
                request = log.predict_log.request
                request.model_spec.signature_name = name
                request.inputs[key].CopyFrom(tf.make_tensor_proto(values))
                writer.write(log.SerializeToString())
    except tf.errors.OpError as error:
        raise OSError(
            f"the warm-up requests could not be written ({error.message}): "
            "free some space or choose another folder"
        ) from error


def _requests(
    image_size: int,
) -> Iterator[tuple[str, str, np.ndarray | list[bytes]]]:
    """Yields (signature, input, values)."""
    picture = tf.io.encode_jpeg(_photograph(*_PICTURE_SIZE)).numpy()
    for batch_size in _BATCH_SIZES:
        contents = [picture] * batch_size
        yield signature.BYTES_SIGNATURE, signature.IMAGE_BYTES, contents
    image = _photograph(image_size, image_size)[np.newaxis] / np.float32(255)
    yield signature.IMAGES_SIGNATURE, signature.IMAGE, np.float32(image)
    yield signature.FEATURES_SIGNATURE, signature.IMAGE_BYTES, [picture]
    yield signature.QUALITY_SIGNATURE, signature.IMAGE_BYTES, [picture]


def _photograph(height: int, width: int) -> np.ndarray:
    """Returns a smooth picture, uint8 [height, width, 3]."""
    row, column = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    channels = [row, column, (row + column) / 2]
    return np.round(np.stack(channels, -1) * 255).astype(np.uint8)
