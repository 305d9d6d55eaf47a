"""A TFLite file answers as its network, quantized within a few steps."""

import warnings

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import (
    convert_variables_to_constants_v2,
)

from qualnet_tf.subjects.opening import open_subject
from qualnet_tf.subjects.subject import SubjectOptions
from tests.subjects.tiny_models import SIDE, expected, images, network


def _convert(path, scale=1.0, offset=0.0, batch=None, quantized=None):
    """Writes the network for pixels that are (unit - offset) / scale."""
    spec = tf.TensorSpec([batch, SIDE, SIDE, 3], tf.float32)
    function = tf.function(
        lambda pixels: network()(pixels * scale + offset, training=False),
        input_signature=[spec],
    )
    # The converter does not find Keras's variables by itself.
    frozen = convert_variables_to_constants_v2(function.get_concrete_function())
    converter = tf.lite.TFLiteConverter.from_concrete_functions([frozen])
    if quantized:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: (
            [(image[None] - np.float32(offset)) / np.float32(scale)]
            for image in images(40, seed=1)
        )
        converter.target_spec.supported_ops = [
            tf.lite.OpsSet.TFLITE_BUILTINS_INT8
        ]
        converter.inference_input_type = quantized
        converter.inference_output_type = quantized
    with warnings.catch_warnings():
        # It asks for statistics that the representative images are.
        warnings.simplefilter("ignore")
        path.write_bytes(converter.convert())
    return path


@pytest.mark.parametrize("batch", [None, 1, 4])
def test_logits_are_those_of_the_network(tmp_path, batch):
    path = _convert(tmp_path / "net.tflite", batch=batch)
    subject = open_subject(path, SubjectOptions(pixel_range="unit"))
    assert (subject.kind, subject.image_size) == ("TFLite file", SIDE)
    for count in (6, 3, 6):
        np.testing.assert_allclose(
            subject.logits(images(count)), expected(images(count)), atol=1e-4
        )


@pytest.mark.parametrize(
    ("scale", "offset", "pixel_range"),
    [(1.0, 0.0, "unit"), (1 / 255, 0.0, "byte"), (0.5, 0.5, "signed")],
)
@pytest.mark.parametrize("dtype", [tf.uint8, tf.int8])
def test_the_range_is_read_from_the_steps_of_an_input(
    tmp_path, scale, offset, pixel_range, dtype
):
    path = _convert(tmp_path / "net.tflite", scale, offset, quantized=dtype)
    subject = open_subject(path)
    assert subject.pixel_range == pixel_range
    logits, right = subject.logits(images()), expected(images())
    np.testing.assert_allclose(logits, right, atol=0.05 * np.ptp(right))


def test_a_float_input_does_not_tell_its_range(tmp_path):
    with pytest.raises(ValueError, match="pass --pixel_range"):
        open_subject(_convert(tmp_path / "net.tflite"))


def test_an_output_that_is_not_there(tmp_path):
    path = _convert(tmp_path / "net.tflite")
    with pytest.raises(ValueError, match="expected output nobody, received"):
        open_subject(
            path, SubjectOptions(pixel_range="unit", output_name="nobody")
        )


@pytest.mark.parametrize("content", [None, b"", b"no such file" * 20])
def test_a_missing_or_damaged_file_is_refused(tmp_path, content):
    path = tmp_path / "net.tflite"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ValueError, match="TFLite file|expected a .tflite"):
        open_subject(path)
