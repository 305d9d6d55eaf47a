"""Models to and from `.keras` files.

A file holds the functional model alone, never the method around it, so it
loads on either backend and without the trainer.
"""

import os
import pathlib
import zipfile

import keras

# Registers our layers with Keras, which finds them by name when loading.
from qualnet_tf.backbones import grouped_conv  # noqa: F401
from qualnet_tf.invertible import irevnet  # noqa: F401
from qualnet_tf.models import (
    corrected_convolution,  # noqa: F401
    cosine_logits,  # noqa: F401
)


def save_model(model: keras.Model, path: str | os.PathLike) -> None:
    """Writes `model` to a `.keras` file.

    Args:
        model: A functional model.
        path: File ending in `.keras`.
    """
    model.save(path, include_optimizer=False)


def load_model(path: str | os.PathLike) -> keras.Model:
    """Reads a `.keras` file of ours.

    Raises:
        ValueError: If the file is missing, no Keras file, or truncated.
    """
    path = pathlib.Path(path)
    if not path.is_file():
        raise ValueError(
            f"{path}: expected a .keras file, found none; train the run first"
        )
    if not zipfile.is_zipfile(path):
        raise ValueError(
            f"{path}: expected a .keras file, received something else or a "
            "truncated one; restore it or train the run again"
        )
    return keras.saving.load_model(path, compile=False)
