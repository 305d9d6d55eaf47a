import shutil

import numpy as np
import pytest
import tensorflow as tf

from qualnet_tf.exporters import decoding
from qualnet_tf.exporters.prediction import load_predictor, predict_files


@pytest.fixture(scope="module")
def predictor(exported):
    return load_predictor(exported.folder)


@pytest.fixture
def files(tmp_path, pictures):
    for name, content in pictures.items():
        (tmp_path / name).write_bytes(content)
    return [tmp_path / name for name in pictures]


class TestPredictFiles:
    def test_equals_the_classifier(self, predictor, exported, files, pictures):
        contents = tf.constant(list(pictures.values()))
        images = decoding.decode_and_crop(contents, exported.image_size)[0]
        logits = exported.classifier(images, training=False)
        expected = tf.nn.softmax(logits).numpy()
        predictions = predict_files(predictor, files, top_k=5)
        assert [prediction.path for prediction in predictions] == files
        for prediction, row in zip(predictions, expected, strict=True):
            order = np.argsort(-row)
            names = tuple(exported.class_names[index] for index in order)
            assert prediction.labels == names
            np.testing.assert_allclose(
                prediction.probabilities, row[order], atol=1e-5
            )

    def test_pictures_do_get_different_answers(self, predictor, files):
        best = {p.probabilities[0] for p in predict_files(predictor, files)}
        assert len(best) == len(files)

    def test_batches_do_not_change_the_answers(self, predictor, files):
        whole = predict_files(predictor, files)
        for batch_size in (1, 3):
            parts = predict_files(predictor, files, batch_size=batch_size)
            assert [p.labels for p in parts] == [p.labels for p in whole]

    @pytest.mark.parametrize("top_k, num_answers", [(1, 1), (2, 2), (99, 5)])
    def test_top_k(self, predictor, files, top_k, num_answers):
        for prediction in predict_files(predictor, files, top_k):
            assert len(prediction.labels) == num_answers
            assert len(prediction.probabilities) == num_answers
            assert sum(prediction.probabilities) <= 1 + 1e-6

    def test_paths_may_be_strings(self, predictor, files):
        (prediction,) = predict_files(predictor, [str(files[0])])
        assert prediction.path == files[0]

    @pytest.mark.parametrize(
        "content", [b"", b"not an image", "half.jpg", "half.png", "half.gif"]
    )
    def test_bad_bytes_are_an_error_that_names_the_file(
        self, predictor, files, pictures, content
    ):
        if isinstance(content, str):
            kind = content.split(".")[1]
            whole = next(v for k, v in pictures.items() if k.endswith(kind))
            content = whole[: len(whole) // 2]
        bad = files[0].with_name("bad.jpg")
        bad.write_bytes(content)
        message = rf"bad\.jpg \({len(content)} bytes\) is not a readable image"
        with pytest.raises(ValueError, match=message):
            predict_files(predictor, [files[0], bad, files[1]])

    def test_a_missing_file_is_named(self, predictor, files):
        missing = files[0].with_name("missing.png")
        with pytest.raises(ValueError, match="missing.png does not exist"):
            predict_files(predictor, [*files, missing])

    def test_a_folder_is_no_image_file(self, predictor, tmp_path):
        with pytest.raises(ValueError, match="is a folder: expected an image"):
            predict_files(predictor, [tmp_path])

    def test_no_files(self, predictor):
        with pytest.raises(ValueError, match="no image files given"):
            predict_files(predictor, [])

    def test_top_k_below_one(self, predictor, files):
        with pytest.raises(ValueError, match="top_k is 0: expected at least 1"):
            predict_files(predictor, files, top_k=0)


class TestLoadPredictor:
    def test_a_folder_of_versions_gives_the_newest(self, exported, tmp_path):
        for version in ("9", "10"):
            shutil.copytree(exported.folder, tmp_path / version)
        (tmp_path / ".writing-1").mkdir()
        assert load_predictor(tmp_path).folder == tmp_path / "10"

    def test_the_folder_above_the_export_will_do(self, exported):
        assert load_predictor(exported.folder.parent).folder == exported.folder

    @pytest.mark.parametrize("make", [False, True])
    def test_no_saved_model(self, tmp_path, make):
        folder = tmp_path / "run"
        if make:
            (folder / "1").mkdir(parents=True)
        with pytest.raises(ValueError, match="run.* holds no saved_model.pb"):
            load_predictor(folder)

    @pytest.mark.parametrize(
        "name",
        [
            "saved_model.pb",
            "variables/variables.index",
            "variables/variables.data-00000-of-00001",
        ],
    )
    @pytest.mark.parametrize("damage", ["cut", "gone", "junk"])
    def test_damaged_saved_model(self, exported, tmp_path, name, damage):
        shutil.copytree(exported.folder, tmp_path / "1")
        file = tmp_path / "1" / name
        content = file.read_bytes()
        if damage == "gone":
            file.unlink()
        else:
            half = len(content) // 2
            damaged = {
                "cut": content[:half],
                "junk": b"junk" * 99,
            }
            file.write_bytes(damaged[damage])
        with pytest.raises(
            ValueError, match="cannot be loaded|holds no saved_mo"
        ):
            load_predictor(tmp_path)

    def test_a_changed_weight_is_noticed(self, exported, tmp_path):
        shutil.copytree(exported.folder, tmp_path / "1")
        file = next((tmp_path / "1" / "variables").glob("*.data-*"))
        content = bytearray(file.read_bytes())
        content[1000] ^= 1
        file.write_bytes(content)
        with pytest.raises(ValueError, match="cannot be loaded .*Checksum"):
            load_predictor(tmp_path)

    def test_another_programs_saved_model(self, tmp_path):
        module = tf.Module()
        module.twice = tf.function(
            lambda x: {"y": 2 * x}, [tf.TensorSpec([None], tf.float32, "x")]
        )
        signatures = {"serving_default": module.twice}
        tf.saved_model.save(module, str(tmp_path / "1"), signatures)
        with pytest.raises(ValueError, match=r"turns \['x'\] into \['y'\]"):
            load_predictor(tmp_path)
