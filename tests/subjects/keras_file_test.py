"""A Keras file answers as its network, whatever its pixels are."""

import keras
import numpy as np
import pytest

from qualnet_tf.subjects.keras_file import keras_subject
from qualnet_tf.subjects.opening import open_subject
from qualnet_tf.subjects.pixels import RANGES, from_unit
from qualnet_tf.subjects.subject import SubjectOptions
from tests.subjects.tiny_models import CLASS_NAMES, SIDE, expected, images
from tests.subjects.tiny_models import network as make_network


@pytest.fixture
def path(tmp_path):
    make_network().save(tmp_path / "tiny.keras")
    return tmp_path / "tiny.keras"


def _head(network, *layers):
    """Returns the network behind layers that change its pixels back."""
    image = x = keras.Input((SIDE, SIDE, 3))
    for layer in layers:
        x = layer(x)
    return keras.Model(image, network(x))


def test_logits_are_those_of_the_network(path):
    subject = open_subject(path, SubjectOptions(pixel_range="unit"))
    assert (subject.kind, subject.image_size) == ("Keras file", SIDE)
    np.testing.assert_allclose(
        subject.logits(images()), expected(images()), atol=1e-5
    )


@pytest.mark.parametrize(
    ("scale", "offset", "pixel_range"),
    [(1 / 255, 0.0, "byte"), (1 / 127.5, -1.0, "byte"), (2.0, -1.0, "unit")],
)
def test_the_range_is_read_from_a_rescaling(scale, offset, pixel_range):
    rescaling = keras.layers.Rescaling(scale, offset)
    network = _head(make_network(), rescaling)
    subject = keras_subject(network, "net", SubjectOptions())
    assert subject.pixel_range == pixel_range
    image = images()
    seen = image if pixel_range == "unit" else image * 255
    np.testing.assert_allclose(
        subject.logits(image), expected(seen * scale + offset), atol=1e-4
    )


def test_a_range_that_nobody_tells_must_be_given(path):
    with pytest.raises(ValueError, match="pass --pixel_range, one of unit"):
        open_subject(path)


@pytest.mark.parametrize("pixel_range", RANGES)
def test_ranges_are_what_libraries_make_of_images(pixel_range):
    image = images(2)
    byte = image * 255
    preprocess = {
        "unit": lambda: image,
        "byte": lambda: byte,
        "signed": lambda: keras.applications.mobilenet_v2.preprocess_input(
            byte.copy()
        ),
        "imagenet": lambda: keras.applications.imagenet_utils.preprocess_input(
            byte.copy(), mode="torch"
        ),
        "caffe": lambda: keras.applications.resnet50.preprocess_input(
            byte.copy()
        ),
    }
    np.testing.assert_allclose(
        from_unit(image, pixel_range),
        preprocess[pixel_range](),
        rtol=1e-5,
        atol=1e-4,
    )


def test_an_unknown_range_is_refused():
    with pytest.raises(ValueError, match="expected one of unit, byte"):
        from_unit(images(1), "rgb")


def test_names_come_from_the_user(path):
    options = SubjectOptions(pixel_range="unit", class_names=CLASS_NAMES)
    assert open_subject(path, options).class_names == CLASS_NAMES


@pytest.mark.parametrize(
    ("shape", "options", "message"),
    [
        ((None, None, 3), {}, "pass --image_size"),
        ((16, 24, 3), {}, "expected square images, received 16 x 24"),
        ((16, 16, 1), {}, "expected one image as input"),
        ((16, 16, 3), {"image_size": 32}, "expected --image_size=16"),
    ],
)
def test_inputs_that_are_no_image_of_known_side(shape, options, message):
    image = keras.Input(shape)
    x = keras.layers.GlobalAveragePooling2D()(image)
    network = keras.Model(image, keras.layers.Dense(5)(x))
    with pytest.raises(ValueError, match=message):
        keras_subject(
            network, "net", SubjectOptions(pixel_range="unit", **options)
        )


def test_a_side_may_be_given_where_any_will_do():
    image = keras.Input((None, None, 3))
    x = keras.layers.GlobalAveragePooling2D()(image)
    network = keras.Model(image, keras.layers.Dense(5)(x))
    options = SubjectOptions(pixel_range="unit", image_size=SIDE)
    assert keras_subject(network, "net", options).image_size == SIDE


def test_two_outputs_are_refused():
    image = keras.Input((SIDE, SIDE, 3))
    x = keras.layers.GlobalAveragePooling2D()(image)
    heads = [keras.layers.Dense(5)(x), keras.layers.Dense(5)(x)]
    with pytest.raises(ValueError, match="received 1 inputs and 2 outputs"):
        keras_subject(keras.Model(image, heads), "net", SubjectOptions())


@pytest.mark.parametrize("content", [None, b"", b"no archive"])
def test_a_missing_or_damaged_file_is_refused(tmp_path, content):
    path = tmp_path / "net.keras"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ValueError, match="expected a .keras file") as error:
        open_subject(path)
    assert "\n" not in str(error.value)


def test_layers_of_unknown_code_are_one_clear_line(tmp_path):
    class Mine(keras.layers.Layer):
        def call(self, inputs):
            return inputs

    image = keras.Input((SIDE, SIDE, 3))
    keras.Model(image, Mine()(image)).save(tmp_path / "net.keras")
    with pytest.raises(ValueError, match="without layers of its own") as error:
        open_subject(tmp_path / "net.keras")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("address", ["nothing", "net.h5"])
def test_an_address_of_nothing_is_refused(tmp_path, address):
    with pytest.raises(ValueError, match="correct --model"):
        open_subject(tmp_path / address)
