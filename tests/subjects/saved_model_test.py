"""A SavedModel answers as its network, through pixels or through files."""

import numpy as np
import pytest
import tensorflow as tf

from qualnet_tf.exporters.saved_model import export_saved_model
from qualnet_tf.subjects.opening import open_subject
from qualnet_tf.subjects.subject import SubjectOptions
from tests.subjects.tiny_models import (
    CLASS_NAMES,
    SIDE,
    expected,
    images,
    network,
)


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    """An export of ours, which says everything of itself."""
    folder = tmp_path_factory.mktemp("ours")
    export_saved_model(network(), CLASS_NAMES, folder, SIDE)
    return folder


def _save(folder, function, *specs):
    module = tf.Module()
    module.network = network()
    tf.saved_model.save(
        module,
        str(folder),
        signatures=tf.function(function, input_signature=specs),
    )
    return folder


def _pixels(dtype=tf.float32, side=SIDE):
    return tf.TensorSpec([None, side, side, 3], dtype, name="pixels")


def test_our_export_needs_no_help(ours):
    subject = open_subject(ours)
    assert subject.kind == "SavedModel"
    assert subject.image_size == SIDE
    assert subject.pixel_range == "unit"
    assert subject.class_names == CLASS_NAMES
    np.testing.assert_allclose(
        subject.logits(images()), expected(images()), atol=1e-5
    )


def test_the_newest_of_numbered_versions_is_opened(tmp_path):
    for version in ("9", "10"):
        _save(
            tmp_path / version,
            lambda x, v=version: {"p": network()(x) * float(v)},
            _pixels(),
        )
    subject = open_subject(tmp_path, SubjectOptions(pixel_range="unit"))
    np.testing.assert_allclose(
        subject.logits(images()), 10 * expected(images()), atol=1e-4
    )


def test_bytes_are_given_to_an_input_of_bytes(tmp_path):
    def answer(pixels):
        return {"p": network()(tf.cast(pixels, tf.float32) / 255)}

    _save(tmp_path, answer, _pixels(tf.uint8))
    subject = open_subject(tmp_path)
    assert subject.pixel_range == "byte"
    np.testing.assert_allclose(
        subject.logits(images()), expected(images()), atol=1e-5
    )


def test_files_are_given_to_an_input_of_files(tmp_path):
    def answer(files):
        def decode(file):
            image = tf.io.decode_png(file, 3)
            return tf.ensure_shape(image, (SIDE, SIDE, 3))

        image = tf.map_fn(decode, files, fn_output_signature=tf.uint8)
        return {"p": network()(tf.cast(image, tf.float32) / 255)}

    _save(tmp_path, answer, tf.TensorSpec([None], tf.string))
    with pytest.raises(ValueError, match="pass --image_size"):
        open_subject(tmp_path)
    subject = open_subject(tmp_path, SubjectOptions(image_size=SIDE))
    np.testing.assert_allclose(
        subject.logits(images()), expected(images()), atol=1e-5
    )


def test_an_output_is_chosen_by_name(tmp_path):
    def answer(pixels):
        logits = network()(pixels)
        return {"twice": 2 * logits, "thrice": 3 * logits}

    _save(tmp_path, answer, _pixels())
    unit = {"pixel_range": "unit"}
    with pytest.raises(ValueError, match="class with --output_name"):
        open_subject(tmp_path, SubjectOptions(**unit))
    with pytest.raises(ValueError, match="expected output once"):
        open_subject(tmp_path, SubjectOptions(**unit, output_name="once"))
    subject = open_subject(
        tmp_path, SubjectOptions(**unit, output_name="thrice")
    )
    np.testing.assert_allclose(
        subject.logits(images()), 3 * expected(images()), atol=1e-4
    )


def test_pixels_of_unknown_range_must_be_named(tmp_path):
    _save(tmp_path, lambda x: {"p": network()(x)}, _pixels())
    with pytest.raises(ValueError, match="pass --pixel_range"):
        open_subject(tmp_path)


def test_names_in_another_order_are_refused(ours):
    names = (CLASS_NAMES[1], CLASS_NAMES[0], *CLASS_NAMES[2:])
    with pytest.raises(ValueError, match="differ from number 0.*bee, ant"):
        open_subject(ours, SubjectOptions(class_names=names))
    with pytest.raises(ValueError, match="received 4.*number 4.*too few"):
        open_subject(ours, SubjectOptions(class_names=CLASS_NAMES[:4]))


def test_a_model_of_no_image_is_refused(tmp_path):
    spec = tf.TensorSpec([None, 7], tf.float32, name="numbers")
    _save(tmp_path, lambda x: {"p": 2 * x}, spec)
    with pytest.raises(
        ValueError, match=r"a signature of one image.*numbers float32 \[None, 7"
    ):
        open_subject(tmp_path)


def test_a_folder_of_something_else_is_refused(tmp_path):
    with pytest.raises(ValueError, match="expected a SavedModel"):
        open_subject(tmp_path)
    (tmp_path / "saved_model.pb").write_bytes(b"damaged")
    with pytest.raises(ValueError, match="cannot be loaded") as error:
        open_subject(tmp_path)
    assert "\n" not in str(error.value)
