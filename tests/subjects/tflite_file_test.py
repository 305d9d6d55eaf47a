"""A TFLite file answers as its network, quantized within a few steps."""

import json
import sys
import warnings

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import (
    convert_variables_to_constants_v2,
)

from qualnet_tf.exporters.tflite import PRECISIONS, convert_tflite
from qualnet_tf.exporters.tflite_content import describe
from qualnet_tf.subjects.opening import open_subject
from qualnet_tf.subjects.subject import SubjectOptions
from tests.subjects.tiny_models import (
    CLASS_NAMES,
    SIDE,
    expected,
    images,
    network,
)

# LiteRT's interpreter, and TensorFlow's where that is not installed.
INTERPRETERS = ("ai_edge_litert", "tensorflow")


@pytest.fixture(params=INTERPRETERS)
def interpreter(request, monkeypatch):
    if request.param == "tensorflow":
        for name in ("interpreter", "schema_py_generated"):
            # Python's way of an import that fails.
            monkeypatch.setitem(sys.modules, f"ai_edge_litert.{name}", None)
    else:
        pytest.importorskip("ai_edge_litert", reason="needs ai-edge-litert")
    return request.param


@pytest.fixture(scope="module")
def own_file(tmp_path_factory):
    """Returns precision -> the path of a file of ours."""
    folder = tmp_path_factory.mktemp("own")
    paths = {}
    for precision in PRECISIONS:
        paths[precision] = folder / f"classifier_{precision}.tflite"
        paths[precision].write_bytes(
            convert_tflite(
                network(), precision, images(40, seed=1), CLASS_NAMES
            )
        )
    return paths


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
def test_logits_are_those_of_the_network(tmp_path, batch, interpreter):
    path = _convert(tmp_path / "net.tflite", batch=batch)
    subject = open_subject(path, SubjectOptions(pixel_range="unit"))
    assert (subject.kind, subject.image_size) == ("TFLite file", SIDE)
    assert type(subject.image_size) is int, "it goes into JSON"
    for count in (6, 3, 70):
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


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_file_of_ours_needs_no_flags(own_file, precision, interpreter):
    subject = open_subject(own_file[precision])
    assert (subject.pixel_range, subject.image_size) == ("unit", SIDE)
    assert subject.class_names == CLASS_NAMES
    assert subject.outputs == "logits"
    right = expected(images(40))
    exact = precision == "float32"
    np.testing.assert_allclose(
        subject.logits(images(40)),
        right,
        atol=1e-4 if exact else 0.05 * np.ptp(right),
    )


def test_what_the_user_says_of_a_file_of_ours_counts(own_file):
    options = SubjectOptions(pixel_range="byte", outputs="probabilities")
    subject = open_subject(own_file["float32"], options)
    assert (subject.pixel_range, subject.outputs) == ("byte", "probabilities")
    other = SubjectOptions(class_names=CLASS_NAMES[::-1])
    with pytest.raises(ValueError, match="its own 5 class names"):
        open_subject(own_file["float32"], other)


@pytest.mark.parametrize(
    "description",
    [
        [],
        {"class_names": [], "pixel_range": "unit"},
        {"class_names": None, "pixel_range": "unit", "outputs": "logits"},
        {"class_names": [7], "pixel_range": "unit", "outputs": "logits"},
        {"class_names": [], "pixel_range": "lab", "outputs": "logits"},
        {"class_names": [], "pixel_range": "unit", "outputs": "numbers"},
    ],
    ids=json.dumps,
)
def test_an_unknown_description_is_refused(tmp_path, description):
    path = _convert(tmp_path / "net.tflite")
    path.write_bytes(describe(path.read_bytes(), description))
    with pytest.raises(ValueError, match="in its description, received b"):
        open_subject(path)


def test_images_of_any_size(tmp_path):
    spec = tf.TensorSpec([None, None, None, 3], tf.float32)
    function = tf.function(
        # One pixel, as an open size counts at first, does not fit.
        lambda image: tf.reduce_mean(
            tf.reshape(image, [-1, SIDE * SIDE, 3]), 1
        ),
        input_signature=[spec],
    )
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [function.get_concrete_function()], function
    )
    path = tmp_path / "any.tflite"
    path.write_bytes(converter.convert())
    subject = open_subject(
        path, SubjectOptions(image_size=SIDE, pixel_range="unit")
    )
    np.testing.assert_allclose(
        subject.logits(images()), images().mean((1, 2)), atol=1e-6
    )


def test_an_operation_that_the_interpreter_lacks(tmp_path, interpreter):
    function = tf.function(
        lambda image: tf.linalg.cholesky(image[:, :3, :3, 0]),
        input_signature=[tf.TensorSpec([1, SIDE, SIDE, 3], tf.float32)],
    )
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [function.get_concrete_function()], function
    )
    converter.target_spec.supported_ops = [
        tf.lite.OpsSet.TFLITE_BUILTINS,
        tf.lite.OpsSet.SELECT_TF_OPS,
    ]
    path = tmp_path / "flex.tflite"
    path.write_bytes(converter.convert())
    with pytest.raises(ValueError, match="operations that this interpreter"):
        open_subject(path, SubjectOptions(pixel_range="unit"))


@pytest.mark.parametrize("content", [None, b"", b"no such file" * 20])
def test_a_missing_or_damaged_file_is_refused(tmp_path, content, interpreter):
    path = tmp_path / "net.tflite"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ValueError, match="TFLite file|expected a .tflite"):
        open_subject(path)


def test_half_a_file_of_ours_is_refused(tmp_path, own_file, interpreter):
    path = tmp_path / "half.tflite"
    content = own_file["int8"].read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match="not a whole TFLite file"):
        open_subject(path)
