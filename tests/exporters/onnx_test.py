"""An ONNX file answers as its classifier, in a runtime without TensorFlow."""

import functools
import json
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

import qualnet_tf
from qualnet_tf.exporters.onnx import OPSET, export_onnx
from tests.exporters.small_classifiers import (
    CLASS_NAMES,
    GROUPED,
    NAMES,
    NUM_CLASSES,
    SIDE,
    classifier_of,
    expected,
    pictures,
    softmax,
)

onnx = pytest.importorskip("onnx", reason="needs qualnet_tf[onnx]")
pytest.importorskip("tf2onnx", reason="needs qualnet_tf[onnx]")
onnxruntime = pytest.importorskip("onnxruntime", reason="needs onnxruntime")


@pytest.fixture(scope="module")
def export(tmp_path_factory):
    folder = tmp_path_factory.mktemp("onnx")

    @functools.cache
    def write(name):
        path = folder / f"{name}.onnx"
        export_onnx(classifier_of(name), path, CLASS_NAMES)
        return path

    return write


def run(path, image):
    """Returns the logits."""
    session = onnxruntime.InferenceSession(
        str(path), providers=["CPUExecutionProvider"]
    )
    return session.run(["logits"], {"image": image})[0]


@pytest.mark.parametrize("count", [1, 5])
@pytest.mark.parametrize("name", NAMES)
def test_logits_are_those_of_keras(export, name, count):
    image = pictures(count)
    logits = np.asarray(classifier_of(name)(image, training=False))
    np.testing.assert_allclose(run(export(name), image), logits, atol=1e-4)


@pytest.mark.slow
def test_a_real_resnet18(export):
    image = pictures(4)
    answer = softmax(run(export("resnet18"), image))
    np.testing.assert_allclose(answer, expected("resnet18", image), atol=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_the_file_is_legal_and_says_what_it_takes(export, name):
    model = onnx.load(export(name))
    onnx.checker.check_model(model, full_check=True)
    (taken,), (given,) = model.graph.input, model.graph.output
    assert (taken.name, _shape(taken)) == ("image", ["batch", SIDE, SIDE, 3])
    assert (given.name, _shape(given)) == ("logits", ["batch", NUM_CLASSES])
    for value in (taken, given):
        assert value.type.tensor_type.elem_type == onnx.TensorProto.FLOAT
    (version,) = [e.version for e in model.opset_import if not e.domain]
    assert version == OPSET
    said = {each.key: each.value for each in model.metadata_props}
    assert json.loads(said["class_names"]) == list(CLASS_NAMES)
    assert said["pixel_range"] == "unit"
    assert said["version"] == qualnet_tf.__version__


def _shape(value):
    return [
        each.dim_param or each.dim_value
        for each in value.type.tensor_type.shape.dim
    ]


@pytest.mark.parametrize("name", ["resnet_tiny", GROUPED])
def test_mixed_precision_is_rebuilt_in_float32(tmp_path, name):
    mixed = classifier_of(name, policy="mixed_float16")
    plain = keras.models.clone_model(classifier_of(name))
    plain.set_weights(mixed.get_weights())
    export_onnx(mixed, tmp_path / "mixed.onnx")
    image = pictures()
    logits = np.asarray(plain(image, training=False))
    found = run(tmp_path / "mixed.onnx", image)
    np.testing.assert_allclose(found, logits, atol=1e-4)


def test_nothing_is_printed(tmp_path, capfd):
    export_onnx(classifier_of("resnet_tiny"), tmp_path / "net.onnx")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("package", ["onnx", "tf2onnx"])
def test_a_missing_package_is_named(tmp_path, monkeypatch, package):
    # Python's way of an import that fails.
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ValueError, match=rf"package {package}, .*pip install"):
        export_onnx(classifier_of("resnet_tiny"), tmp_path / "net.onnx")


def test_class_names_are_counted(tmp_path):
    with pytest.raises(ValueError, match="10 class names, .* received 2"):
        export_onnx(classifier_of("resnet_tiny"), tmp_path / "n", ("a", "b"))


class _Foreign(keras.layers.Layer):
    def call(self, inputs):
        return tf.math.digamma(inputs)


def test_an_operation_that_onnx_lacks_is_named(tmp_path, capfd):
    image = keras.Input((SIDE, SIDE, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(_Foreign()(image))
    network = keras.Model(image, keras.layers.Dense(2)(pooled))
    with pytest.raises(ValueError, match="ONNX's own .* received Digamma;"):
        export_onnx(network, tmp_path / "net.onnx")
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr().err == ""


def test_a_refused_file_is_not_left_behind(tmp_path):
    with pytest.raises(OSError, match="no-such-folder"):
        path = tmp_path / "no-such-folder" / "net.onnx"
        export_onnx(classifier_of("resnet_tiny"), path)
