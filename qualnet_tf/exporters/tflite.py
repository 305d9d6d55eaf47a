"""Converts a classifier into a TFLite file for phones and small boards.

| Precision | Weights | Activations | Input and output |
|---|---|---|---|
| float32 | float32 | float32 | float32 |
| dynamic_range | int8 | int8 inside a convolution, float32 between | float32 |
| float16 | float16 | float32 | float32 |
| int8 | int8 | int8 | int8 |

Every file has one signature, named like the SavedModel's, `predict_images`:
`image` `[batch, side, side, 3]` in [0, 1] -> `logits` `[batch, num_classes]`
in the order of the classes. The probabilities are `softmax(logits)`, which the
caller computes: as an int8 output they would have steps of 1/256, and every
class below half a step would be impossible.

In an int8 file a level of the input is 1/255, so that a pixel of 8 bits is
taken as it is, less 128; what a level of the logits is, the file says
(`quantization_parameters` of the output: step * (level - zero point)).

Inside the file lies a description, see `tflite_content`: JSON with
`class_names`, `pixel_range` ("unit" is [0, 1]), `outputs`, `precision` and the
version of this package.
"""

import re
import tempfile
from collections.abc import Callable, Sequence

import keras
import numpy as np
import tensorflow as tf
from tensorflow.lite.python.convert_phase import ConverterError

import qualnet_tf
from qualnet_tf.exporters import calibration as calibration_lib
from qualnet_tf.exporters import signature, tflite_content
from qualnet_tf.exporters.conversion_checks import check_conversion
from qualnet_tf.exporters.float32_network import in_float32
from qualnet_tf.exporters.quiet_conversion import quiet_conversion

PRECISIONS = ("float32", "dynamic_range", "float16", "int8")


def convert_tflite(
    classifier: keras.Model,
    precision: str,
    calibration: np.ndarray | None = None,
    class_names: Sequence[str] = (),
    output: str = signature.LOGITS,
) -> bytes:
    """Returns the content of a TFLite file.

    Args:
        classifier: Functional Keras model, image float32 `[batch, side, side,
            3]` in [0, 1] -> logits `[batch, num_classes]`. One of mixed
            precision is rebuilt in float32 first.
        precision: One of `PRECISIONS`.
        calibration: For int8, float32 `[n, side, side, 3]` in [0, 1], n from
            16 up: pictures as the classifier will see them, clean and
            corrupted. Not looked at for the others.
        class_names: Kept in the file, in the order of the logits; () keeps
            none.
        output: What its outputs are called.

    Raises:
        ValueError: If there is no such precision, calibration images are
            missing, too few or illegal, names and logits differ in number,
            Keras does not run on TensorFlow, or the classifier has an
            operation that TFLite's runtime lacks, or lacks in int8.
    """
    if precision not in PRECISIONS:
        raise ValueError(
            f"precision: expected one of {', '.join(PRECISIONS)}, received "
            f"{precision!r}"
        )
    check_conversion(classifier, class_names, "a TFLite file")
    if precision == "int8":
        side = classifier.input_shape[1]
        calibration_lib.check_calibration(calibration, side)
    network = in_float32(classifier)
    with quiet_conversion(), tempfile.TemporaryDirectory() as folder:
        _save(network, folder, output)
        converter = tf.lite.TFLiteConverter.from_saved_model(
            folder, signature_keys=[signature.IMAGES_SIGNATURE]
        )
        _SETTERS[precision](converter, calibration)
        content = _convert(converter)
    tflite_content.check_operations(content)
    if precision == "int8":
        tflite_content.check_whole_numbers(content)
    return tflite_content.describe(
        content,
        {
            "version": qualnet_tf.__version__,
            "precision": precision,
            "class_names": list(class_names),
            "pixel_range": "unit",
            "outputs": output,
        },
    )


def _save(network: keras.Model, folder: str, output: str) -> None:
    """Writes a SavedModel with the one signature, the converter's input."""
    module = tf.Module()
    # Values of variables: with the Keras model itself they are not found.
    module.kept = [variable.value for variable in network.variables]
    module.predict = tf.function(
        lambda image: {output: network(image, training=False)},
        input_signature=[
            tf.TensorSpec(
                [None, *network.input_shape[1:]],
                tf.float32,
                name=signature.IMAGE,
            )
        ],
    )
    tf.saved_model.save(
        module, folder, {signature.IMAGES_SIGNATURE: module.predict}
    )


def _set_float32(converter, calibration) -> None:
    """Leaves the converter as it is."""


def _set_dynamic_range(converter, calibration) -> None:
    converter.optimizations = [tf.lite.Optimize.DEFAULT]


def _set_float16(converter, calibration) -> None:
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]


def _set_int8(converter, calibration) -> None:
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    # Boards without floating point run the file, or it is not made; what the
    # converter lets through all the same is refused later.
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    converter.representative_dataset = calibration_lib.representative_images(
        calibration
    )


_SETTERS: dict[str, Callable] = {
    "float32": _set_float32,
    "dynamic_range": _set_dynamic_range,
    "float16": _set_float16,
    "int8": _set_int8,
}


def _convert(converter) -> bytes:
    try:
        return converter.convert()
    except ConverterError as error:
        text = str(error)
        names = re.findall(r"(?:TF Select|Custom) ops: (.+)", text)
        if not names:
            raise
        raise tflite_content.foreign_operations(names) from error
