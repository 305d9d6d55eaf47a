"""keras.applications.ResNet50's weights give the same outputs here."""

import keras
import numpy as np
import pytest

from qualnet_tf import backbones
from qualnet_tf.backbones import pretrained
from qualnet_tf.config import PRETRAINED_BACKBONES
from qualnet_tf.models.classifier import build_classifier

# Convolutions of this size make batch norm's epsilon the larger part of what
# it divides by: then a mistake in epsilon shows.
SCALE = 1e-5**0.5


def _randomize(model, seed=0):
    """Gives every variable a value of its own, statistics included."""
    generator = np.random.default_rng(seed)

    def normal(variable, scale):
        return generator.normal(0, scale, variable.shape)

    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D):
            fan_in = np.prod(layer.kernel.shape[:3])
            # The image outweighs the offsets, so that a mistake in it shows.
            pixels = 2 if layer.name == "conv1_conv" else 1
            layer.kernel.assign(
                normal(layer.kernel, SCALE / pixels / fan_in**0.5)
            )
            layer.bias.assign(normal(layer.bias, SCALE))
        elif isinstance(layer, keras.layers.BatchNormalization):
            layer.gamma.assign(generator.uniform(0.5, 1, layer.gamma.shape))
            layer.beta.assign(normal(layer.beta, 0.3))
            layer.moving_mean.assign(normal(layer.moving_mean, SCALE))
            layer.moving_variance.assign(
                generator.uniform(1e-7, 1e-5, layer.moving_variance.shape)
            )
        elif isinstance(layer, keras.layers.Dense):
            layer.kernel.assign(normal(layer.kernel, 0.1))
            layer.bias.assign(normal(layer.bias, 1))
    return model


@pytest.fixture(scope="module")
def source():
    """Logits, not probabilities: softmax would hide what all share."""
    return _randomize(
        keras.applications.ResNet50(
            weights=None, input_shape=(64, 64, 3), classifier_activation=None
        )
    )


@pytest.fixture(scope="module")
def headless(source):
    model = keras.applications.ResNet50(weights=None, include_top=False)
    model.set_weights(source.get_weights()[:-2])
    return model


@pytest.fixture(scope="module")
def backbone(source):
    """Ours with the source's weights; not to be changed."""
    model = backbones.get("resnet50_v1")(64, stem="original")
    pretrained.copy_resnet50(source, model)
    return model


def _images(size, batch=2):
    generator = np.random.default_rng(1)
    return generator.uniform(size=(batch, size, size, 3)).astype("float32")


def _theirs(model, images):
    pixels = keras.applications.resnet.preprocess_input(images * 255)
    return np.asarray(model(pixels))


def _assert_agree(received, expected):
    received = np.asarray(received)
    assert received.shape == expected.shape
    scale = np.max(np.abs(expected))
    # Two images, two answers: not all comes from the offsets.
    assert np.max(np.abs(expected[0] - expected[1])) > 0.1 * scale
    assert np.max(np.abs(received - expected)) / scale <= 1e-4


def _values(model):
    return {
        variable.path: keras.ops.convert_to_numpy(variable)
        for variable in model.variables
    }


# An even side, and an odd one: there "same" padding would differ as well.
@pytest.mark.parametrize("size", [64, 75])
def test_features_agree_with_keras(headless, size):
    model = backbones.get("resnet50_v1")(size, stem="original")
    pretrained.copy_resnet50(headless, model)
    images = _images(size)
    _assert_agree(model(images), _theirs(headless, images))


def test_logits_agree_with_keras(source, backbone):
    classifier = build_classifier(backbone, 64, 1000)
    top = source.get_layer("predictions").get_weights()
    classifier.layers[2].get_layer("logits").set_weights(top)
    images = _images(64)
    _assert_agree(classifier(images), _theirs(source, images))


def test_agreement_survives_a_file(headless, backbone, tmp_path):
    backbone.save(tmp_path / "backbone.keras")
    loaded = keras.saving.load_model(tmp_path / "backbone.keras")
    images = _images(64)
    _assert_agree(loaded(images), _theirs(headless, images))


@pytest.mark.slow
@pytest.mark.parametrize("stem", ["qualnet", "original"])
def test_usual_network_takes_the_same_weights(source, backbone, stem):
    model = backbones.get("resnet50")(64, stem=stem)
    pretrained.copy_resnet50(source, model)
    expected = _values(backbone)
    for path, value in _values(model).items():
        np.testing.assert_array_equal(value, expected[path], path)
    mean = model.get_layer("pixel_normalization").mean
    assert mean == pytest.approx((123.68 / 255, 116.779 / 255, 103.939 / 255))


# A file ending in .h5 alone holds its weights as Keras's own downloads do.
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "top"),
    [
        ("source.keras", False),
        ("source.weights.h5", True),
        ("source.h5", False),
        ("source.h5", True),
    ],
)
def test_opens_what_keras_writes(source, headless, name, top, tmp_path):
    model = source if top else headless
    path = tmp_path / name
    if name == "source.weights.h5":
        model.save_weights(path)
    else:
        model.save(path)
    opened = pretrained.open_resnet50(str(path))
    expected = headless.get_weights()
    received = opened.get_weights()[: len(expected)]
    for one, other in zip(received, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_initialize_copies_what_it_opens(headless, backbone, monkeypatch):
    opened = {"a.keras": headless}
    monkeypatch.setattr(pretrained, "open_resnet50", opened.get)
    model = backbones.get("resnet50_v1")(32)
    pretrained.initialize(model, "a.keras")
    expected = _values(backbone)
    for name, value in _values(model).items():
        np.testing.assert_array_equal(value, expected[name], name)


def test_imagenet_is_kerass_download(monkeypatch):
    asked = []

    def resnet50(**arguments):
        asked.append(arguments)
        return "network"

    monkeypatch.setattr(keras.applications, "ResNet50", resnet50)
    assert pretrained.open_resnet50("imagenet") == "network"
    assert asked == [{"weights": "imagenet", "include_top": False}]


def test_failed_download_names_the_remedy(monkeypatch):
    def resnet50(**_):
        raise Exception("URL fetch failure on https://there: None")

    monkeypatch.setattr(keras.applications, "ResNet50", resnet50)
    with pytest.raises(
        ValueError, match="URL fetch failure.*: None; give the path of a file"
    ):
        pretrained.open_resnet50("imagenet")


def test_every_pretrained_backbone_is_one():
    assert set(PRETRAINED_BACKBONES) <= set(backbones.names())


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none.keras", None, "expected a file of ResNet50 weights, found none"),
        ("text.keras", b"text", "expected a model saved as .keras"),
        ("text.h5", b"text", "expected weights of keras.applications.ResNet50"),
        ("text.weights.h5", b"text", "expected weights of keras.applications"),
    ],
)
def test_refuses_files_of_something_else(name, content, message, tmp_path):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=f"{name}: {message}"):
        pretrained.open_resnet50(str(tmp_path / name))


def test_refuses_weights_of_another_network(tmp_path):
    path = tmp_path / "other.weights.h5"
    keras.Sequential(
        [keras.Input((8, 8, 3)), keras.layers.Conv2D(2, 3)]
    ).save_weights(path)
    with pytest.raises(ValueError, match="received others; use backbone"):
        pretrained.open_resnet50(str(path))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("resnet18", "stage1_block01_conv1/kernel: expected shape"),
        ("resnet_tiny", "stem_conv/kernel: expected shape"),
    ],
)
def test_refuses_other_backbones_and_leaves_them_alone(headless, name, message):
    model = backbones.get(name)(32)
    before = _values(model)
    with pytest.raises(ValueError, match=f"{message}.*; use backbone resnet50"):
        pretrained.copy_resnet50(headless, model)
    for path, value in _values(model).items():
        np.testing.assert_array_equal(value, before[path], path)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("network", "message"),
    [
        ("ResNet101", "'resnet101': expected 318 variables .* received 624"),
        ("ResNet50V2", "expected a layer 'conv1_bn' in 'resnet50v2', found no"),
    ],
)
def test_refuses_other_sources(network, message):
    source = getattr(keras.applications, network)(
        weights=None, include_top=False
    )
    model = backbones.get("resnet50_v1")(32)
    with pytest.raises(ValueError, match=f"{message}.*; use backbone resnet50"):
        pretrained.copy_resnet50(source, model)


def test_refuses_a_source_without_biases():
    image = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(64, 7, use_bias=False, name="conv1_conv")(image)
    x = keras.layers.BatchNormalization(name="conv1_bn")(x)
    with pytest.raises(
        ValueError, match="'conv1_conv': expected kernel, bias, received kernel"
    ):
        pretrained.copy_resnet50(
            keras.Model(image, x), backbones.get("resnet18")(32)
        )


def test_refuses_a_backbone_with_variables_left_over(headless):
    backbone = backbones.get("resnet50_v1")(32)
    outputs = keras.layers.Dense(2)(backbone.output)
    with pytest.raises(
        ValueError, match="each of its 267 variables, received 265; use backb"
    ):
        pretrained.copy_resnet50(headless, keras.Model(backbone.input, outputs))
