"""One classifier gives one answer, wherever its export runs.

200 photographs of every kind of file go through Keras (decoded and cropped by
the code of the evaluation), the SavedModel in Python, the SavedModel in
TensorFlow's C API without XLA, TFLite and the REST interface.
"""

import base64
import json
import os
import pathlib
import re
import subprocess
import sys
import urllib.request

import keras
import numpy as np
import pytest
import tensorflow as tf

from qualnet_tf import backbones
from qualnet_tf.datasets.augmentation import evaluation_crop
from qualnet_tf.datasets.encoded import decode_rgb
from qualnet_tf.exporters import tflite
from qualnet_tf.exporters.saved_model import export_saved_model
from qualnet_tf.models.classifier import build_classifier
from qualnet_tf.subjects.opening import open_subject
from tests.exporters.real_pictures import KINDS, picture_files

ROOT = pathlib.Path(__file__).parents[2]
SIDE, NUM_CLASSES, NUM_PICTURES = 32, 10, 200
CLASS_NAMES = tuple(f"class {place}" for place in range(NUM_CLASSES))
TOLERANCE = 1e-4


@pytest.fixture(scope="module")
def classifier():
    """A real backbone whose answers differ between pictures."""
    keras.utils.set_random_seed(0)
    made = build_classifier(
        backbones.get("resnet_small")(SIDE), SIDE, NUM_CLASSES
    )
    kernel = made.layers[-1].layers[-1].kernel
    kernel.assign(kernel * 3)
    # Statistics of pictures, as after training.
    image = np.stack([crop(content) for _, content in picture_files(26)])
    for _ in range(20):
        made(image, training=True)
    return made


def crop(content):
    return evaluation_crop(decode_rgb(tf.constant(content)), SIDE).numpy()


@pytest.fixture(scope="module")
def files():
    found = list(picture_files(NUM_PICTURES))
    assert {kind for kind, _ in found} == set(KINDS)
    return [content for _, content in found]


@pytest.fixture(scope="module")
def image(files):
    return np.stack([crop(content) for content in files])


@pytest.fixture(scope="module")
def expected(classifier, image):
    logits = classifier(image, training=False)
    probabilities = keras.ops.convert_to_numpy(keras.ops.softmax(logits))
    # else a wrong answer could not be told from a right one
    assert probabilities.max(1).mean() > 0.2
    assert len(set(probabilities.argmax(1))) > 3
    return probabilities


@pytest.fixture(scope="module")
def folder(classifier, tmp_path_factory):
    output_dir = tmp_path_factory.mktemp("export")
    return export_saved_model(classifier, CLASS_NAMES, output_dir, SIDE)


def probabilities_of(logits):
    shifted = np.exp(logits - np.max(logits, axis=1, keepdims=True))
    return shifted / shifted.sum(1, keepdims=True)


def check(outputs, expected, tolerance=TOLERANCE):
    """Asserts that an answer's logits, labels and probabilities agree."""
    found = probabilities_of(np.array(outputs["logits"], np.float64))
    np.testing.assert_allclose(found, expected, atol=tolerance)
    best = np.sort(expected, axis=1)[:, ::-1][:, :5]
    np.testing.assert_allclose(outputs["probabilities"], best, atol=tolerance)
    for row, labels in enumerate(outputs["labels"]):
        place = [
            CLASS_NAMES.index(x.decode() if isinstance(x, bytes) else x)
            for x in labels
        ]
        np.testing.assert_allclose(
            expected[row, place], best[row], atol=2 * tolerance
        )


def test_saved_model_in_python(folder, files, expected):
    predict = tf.saved_model.load(str(folder)).signatures["serving_default"]
    outputs = predict(image_bytes=tf.constant(files))
    check({k: v.numpy() for k, v in outputs.items()}, expected)


def test_saved_model_as_a_server_loads_it(folder, files, expected, run_c_api):
    contents = np.array(files, dtype=object)
    check(run_c_api(folder, "serving_default", image_bytes=contents), expected)


def test_pixels_instead_of_files(folder, image, expected, run_c_api):
    check(run_c_api(folder, "predict_images", image=image), expected)


@pytest.mark.parametrize(
    ("precision", "tolerance"), [("float32", TOLERANCE), ("float16", 2e-3)]
)
def test_tflite(classifier, image, expected, tmp_path, precision, tolerance):
    content = tflite.convert_tflite(
        classifier, precision, class_names=CLASS_NAMES
    )
    (tmp_path / "a.tflite").write_bytes(content)
    subject = open_subject(tmp_path / "a.tflite")
    assert subject.class_names == CLASS_NAMES
    found = probabilities_of(subject.logits(image))
    np.testing.assert_allclose(found, expected, atol=tolerance)


@pytest.fixture
def address(folder):
    """The embedded server, in a process of its own."""
    server = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "qualnet_tf.serve",
            f"--export_dir={folder.parent}",
            "--model_name=parity",
            "--rest_port=0",
        ],
        cwd=ROOT,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
        stdout=subprocess.PIPE,
        text=True,
    )
    with server:
        try:
            line = server.stdout.readline()
            yield re.search(r"http://\S+", line)[0]
        finally:
            server.terminate()
            server.communicate()


def test_rest(address, files, expected):
    answers = []
    for start in range(0, NUM_PICTURES, 25):
        some = files[start : start + 25]
        body = {
            "instances": [
                {"b64": base64.b64encode(each).decode()} for each in some
            ]
        }
        request = urllib.request.Request(
            f"{address}:predict", json.dumps(body).encode()
        )
        with urllib.request.urlopen(request, timeout=60) as reply:
            answers += json.loads(reply.read())["predictions"]
    outputs = {key: [row[key] for row in answers] for key in answers[0]}
    assert outputs["orientation"] == [1] * NUM_PICTURES
    check(outputs, expected)
