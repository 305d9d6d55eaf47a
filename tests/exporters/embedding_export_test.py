"""The exported face network answers the run's embeddings, of length 1."""

import io
import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from PIL import Image
from scipy import ndimage
from tensorflow_serving.apis import prediction_log_pb2

from qualnet_tf.config import EvaluateFacesConfig, ExportConfig
from qualnet_tf.datasets.face_pictures import fit_face
from qualnet_tf.evaluation.faces import evaluate_faces
from qualnet_tf.exporters.decoding import fit_whole
from qualnet_tf.exporters.embedding_export import export_embedding
from qualnet_tf.models.embedding import build_embedding
from qualnet_tf.models.saving import load_model
from qualnet_tf.reports import embedding_card
from qualnet_tf.training import calibration_pictures
from tests.evaluation.face_runs import SIDE, train_faces, write_sets

IMAGES = np.random.default_rng(0).random((4, SIDE, SIDE, 3), dtype=np.float32)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return train_faces(tmp_path_factory.mktemp("runs") / "faces")


def export(run, output_dir, describe=embedding_card.render, **knobs):
    config = ExportConfig(
        run_dir=str(run.path),
        output_dir=str(output_dir),
        embedding=True,
        calibration_images=40,
        **knobs,
    )
    return export_embedding(
        config,
        calibration_pictures.calibration_batches,
        calibration_pictures.NAMES,
        describe,
    )


@pytest.fixture(scope="module")
def whole(run, tmp_path_factory):
    return export(
        run,
        tmp_path_factory.mktemp("export"),
        formats=("saved_model", "tflite", "keras"),
    )


@pytest.fixture(scope="module")
def expected(run):
    embedding = build_embedding(load_model(run.classifier))(IMAGES).numpy()
    return embedding / np.linalg.norm(embedding, axis=1, keepdims=True)


def test_images_become_unit_vectors(whole, expected):
    loaded = tf.saved_model.load(str(whole))
    answer = loaded.signatures["predict_images"](image=tf.constant(IMAGES))
    assert set(answer) == {"embedding"}
    np.testing.assert_allclose(answer["embedding"], expected, atol=1e-5)


def test_files_are_decoded_and_fitted(whole, run):
    pixels = np.random.default_rng(1).integers(0, 256, (SIDE, SIDE, 3), "u1")
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    loaded = tf.saved_model.load(str(whole))
    answer = loaded.signatures["serving_default"](
        image_bytes=tf.constant([buffer.getvalue()] * 2)
    )
    network = build_embedding(load_model(run.classifier), normalized=True)
    image = pixels[None].astype(np.float32) / np.float32(255)
    np.testing.assert_allclose(
        answer["embedding"], np.repeat(network(image), 2, axis=0), atol=1e-5
    )
    np.testing.assert_array_equal(answer["orientation"], [1, 1])


def test_a_narrow_picture_is_seen_whole(whole, run):
    pixels = np.random.default_rng(1).integers(0, 256, (SIDE, 10, 3), "u1")
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    loaded = tf.saved_model.load(str(whole))
    answer = loaded.signatures["serving_default"](
        image_bytes=tf.constant([buffer.getvalue()])
    )
    network = build_embedding(load_model(run.classifier), normalized=True)
    image = fit_face(pixels, SIDE)[None].astype(np.float32) / np.float32(255)
    np.testing.assert_allclose(answer["embedding"], network(image), atol=1e-5)


def test_pixels_out_of_range_are_refused(whole):
    loaded = tf.saved_model.load(str(whole))
    with pytest.raises(tf.errors.InvalidArgumentError, match="from 0 to 1"):
        loaded.signatures["predict_images"](image=tf.constant(IMAGES * 255))


def test_the_keras_file_is_the_same_network(whole, expected):
    loaded = keras.models.load_model(whole / "embedding.keras")
    np.testing.assert_allclose(loaded(IMAGES), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("precision", "least"),
    [
        ("float32", 1 - 1e-5),
        ("float16", 1 - 1e-4),
        ("dynamic_range", 0.99),
        ("int8", 0.95),
    ],
)
def test_tflite_files_answer_nearly_the_same(whole, expected, precision, least):
    path = whole / f"embedding_{precision}.tflite"
    runner = Interpreter(model_path=str(path)).get_signature_runner(
        "predict_images"
    )
    given = runner.get_input_details()["image"]["quantization"]
    answered = runner.get_output_details()["embedding"]["quantization"]
    found = []
    for image in IMAGES:
        value = image[None]
        if precision == "int8":
            value = np.round(value / given[0] + given[1]).astype(np.int8)
        embedding = runner(image=value)["embedding"][0]
        if precision == "int8":
            # Its scale leaves with the length.
            embedding = embedding.astype(np.float32) - answered[1]
            embedding /= np.linalg.norm(embedding)
        found.append(embedding)
    cosines = np.sum(np.array(found) * expected, axis=1)
    assert cosines.min() > least


def test_warm_up_asks_both_signatures(whole):
    path = whole / "assets.extra" / "tf_serving_warmup_requests"
    names = [
        prediction_log_pb2.PredictionLog.FromString(
            record.numpy()
        ).predict_log.request.model_spec.signature_name
        for record in tf.data.TFRecordDataset([str(path)])
    ]
    assert names == ["serving_default"] * 3 + ["predict_images"]


def test_the_card_has_the_results_and_the_export_is_made_anew(
    run, whole, tmp_path
):
    card = (whole / "README.md").read_text()
    assert "16 numbers of length 1" in card and "was not evaluated" in card
    assert (
        export(run, whole.parent, formats=("saved_model", "tflite", "keras"))
        == whole
    )
    sets = write_sets(tmp_path / "sets")
    evaluate_faces(
        EvaluateFacesConfig(
            run_dir=(str(run.path),),
            pairs=(str(sets / "pairs.csv"),),
            identification=(str(sets / "people.csv"),),
            resolutions=(SIDE,),
        )
    )
    again = export(run, tmp_path / "export", formats=("saved_model",))
    card = (again / "README.md").read_text()
    assert "| pairs | 16, 16 | euclidean |" in card
    assert "| people | 16, 16 |" in card
    assert json.loads((again / "export.json").read_text())["embedding"] is True


def test_another_backend_is_refused(run, tmp_path, monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(ValueError, match="runs on 'jax', .* KERAS_BACKEND=ten"):
        export(run, tmp_path / "out")


def test_a_failure_leaves_nothing_behind(run, tmp_path):
    def fail(*_):
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        export(run, tmp_path / "out", describe=fail, formats=("saved_model",))
    assert not [p for p in tmp_path.rglob("*") if p.name.isdecimal()]


@pytest.mark.parametrize(
    "shape", [(32, 32), (80, 80), (14, 14), (80, 40), (20, 60)]
)
def test_fit_whole_is_that_of_evaluation(shape):
    """But for the pixels beside the black, which are not blended with it."""
    # Without extremes: Pillow clips after each axis.
    pixels = np.random.default_rng(0).integers(64, 192, (*shape, 3), "u1")
    expected = fit_face(pixels, 32).astype(np.float32)
    fitted = fit_whole(tf.constant(pixels, tf.float32) / 255.0, 32) * 255
    black = (expected == 0).all(axis=2)
    assert black.any() == (shape[0] != shape[1])
    assert not fitted.numpy()[black].any()
    beside = ndimage.binary_dilation(black, iterations=5)
    assert not beside.all()
    # Pillow rounds after each axis.
    assert np.abs(fitted - expected)[~beside].max() <= 2
