"""Loads an exported classifier and asks it about image files.

It uses TensorFlow and the SavedModel alone, neither Keras nor the code that
trained the classifier, so what works here works for anybody.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from qualnet_tf.exporters import signature
from qualnet_tf.exporters.versions import version_folders


@dataclass(frozen=True)
class Predictor:
    """A loaded SavedModel.

    Attributes:
        folder: Where it was loaded from.
        saved_model: The loaded object. Kept because the signatures do not keep
            its variables alive by themselves.
    """

    folder: Path
    saved_model: Any

    def __call__(self, image_bytes: Sequence[bytes]) -> dict[str, np.ndarray]:
        """Returns the outputs of `serving_default`, one row for each file."""
        run = self.saved_model.signatures[signature.BYTES_SIGNATURE]
        outputs = run(**{signature.IMAGE_BYTES: tf.constant(image_bytes)})
        return {name: value.numpy() for name, value in outputs.items()}


class Prediction(NamedTuple):
    """What the classifier says about one file, most probable class first.

    `orientation` is the EXIF orientation that was undone, 1 if it was upright.
    """

    path: Path
    labels: tuple[str, ...]
    probabilities: tuple[float, ...]
    orientation: int = 1


def load_predictor(export_dir: str | os.PathLike) -> Predictor:
    """Loads an exported classifier.

    Args:
        export_dir: A SavedModel, or a folder of numbered versions, of which
            the newest is loaded, as a server does.

    Raises:
        ValueError: If there is no SavedModel, or not one of ours, or if it
            cannot be read.
    """
    folder = _saved_model_folder(Path(export_dir))
    try:
        saved_model = tf.saved_model.load(str(folder))
    # Where the damage is decides what is raised: OSError, IndexError, errors
    # of TensorFlow and of protobuf were all seen.
    except Exception as error:
        raise ValueError(
            f"the SavedModel in {folder} cannot be loaded "
            f"({_first_line(error)}): if its files are damaged, export again"
        ) from error
    _check_signature(saved_model, folder)
    return Predictor(folder, saved_model)


def predict_files(
    predictor: Predictor,
    paths: Sequence[str | os.PathLike],
    top_k: int = 5,
    batch_size: int = 32,
) -> list[Prediction]:
    """Classifies image files.

    Args:
        predictor: From `load_predictor`.
        paths: JPEG, PNG, GIF, BMP or WebP files of any size.
        top_k: Classes in each answer; where the export gives fewer, those.
        batch_size: Files that are decoded and classified at a time.

    Returns:
        One prediction for each path, in their order.

    Raises:
        ValueError: If there are no paths, if `top_k` is below 1, or if a file,
            which is named, is missing, unreadable or not an image.
    """
    paths = [Path(path) for path in paths]
    if not paths:
        raise ValueError("no image files given: expected at least one path")
    if top_k < 1:
        raise ValueError(f"top_k is {top_k}: expected at least 1")
    for path in paths:
        if not path.is_file():
            what = "is a folder" if path.is_dir() else "does not exist"
            raise ValueError(f"{path} {what}: expected an image file")
    return [
        prediction
        for start in range(0, len(paths), batch_size)
        for prediction in _predict_batch(
            predictor, paths[start : start + batch_size], top_k
        )
    ]


def _saved_model_folder(export_dir: Path) -> Path:
    """Returns `export_dir` or its newest version, whichever is a SavedModel."""
    versions = version_folders(export_dir)
    newest = versions[max(versions)] if versions else export_dir
    for folder in (export_dir, newest):
        if (folder / "saved_model.pb").is_file():
            return folder
    raise ValueError(
        f"{newest} holds no saved_model.pb: expected an exported classifier, "
        "or a folder of its numbered versions, as the export program writes it"
    )


def _check_signature(saved_model: Any, folder: Path) -> None:
    """Raises ValueError if a SavedModel does not answer as ours do."""
    found = saved_model.signatures.get(signature.BYTES_SIGNATURE)
    inputs = found.structured_input_signature[1] if found else {}
    outputs = found.structured_outputs if found else {}
    expected = {
        signature.LABELS,
        signature.PROBABILITIES,
        signature.ORIENTATION,
    }
    if list(inputs) != [signature.IMAGE_BYTES] or not expected <= set(outputs):
        raise ValueError(
            f"the SavedModel in {folder} turns {sorted(inputs)} into "
            f"{sorted(outputs)}: expected {signature.BYTES_SIGNATURE!r} to "
            f"turn {signature.IMAGE_BYTES!r} into {sorted(expected)}; write it "
            "with the export program"
        )


def _predict_batch(
    predictor: Predictor, paths: Sequence[Path], top_k: int
) -> Iterator[Prediction]:
    """Yields the predictions for files that are classified together."""
    contents = [_read(path) for path in paths]
    try:
        outputs = predictor(contents)
    except tf.errors.InvalidArgumentError:
        # One bad file fails its batch, and the error does not say which.
        for path, content in zip(paths, contents, strict=True):
            _check_image(predictor, path, content)
        raise
    for row, path in enumerate(paths):
        labels = outputs[signature.LABELS][row, :top_k]
        probabilities = outputs[signature.PROBABILITIES][row, :top_k]
        yield Prediction(
            path,
            tuple(label.decode() for label in labels),
            tuple(float(probability) for probability in probabilities),
            int(outputs[signature.ORIENTATION][row]),
        )


def _read(path: Path) -> bytes:
    """Returns the content of a file, or raises a ValueError that names it."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from error


def _check_image(predictor: Predictor, path: Path, content: bytes) -> None:
    """Raises a ValueError that names the file if it cannot be decoded."""
    try:
        predictor([content])
    except tf.errors.InvalidArgumentError as error:
        raise ValueError(
            f"{path} ({len(content)} bytes) is not a readable image: expected "
            "a whole JPEG, PNG, GIF, BMP or WebP file"
        ) from error


def _first_line(error: Exception) -> str:
    """Returns the first line of an error's message."""
    return next(iter(str(error).splitlines()), type(error).__name__)
