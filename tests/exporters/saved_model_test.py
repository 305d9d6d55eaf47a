import contextlib
import os
import resource
from collections import Counter

import keras
import numpy as np
import pytest
import tensorflow as tf

from qualnet_tf.backbones.grouped_conv import GroupedConv2D
from qualnet_tf.exporters import decoding
from qualnet_tf.exporters.saved_model import export_saved_model
from qualnet_tf.models.corrected_convolution import CorrectedConvolution

# oneDNN and the Keras graph add in another order; nothing else may differ.
TOLERANCE = 1e-5


@pytest.fixture(scope="module")
def images(exported):
    size = exported.image_size
    return np.random.default_rng(1).random((3, size, size, 3), np.float32)


@pytest.fixture(scope="module")
def contents(pictures):
    return np.array(list(pictures.values()), dtype=object)


def check_outputs(outputs, classifier, class_names, images):
    """Asserts that outputs are what the Keras classifier says of images."""
    logits = classifier(images, training=False).numpy()
    probabilities = tf.nn.softmax(logits).numpy()
    order = np.argsort(-logits, axis=1)
    names = np.array([name.encode() for name in class_names], dtype=object)
    assert set(outputs) - {"orientation"} == {
        "labels",
        "probabilities",
        "logits",
    }
    np.testing.assert_array_equal(outputs["labels"], names[order])
    np.testing.assert_allclose(
        outputs["probabilities"],
        np.take_along_axis(probabilities, order, axis=1),
        atol=TOLERANCE,
    )
    np.testing.assert_allclose(
        outputs["logits"], logits, atol=TOLERANCE, rtol=TOLERANCE
    )


def run_python(folder, signature_name, **inputs):
    loaded = tf.saved_model.load(str(folder))
    feeds = {key: tf.constant(value) for key, value in inputs.items()}
    outputs = loaded.signatures[signature_name](**feeds)
    return {key: value.numpy() for key, value in outputs.items()}


def run_session(folder, signature_name, **inputs):
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        meta_graph = tf.compat.v1.saved_model.load(
            session, ["serve"], str(folder)
        )
        found = meta_graph.signature_def[signature_name]
        feeds = {found.inputs[key].name: v for key, v in inputs.items()}
        fetches = {key: value.name for key, value in found.outputs.items()}
        return session.run(fetches, feeds)


@pytest.fixture(params=["python", "session", "c_api"])
def run(request):
    if request.param == "c_api":
        return request.getfixturevalue("run_c_api")
    return {"python": run_python, "session": run_session}[request.param]


class TestParity:
    def test_images(self, run, exported, images):
        outputs = run(exported.folder, "predict_images", image=images)
        check_outputs(
            outputs, exported.classifier, exported.class_names, images
        )

    def test_image_bytes(self, run, exported, contents):
        outputs = run(exported.folder, "serving_default", image_bytes=contents)
        decoded = decoding.decode_and_crop(
            tf.constant(list(contents)), exported.image_size
        )[0]
        check_outputs(
            outputs, exported.classifier, exported.class_names, decoded
        )

    def test_features_are_what_the_head_sees(self, run, exported, contents):
        outputs = run(exported.folder, "features", image_bytes=contents)
        images, _ = decoding.decode_and_crop(
            tf.constant(list(contents)), exported.image_size
        )
        kernel, bias = exported.classifier.get_layer("head").get_weights()
        np.testing.assert_allclose(
            outputs["features"] @ kernel + bias,
            exported.classifier(images, training=False),
            atol=20 * TOLERANCE,  # the head's weights are large
        )

    def test_class_names(self, run, exported):
        index = np.array([4, 0, 2], np.int64)
        outputs = run(exported.folder, "class_names", index=index)
        assert [label.decode() for label in outputs["label"]] == [
            exported.class_names[place] for place in index
        ]

    @pytest.mark.parametrize("bad", [np.nan, np.inf, 255.0, -0.5])
    def test_pixels_out_of_range_are_refused(self, exported, images, bad):
        wrong = images.copy()
        wrong[1, 2, 3, 0] = bad
        with pytest.raises(
            tf.errors.InvalidArgumentError, match="finite pixels from 0 to 1"
        ):
            run_python(exported.folder, "predict_images", image=wrong)

    def test_top_k_of_many_classes(self, build_classifier, images, tmp_path):
        classifier = build_classifier(num_classes=12)
        names = [f"class {place}" for place in range(12)]
        folder = export_saved_model(classifier, names, tmp_path, 32)
        outputs = run_python(folder, "predict_images", image=images)
        logits = classifier(images, training=False).numpy()
        order = np.argsort(-logits, axis=1)[:, :5]
        found = [[label.decode() for label in row] for row in outputs["labels"]]
        assert found == np.array(names)[order].tolist()
        assert outputs["probabilities"].shape == (3, 5)
        assert outputs["logits"].shape == (3, 12)

    def test_answers_differ_between_pictures(self, exported, images):
        # else the tests above could not see a wrong input
        logits = exported.classifier(images, training=False).numpy()
        assert np.ptp(logits, axis=0).max() > 100 * TOLERANCE

    @pytest.mark.parametrize("kind", ["grouped", "corrected"])
    def test_convolutions_of_ours(
        self, build_classifier, run_c_api, images, tmp_path, kind
    ):
        body = {
            "grouped": GroupedConv2D(8, 3, groups=2),
            "corrected": CorrectedConvolution(
                keras.layers.Conv2D(8, 3), [6, 1, 3], width=4
            ),
        }[kind]
        classifier = build_classifier(num_classes=2, body=body)
        folder = export_saved_model(classifier, "ab", tmp_path / "export", 32)
        outputs = run_c_api(folder, "predict_images", image=images)
        check_outputs(outputs, classifier, "ab", images)

    def test_bad_bytes_fail_in_the_server_too(self, run_c_api, exported):
        bad = np.array([b"no picture"], dtype=object)
        with pytest.raises(RuntimeError, match="code 3: .*Unknown image file"):
            run_c_api(exported.folder, "serving_default", image_bytes=bad)

    def test_the_c_api_session_has_xla_off(self, run_c_api, tmp_path):
        module = tf.Module()
        spec = tf.TensorSpec([None], tf.float32, "x")
        module.twice = tf.function(lambda x: {"y": 2 * x}, [spec])
        compiled = tf.function(lambda x: 2 * x, jit_compile=True)
        module.compiled = tf.function(lambda x: {"y": compiled(x)}, [spec])
        signatures = {"plain": module.twice, "compiled": module.compiled}
        tf.saved_model.save(module, str(tmp_path / "1"), signatures)
        x = np.ones(3, np.float32)
        outputs = run_c_api(tmp_path / "1", "plain", x=x)
        np.testing.assert_array_equal(outputs["y"], [2, 2, 2])
        with pytest.raises(RuntimeError, match="XLA compilation disabled"):
            run_c_api(tmp_path / "1", "compiled", x=x)


class TestContents:
    def test_each_weight_of_the_classifier_once_and_nothing_else(
        self, exported
    ):
        prefix = str(exported.folder / "variables" / "variables")
        stored = Counter(
            tuple(shape)
            for name, shape in tf.train.list_variables(prefix)
            if name != "_CHECKPOINTABLE_OBJECT_GRAPH"
        )
        expected = Counter(
            tuple(variable.shape) for variable in exported.classifier.variables
        )
        assert stored == expected

    def test_the_stored_bytes_are_those_of_the_weights(self, exported):
        data = next((exported.folder / "variables").glob("*.data-*"))
        weights = sum(
            variable.numpy().nbytes
            for variable in exported.classifier.variables
        )
        assert weights <= data.stat().st_size < 1.2 * weights + 4096

    def test_signatures(self, exported, read_meta_graph):
        found = {
            name: [
                {
                    key: (info.dtype, [d.size for d in info.tensor_shape.dim])
                    for key, info in side.items()
                }
                for side in (definition.inputs, definition.outputs)
            ]
            for name, definition in read_meta_graph(
                exported.folder
            ).signature_def.items()
            if not name.startswith("__")
        }
        text, number = tf.string.as_datatype_enum, tf.float32.as_datatype_enum
        row = [-1, len(exported.class_names)]
        outputs = {
            "labels": (text, row),
            "probabilities": (number, row),
            "logits": (number, row),
        }
        size = exported.image_size
        assert found == {
            "serving_default": [
                {"image_bytes": (text, [-1])},
                outputs | {"orientation": (tf.int32.as_datatype_enum, [-1])},
            ],
            "predict_images": [
                {"image": (number, [-1, size, size, 3])},
                outputs,
            ],
            "features": [
                {"image_bytes": (text, [-1])},
                {"features": (number, [-1, 8])},
            ],
            "class_names": [
                {"index": (tf.int64.as_datatype_enum, [-1])},
                {"label": (text, [-1])},
            ],
        }

    def test_no_function_needs_xla(self, exported, read_meta_graph):
        library = read_meta_graph(exported.folder).graph_def.library
        assert library.function
        for function in library.function:
            assert not function.attr["_XlaMustCompile"].b

    def test_others_may_read_it(self, exported):
        # A server runs as another user; tempfile's folders would shut it out.
        expected = 0o755 & ~_umask()
        assert exported.folder.stat().st_mode & 0o777 & expected == expected


def _umask():
    umask = os.umask(0)
    os.umask(umask)
    return umask


@contextlib.contextmanager
def _file_size_limit(size):
    limit = resource.RLIMIT_FSIZE
    old = resource.getrlimit(limit)
    resource.setrlimit(limit, (size, old[1]))
    try:
        yield
    finally:
        resource.setrlimit(limit, old)


class TestVersions:
    def test_each_export_is_the_next_version(self, build_classifier, tmp_path):
        classifier = build_classifier(num_classes=2)
        (tmp_path / "7").mkdir()
        for version in ("8", "9"):
            folder = export_saved_model(classifier, "ab", tmp_path, 32)
            assert folder == tmp_path / version
        numbers = {int(path.name) for path in tmp_path.glob("[0-9]*")}
        assert numbers == {7, 8, 9}


class TestFailure:
    @pytest.fixture(params=[2_000, 16_000])
    def full_disk(self, request):
        """Lets no file grow beyond a size: first the weights, then the graph.

        Returns:
            A context in which the disk is full; pytest itself writes outside.
        """
        return _file_size_limit(request.param)

    def test_leaves_no_folder(self, build_classifier, tmp_path, full_disk):
        classifier = build_classifier(num_classes=2)
        with (
            pytest.raises(OSError, match="could not be written .*too large"),
            full_disk,
        ):
            export_saved_model(classifier, "ab", tmp_path / "a" / "b", 32)
        assert os.listdir(tmp_path) == []

    def test_leaves_older_versions(self, build_classifier, tmp_path, full_disk):
        classifier = build_classifier(num_classes=2)
        (tmp_path / "1").mkdir()
        with (
            pytest.raises(OSError, match="could not be written .*too large"),
            full_disk,
        ):
            export_saved_model(classifier, "ab", tmp_path, 32)
        assert os.listdir(tmp_path) == ["1"]

    def test_grouped_keras_convolution_is_refused(
        self, build_classifier, tmp_path
    ):
        body = keras.layers.Conv2D(8, 3, groups=2)
        classifier = build_classifier(num_classes=2, body=body)
        with pytest.raises(ValueError, match="run only where XLA is on"):
            export_saved_model(classifier, "ab", tmp_path, 32)
        assert os.listdir(tmp_path) == []

    @pytest.mark.parametrize(
        "class_names, image_size, message",
        [
            ("abc", 32, r"3 class names for logits of shape \(None, 2\)"),
            ("ab", 64, r"takes images of shape \(None, 32, 32, 3\), but"),
            ("aa", 32, r"class names \['a'\] stand more than once"),
        ],
    )
    def test_arguments_that_do_not_fit(
        self, build_classifier, tmp_path, class_names, image_size, message
    ):
        classifier = build_classifier(num_classes=2)
        output_dir = tmp_path / "export"
        with pytest.raises(ValueError, match=message):
            export_saved_model(classifier, class_names, output_dir, image_size)
        assert not output_dir.exists()

    def test_output_dir_is_a_file(self, build_classifier, tmp_path):
        file = tmp_path / "export"
        file.touch()
        classifier = build_classifier(num_classes=2)
        with pytest.raises(ValueError, match="export is a file: expected a"):
            export_saved_model(classifier, "ab", file, 32)

    def test_another_backend(self, build_classifier, tmp_path, monkeypatch):
        classifier = build_classifier(num_classes=2)
        monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
        with pytest.raises(ValueError, match="set KERAS_BACKEND=tensorflow"):
            export_saved_model(classifier, "ab", tmp_path, 32)
