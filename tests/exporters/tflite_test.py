"""A TFLite file answers as its classifier, and runs on TFLite alone."""

import functools
import json
import tempfile

import keras
import numpy as np
import pytest
import tensorflow as tf

import qualnet_tf
from qualnet_tf.exporters import tflite_content
from qualnet_tf.exporters.tflite import PRECISIONS, convert_tflite
from tests.exporters.small_classifiers import (
    CLASS_NAMES,
    GROUPED,
    INT8_NAMES,
    NAMES,
    NUM_CLASSES,
    SIDE,
    classifier_of,
    expected,
    pictures,
    softmax,
)

interpreter_lib = pytest.importorskip(
    "ai_edge_litert.interpreter", reason="needs ai-edge-litert"
)
# Largest distance of two probabilities. Weights of half precision keep three
# decimals; of eight bits, a few steps of 1/256 add up.
TOLERANCES = {
    "float32": 1e-4,
    "float16": 2e-3,
    "dynamic_range": 0.02,
    "int8": 0.06,
}
CASES = [
    (name, precision)
    for name in NAMES
    for precision in PRECISIONS
    if precision != "int8" or name in INT8_NAMES
]


@functools.cache
def convert(name, precision):
    return convert_tflite(
        classifier_of(name), precision, pictures(32, seed=1), CLASS_NAMES
    )


def run(content, image):
    """Returns the logits, in floats, through the file's signature."""
    interpreter = interpreter_lib.Interpreter(model_content=content)
    (name,) = interpreter.get_signature_list()
    runner = interpreter.get_signature_runner(name)
    taken = runner.get_input_details()["image"]
    given = runner.get_output_details()["logits"]
    if taken["dtype"] is np.int8:
        # What the documentation says: levels of 8 bits, less 128.
        image = (np.round(image * 255) - 128).astype(np.int8)
    logits = runner(image=image)["logits"]
    if given["dtype"] is np.int8:
        step, zero = given["quantization"]
        logits = step * (logits.astype(np.float32) - zero)
    return logits


@pytest.mark.parametrize(("name", "precision"), CASES)
def test_probabilities_are_those_of_keras(name, precision):
    image = pictures()
    answer = softmax(run(convert(name, precision), image))
    np.testing.assert_allclose(
        answer, expected(name, image), rtol=0, atol=TOLERANCES[precision]
    )


@pytest.mark.parametrize(("name", "precision"), CASES)
def test_the_signature(name, precision):
    content = convert(name, precision)
    interpreter = interpreter_lib.Interpreter(model_content=content)
    assert interpreter.get_signature_list() == {
        "predict_images": {"inputs": ["image"], "outputs": ["logits"]}
    }
    (taken,) = interpreter.get_input_details()
    (given,) = interpreter.get_output_details()
    dtype = np.int8 if precision == "int8" else np.float32
    assert (taken["dtype"], given["dtype"]) == (dtype, dtype)
    assert list(taken["shape_signature"]) == [-1, SIDE, SIDE, 3]
    assert list(given["shape_signature"]) == [-1, NUM_CLASSES]


@pytest.mark.parametrize("precision", PRECISIONS)
def test_an_image_has_the_same_answer_alone_and_in_a_batch(precision):
    content, image = convert("resnet_tiny", precision), pictures(5)
    alone = np.concatenate([run(content, image[i : i + 1]) for i in range(5)])
    np.testing.assert_allclose(run(content, image), alone, atol=1e-4)


@pytest.mark.parametrize("name", INT8_NAMES)
def test_int8_computes_with_whole_numbers_only(name):
    interpreter = interpreter_lib.Interpreter(
        model_content=convert(name, "int8"),
        experimental_op_resolver_type=(
            interpreter_lib.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        ),
    )
    interpreter.allocate_tensors()
    kinds = {each["dtype"] for each in interpreter.get_tensor_details()}
    assert kinds <= {np.int8, np.int32, np.int64, np.bool_}


def test_a_level_of_8_bits_is_a_level_of_the_input():
    # Calibrated without black and white.
    images = 0.25 + 0.5 * pictures(16, seed=2)
    content = convert_tflite(classifier_of("resnet_tiny"), "int8", images)
    (taken,) = interpreter_lib.Interpreter(
        model_content=content
    ).get_input_details()
    step, zero = taken["quantization"]
    assert step == pytest.approx(1 / 255, rel=1e-6)
    assert zero == -128
    assert images.min() >= 0.25, "the caller's images were changed"


@pytest.mark.slow
def test_a_real_resnet18():
    image = pictures(4)
    sizes = {}
    for precision in PRECISIONS:
        content = convert("resnet18", precision)
        sizes[precision] = len(content)
        np.testing.assert_allclose(
            softmax(run(content, image)),
            expected("resnet18", image),
            rtol=0,
            atol=TOLERANCES[precision],
        )
    # 4, 2 and 1 bytes a weight.
    weights = classifier_of("resnet18").count_params()
    assert sizes["float32"] == pytest.approx(4 * weights, rel=0.02)
    assert sizes["float16"] == pytest.approx(2 * weights, rel=0.02)
    assert sizes["dynamic_range"] == pytest.approx(weights, rel=0.03)
    assert sizes["int8"] == pytest.approx(weights, rel=0.03)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize("name", ["resnet_tiny", "irevnet_tiny", GROUPED])
def test_mixed_precision_is_rebuilt_in_float32(name, policy):
    mixed = classifier_of(name, policy=policy)
    image = pictures()
    answer = run(convert_tflite(mixed, "float32"), image)
    # The same weights in a network that never was in half precision.
    plain = keras.models.clone_model(classifier_of(name))
    plain.set_weights(mixed.get_weights())
    logits = np.asarray(plain(image, training=False))
    np.testing.assert_allclose(softmax(answer), softmax(logits), atol=1e-4)
    assert policy in {
        layer.dtype_policy.name for layer in mixed._flatten_layers()
    }, "the classifier itself was changed"


def test_what_the_file_says_of_itself():
    content = convert("resnet_tiny", "int8")
    assert _description(content) == {
        "version": qualnet_tf.__version__,
        "precision": "int8",
        "class_names": list(CLASS_NAMES),
        "pixel_range": "unit",
        "outputs": "logits",
    }


def _description(content):
    schema = pytest.importorskip("ai_edge_litert.schema_py_generated")
    model = schema.Model.GetRootAs(content)
    entries = [model.Metadata(i) for i in range(model.MetadataLength())]
    (found,) = [e for e in entries if e.Name() == b"qualnet_tf"]
    return json.loads(model.Buffers(found.Buffer()).DataAsNumpy().tobytes())


def test_nothing_is_printed_and_nothing_left_behind(
    tmp_path, monkeypatch, capfd
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    convert_tflite(classifier_of("resnet_tiny"), "int8", pictures(16))
    assert capfd.readouterr() == ("", "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (None, "received none; pass training images"),
        (pictures(15), r"at least 16 images, .* received shape \(15, 32"),
        (pictures(16, side=16), r"32, 32, 3\] in .* received shape \(16, 16"),
        (255 * pictures(16), "received pixels from 0.0 to 255.0; divide"),
        (pictures(16) - 0.5, "received pixels from -0.5"),
        (pictures(16) * np.float32("nan"), "received pixels from nan"),
    ],
)
def test_calibration_images_are_checked(images, message):
    with pytest.raises(ValueError, match=f"calibration: .*{message}"):
        convert_tflite(classifier_of("resnet_tiny"), "int8", images)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"precision": "int4"}, "one of float32, .* received 'int4'"),
        ({"class_names": CLASS_NAMES[1:]}, "10 class names, .* received 9"),
    ],
)
def test_bad_arguments(options, message):
    options = {"precision": "float32", **options}
    with pytest.raises(ValueError, match=message):
        convert_tflite(classifier_of("resnet_tiny"), **options)


@pytest.mark.parametrize(
    "shape", [(None, None, 3), (32, 16, 3), (16, 16, 1)], ids=str
)
def test_images_of_one_size_are_needed(shape):
    image = keras.Input(shape)
    pooled = keras.layers.GlobalAveragePooling2D()(image)
    network = keras.Model(image, keras.layers.Dense(2)(pooled))
    with pytest.raises(ValueError, match="square images of one size"):
        convert_tflite(network, "float32")


def test_another_backend_is_refused(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(ValueError, match="'jax'.*KERAS_BACKEND=tensorflow"):
        convert_tflite(classifier_of("resnet_tiny"), "float32")


class _Foreign(keras.layers.Layer):
    def call(self, inputs):
        return tf.math.digamma(inputs)


def test_an_operation_that_tflite_lacks_is_named(capfd):
    image = keras.Input((SIDE, SIDE, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(_Foreign()(image))
    network = keras.Model(image, keras.layers.Dense(2)(pooled))
    with pytest.raises(ValueError, match="TFLite's own .* received Digamma"):
        convert_tflite(network, "float32")
    assert capfd.readouterr().err == ""


def test_an_operation_without_an_int8_form_is_named():
    assert "ROUND" in tflite_content.operations(
        convert("irevnet_tiny", "float32")
    )
    with pytest.raises(ValueError, match="int8 form, received ROUND, which"):
        convert("irevnet_tiny", "int8")


def test_a_file_of_foreign_operations_is_refused():
    function = tf.function(
        lambda x: tf.linalg.cholesky(x),
        input_signature=[tf.TensorSpec([4, 4])],
    )
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [function.get_concrete_function()], function
    )
    converter.target_spec.supported_ops = [tf.lite.OpsSet.SELECT_TF_OPS]
    content = converter.convert()
    assert "FlexCholesky" in tflite_content.operations(content)
    with pytest.raises(ValueError, match="own operations.*FlexCholesky"):
        tflite_content.check_operations(content)
    tflite_content.check_operations(convert("resnet_tiny", "float32"))
