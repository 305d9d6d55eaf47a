"""Writes a classifier as a TensorFlow SavedModel that a server can load."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from qualnet_tf.exporters import signature, versions

# Keras runs some layers (grouped convolutions among them) in functions that
# only XLA can run, and TensorFlow Serving leaves XLA off by default.
_XLA_ONLY = "_XlaMustCompile"


def export_saved_model(
    classifier: keras.Model,
    class_names: Sequence[str],
    output_dir: str | os.PathLike,
    image_size: int,
) -> Path:
    """Writes the classifier as the next version below `output_dir`.

    Args:
        classifier: As for `write_saved_model`.
        class_names: The names, in the order of the logits.
        output_dir: Folder of the numbered versions, made where it is missing.
        image_size: Side of the classifier's input in pixels.

    Returns:
        The new version's folder.

    Raises:
        ValueError: As `write_saved_model`, or if `output_dir` is a file.
        OSError: If the disk refuses a file. In no case is anything left behind.
    """
    check_arguments(classifier, class_names, image_size)
    with versions.new_version(output_dir) as new:
        write_saved_model(new.folder, classifier, class_names, image_size)
    return new.version


def write_saved_model(
    folder: Path,
    classifier: keras.Model,
    class_names: Sequence[str],
    image_size: int,
    **options: Any,
) -> None:
    """Writes the classifier as a SavedModel into a folder.

    The SavedModel holds the classifier's variables, each once, the class names
    and the signatures of `exporters.signature`; nothing of this package is
    needed to run it.

    Args:
        folder: An empty folder.
        classifier: Functional Keras model that ends in a dense layer, image
            float32 `[batch, image_size, image_size, 3]` in [0, 1] -> logits
            `[batch, num_classes]`.
        class_names: The names, in the order of the logits.
        image_size: Side of the classifier's input in pixels.
        **options: As for `signature.endpoints`.

    Raises:
        ValueError: If names or size do not fit the classifier, if Keras does
            not run on TensorFlow, or if a layer needs XLA, with which a
            server refuses the model.
        OSError: If the disk refuses a file.
    """
    check_arguments(classifier, class_names, image_size)
    write_endpoints(
        signature.endpoints(classifier, class_names, image_size, **options),
        folder,
    )


def check_arguments(
    classifier: keras.Model, class_names: Sequence[str], image_size: int
) -> None:
    """Raises ValueError where names and size do not fit the classifier."""
    if keras.backend.backend() != "tensorflow":
        raise ValueError(
            f"Keras runs on {keras.backend.backend()!r}, but a SavedModel is "
            "made on TensorFlow: set KERAS_BACKEND=tensorflow; a classifier "
            "trained on another backend loads there unchanged"
        )
    expected = (None, image_size, image_size, 3)
    if classifier.input_shape != expected:
        raise ValueError(
            f"the classifier takes images of shape {classifier.input_shape}, "
            f"but image_size={image_size} means {expected}: pass the size that "
            "it was trained with"
        )
    if classifier.output_shape != (None, len(class_names)):
        raise ValueError(
            f"{len(class_names)} class names for logits of shape "
            f"{classifier.output_shape}: pass one name for each class, in the "
            "order of the labels"
        )
    repeated = sorted({n for n in class_names if class_names.count(n) > 1})
    if repeated:
        raise ValueError(
            f"class names {repeated} stand more than once: labels are the only "
            "key to an answer, so give each class its own name"
        )


def write_endpoints(endpoints: dict, folder: Path) -> None:
    """Writes signatures and the variables that they use as a SavedModel.

    Args:
        endpoints: Name -> (function, its input specification).
        folder: An empty folder.

    Raises:
        ValueError: If a layer needs XLA.
        OSError: If the disk refuses a file.
    """
    archive = keras.export.ExportArchive()
    # No archive.track(classifier): it stores each variable a second time. The
    # archive finds the variables in the endpoints.
    for name, (function, input_signature) in endpoints.items():
        archive.add_endpoint(name, function, input_signature)
    try:
        archive.write_out(str(folder), verbose=False)
    except tf.errors.OpError as error:
        # TensorFlow reports a full disk as an OutOfRangeError.
        raise OSError(
            f"the SavedModel could not be written ({error.message}): free "
            "some space or choose another folder"
        ) from error
    _check_runs_without_xla(folder)


def _check_runs_without_xla(folder: Path) -> None:
    """Raises ValueError if a function of the SavedModel needs XLA."""
    content = (folder / "saved_model.pb").read_bytes()
    saved_model = saved_model_pb2.SavedModel.FromString(content)
    graphs = [meta_graph.graph_def for meta_graph in saved_model.meta_graphs]
    functions = [f for graph in graphs for f in graph.library.function]
    refused = [
        function.signature.name
        for function in functions
        if _XLA_ONLY in function.attr and function.attr[_XLA_ONLY].b
    ]
    if refused:
        raise ValueError(
            f"{len(refused)} functions of the classifier run only where XLA is "
            f"on (the first is {refused[0]}), and servers leave it off: use "
            "layers without jit_compile, and for keras.layers.Conv2D with "
            "groups > 1 the grouped convolution of qualnet_tf.backbones"
        )
