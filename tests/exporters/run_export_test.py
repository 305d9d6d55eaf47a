"""A run becomes a whole version, or nothing does."""

import json
import re

import keras
import numpy as np
import pytest
import tensorflow as tf

from qualnet_tf.config import ExportConfig
from qualnet_tf.exporters.run_export import export_run
from qualnet_tf.models.decoders import load_decoder
from qualnet_tf.models.saving import load_model
from qualnet_tf.reports import model_card
from qualnet_tf.training import calibration_pictures
from tests.training.tiny_runs import train

SIDE = 16


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A qualnet run on its stage 1."""
    runs = tmp_path_factory.mktemp("runs")
    stage1 = train(runs / "stage1", backbone="irevnet_tiny", num_epochs=1)
    return train(
        runs / "run",
        method="qualnet",
        stage1_run_dir=str(stage1.path),
        quality_weight=0.1,
        clean_fraction=0.5,
        corruptions=("contrast",),
        num_epochs=1,
    )


def export(run, output_dir, describe=model_card.render, **knobs):
    config = ExportConfig(
        run_dir=str(run.path),
        output_dir=str(output_dir),
        calibration_images=40,
        **knobs,
    )
    return export_run(
        config,
        calibration_pictures.calibration_batches,
        calibration_pictures.NAMES,
        describe,
    )


@pytest.fixture(scope="module")
def whole(run, tmp_path_factory):
    """An export with everything but ONNX, which has tests of its own."""
    return export(
        run,
        tmp_path_factory.mktemp("export"),
        formats=("saved_model", "tflite", "keras"),
        precisions=("float32", "int8"),
        with_decoder=True,
        quality_head=True,
    )


@pytest.fixture
def files(photograph, encode):
    pixels = [photograph(20, 30, seed) for seed in range(3)]
    return [encode(each, "RGB", "PNG") for each in pixels]


def test_the_folder_holds_what_was_asked_for(whole):
    assert whole.name == "1"
    assert {path.name for path in whole.iterdir()} == {
        "README.md",
        "assets",
        "assets.extra",
        "class_names.txt",
        "classifier.keras",
        "classifier_float32.tflite",
        "classifier_int8.tflite",
        "export.json",
        "fingerprint.pb",
        "saved_model.pb",
        "variables",
    }
    names = (whole / "class_names.txt").read_text().splitlines()
    assert names == [str(digit) for digit in range(10)]


def test_the_keras_file_is_the_classifier(run, whole):
    image = np.random.default_rng(0).random((2, SIDE, SIDE, 3), np.float32)
    np.testing.assert_array_equal(
        load_model(whole / "classifier.keras")(image),
        load_model(run.classifier)(image),
    )


def test_quality_is_what_the_run_decodes(run, whole, files, run_c_api):
    contents = np.array(files, dtype=object)
    outputs = run_c_api(whole, "quality", image_bytes=contents)
    saved_model = tf.saved_model.load(str(whole))
    image = _pixels(files)
    backbone = load_model(run.classifier).layers[1]
    decoder = load_decoder(run.find_decoding_network(), SIDE, 10)
    decoded = decoder(load_model(run.connector)(backbone(image)))
    expected = np.clip(keras.ops.convert_to_numpy(decoded), 0, 1)
    np.testing.assert_allclose(outputs["reconstruction"], expected, atol=1e-3)
    np.testing.assert_allclose(
        outputs["residual"],
        np.abs(expected - image).mean((1, 2, 3)),
        atol=1e-3,
    )
    assert (
        (outputs["quality_score"] >= 0) & (outputs["quality_score"] <= 1)
    ).all()
    names = {name.encode() for name in calibration_pictures.NAMES}
    for name in ("quality", "serving_default"):
        answer = saved_model.signatures[name](image_bytes=tf.constant(files))
        assert set(answer["corruption"].numpy()) <= names


def _pixels(files):
    from qualnet_tf.exporters.decoding import decode_and_crop

    return decode_and_crop(tf.constant(files), SIDE)[0].numpy()


def test_the_head_tells_heavy_noise_from_clean_digits(run, whole):
    batch = next(calibration_pictures.calibration_batches(_config(run), 20, 1))
    clean = batch.image[batch.place == 0][:20]
    noise = np.random.default_rng(0).normal(0, 0.4, clean.shape)
    noisy = np.clip(clean + noise, 0, 1).astype(np.float32)
    predict = tf.saved_model.load(str(whole)).signatures["predict_images"]
    score = [
        predict(image=tf.constant(image))["quality_score"].numpy()
        for image in (clean, noisy)
    ]
    assert np.median(score[0]) > 0.5 > np.median(score[1])


def _config(run):
    from qualnet_tf.config import TrainConfig

    return TrainConfig.from_json(run.config.read_text())


def test_a_current_version_is_kept_and_another_made_when_knobs_differ(
    run, tmp_path
):
    first = export(run, tmp_path)
    assert export(run, tmp_path) == first
    second = export(run, tmp_path, top_k=2)
    assert (first.name, second.name) == ("1", "2")
    record = json.loads((second / "export.json").read_text())
    assert record["top_k"] == 2
    assert set(record["made_of"]) == {"classifier.keras", "connector.keras"}
    # Another classifier is another version.
    (second / "export.json").write_text(
        json.dumps(record | {"made_of": {"classifier.keras": "0"}})
    )
    assert export(run, tmp_path, top_k=2).name == "3"


def test_a_plain_export_holds_the_classifier_alone(run, tmp_path):
    folder = export(run, tmp_path)
    stored = tf.train.list_variables(str(folder / "variables" / "variables"))
    shapes = sorted(
        tuple(shape)
        for name, shape in stored
        if name != "_CHECKPOINTABLE_OBJECT_GRAPH"
    )
    classifier = load_model(run.classifier)
    assert shapes == sorted(tuple(v.shape) for v in classifier.variables)
    names = " ".join(name for name, _ in stored)
    assert not re.search("decoder|connector|optimizer|momentum", names)
    assert "`quality` |" not in (folder / "README.md").read_text()


def test_nothing_is_left_when_the_card_cannot_be_written(run, tmp_path):
    def fail(*_):
        raise ValueError("no card")

    with pytest.raises(ValueError, match="no card"):
        export(run, tmp_path / "export", fail)
    assert list(tmp_path.iterdir()) == []


def test_a_run_without_a_decoder_cannot_bring_one(tmp_path):
    run = train(tmp_path / "run", num_epochs=1)
    with pytest.raises(ValueError, match="--with_decoder: expected a run with"):
        export(run, tmp_path / "export", with_decoder=True)
    assert not (tmp_path / "export").exists()
