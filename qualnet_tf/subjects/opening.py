"""Opens a classifier by its address: a file, a folder or a server."""

import os
from pathlib import Path

from qualnet_tf.subjects import (
    keras_file,
    saved_model,
    served_model,
    tflite_file,
)
from qualnet_tf.subjects.subject import Subject, SubjectOptions


def open_subject(
    address: str | os.PathLike, options: SubjectOptions | None = None
) -> Subject:
    """Opens a classifier of images.

    Args:
        address: A `.keras` file, a `.tflite` file, a SavedModel or a folder of
            its numbered versions, or the REST address of a model of TensorFlow
            Serving, such as http://localhost:8501/v1/models/NAME.
        options: What the model does not say of itself.

    Raises:
        ValueError: If there is nothing, or it is none of these, or not a
            classifier of one image, or it does not say enough of itself.
    """
    options = options or SubjectOptions()
    text = str(address)
    if text.startswith(("http://", "https://")):
        return served_model.open_served(text, options)
    path = Path(address)
    if path.suffix == ".keras":
        return keras_file.open_keras(path, options)
    if path.suffix == ".tflite":
        return tflite_file.open_tflite(path, options)
    if path.is_dir():
        return saved_model.open_saved_model(path, options)
    raise ValueError(
        f"model {text}: expected a .keras or .tflite file, a SavedModel's "
        "folder or an http address, found none; correct --model"
    )
