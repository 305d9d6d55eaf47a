"""Writes a classifier as an ONNX file, which runs without TensorFlow.

The file takes `image`, float32 `[batch, side, side, 3]` in [0, 1], and answers
`logits`, float32 `[batch, num_classes]` in the order of the classes. Its
metadata holds `class_names`, a JSON list.

The route is tf2onnx, from TensorFlow's graph; `keras.Model.export` takes the
same one, but names the output after a graph node.
"""

import contextlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import keras
import tensorflow as tf

import qualnet_tf
from qualnet_tf.exporters import signature
from qualnet_tf.exporters.conversion_checks import check_conversion
from qualnet_tf.exporters.float32_network import in_float32
from qualnet_tf.exporters.quiet_conversion import quiet_conversion

# The newest that tf2onnx 1.17 writes; runtimes since 2023 read it.
OPSET = 18
_BATCH = "batch"


def export_onnx(
    classifier: keras.Model,
    path: str | os.PathLike,
    class_names: Sequence[str] = (),
) -> None:
    """Writes the file, or leaves none.

    Args:
        classifier: Functional Keras model, image float32 `[batch, side, side,
            3]` in [0, 1] -> logits `[batch, num_classes]`. One of mixed
            precision is rebuilt in float32 first.
        path: Of the file.
        class_names: Kept in the file, in the order of the logits.

    Raises:
        ValueError: If the packages of the extra `onnx` are not installed,
            Keras does not run on TensorFlow, names and logits differ in
            number, or an operation has no counterpart in ONNX.
        OSError: If the disk refuses the file.
    """
    onnx, tf2onnx = _packages()
    check_conversion(classifier, class_names, "an ONNX file")
    with quiet_conversion():
        model = _convert(tf2onnx, in_float32(classifier))
    _check_operations(onnx, model)
    _name_batches(model)
    onnx.helper.set_model_props(
        model,
        {
            "class_names": json.dumps(list(class_names), ensure_ascii=False),
            "pixel_range": "unit",
            "version": qualnet_tf.__version__,
        },
    )
    onnx.checker.check_model(model, full_check=True)
    path = Path(path)
    try:
        onnx.save_model(model, str(path))
    except OSError:
        with contextlib.suppress(OSError):
            path.unlink()
        raise


def _packages() -> tuple[ModuleType, ModuleType]:
    """Returns onnx and tf2onnx.

    Raises:
        ValueError: If one of them is not installed.
    """
    try:
        import onnx
        import tf2onnx
    except ImportError as error:
        raise ValueError(
            f"an ONNX file needs the package {error.name}, which is not "
            "installed: pip install 'qualnet_tf[onnx]'"
        ) from error
    return onnx, tf2onnx


def _convert(tf2onnx: ModuleType, network: keras.Model) -> Any:
    """Returns the ONNX model of a network of float32."""
    specs = [
        tf.TensorSpec(network.input_shape, tf.float32, name=signature.IMAGE)
    ]
    function = tf.function(
        lambda image: {signature.LOGITS: network(image, training=False)},
        input_signature=specs,
    )
    model, _ = tf2onnx.convert.from_function(function, specs, opset=OPSET)
    return model


def _check_operations(onnx: ModuleType, model: Any) -> None:
    """Raises ValueError for what tf2onnx passed on without a counterpart."""
    foreign = {
        node.op_type
        for node in model.graph.node
        if not onnx.defs.has(node.op_type, node.domain)
    }
    if foreign:
        raise ValueError(
            "expected a classifier of ONNX's own operations, received "
            f"{', '.join(sorted(foreign))}; build it of layers that have a "
            "counterpart there"
        )


def _name_batches(model: Any) -> None:
    """Calls the free dimension of input and output by its name."""
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = _BATCH
