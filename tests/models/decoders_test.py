"""The decoder undoes its network, is frozen, and must fit its connector."""

import keras
import numpy as np
import pytest

from qualnet_tf import backbones, invertible
from qualnet_tf.models import saving
from qualnet_tf.models.classifier import build_classifier, split_classifier
from qualnet_tf.models.decoders import InverseDecoder, load_decoder

IMAGE = np.random.default_rng(0).random((2, 16, 16, 3), dtype=np.float32)


@pytest.fixture(scope="module")
def stage1_classifier():
    keras.utils.set_random_seed(0)
    network = invertible.get("irevnet_tiny")()
    return build_classifier(network, 16, 5, normalized_head=True)


@pytest.fixture(scope="module")
def decoder(stage1_classifier):
    return InverseDecoder(split_classifier(stage1_classifier)[0])


def test_decoder_undoes_its_network(decoder):
    decoded = decoder(decoder.network(IMAGE))
    np.testing.assert_allclose(decoded, IMAGE, atol=1e-4)


def test_nothing_is_trainable(decoder):
    assert decoder.weights
    assert not decoder.trainable_weights


def test_normalize_is_the_networks_first_layer(decoder):
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    np.testing.assert_allclose(
        decoder.normalize(IMAGE), (IMAGE - mean) / std, atol=1e-5
    )


def test_loaded_decoder_decodes_alike(stage1_classifier, decoder, tmp_path):
    path = tmp_path / "classifier.keras"
    saving.save_model(stage1_classifier, path)
    loaded = load_decoder(path, 16, 5)
    features = decoder.network(IMAGE)
    np.testing.assert_allclose(loaded(features), decoder(features), atol=1e-6)
    assert not loaded.trainable_weights


def test_load_refuses_other_sizes_classes_and_networks(
    stage1_classifier, tmp_path
):
    path = tmp_path / "classifier.keras"
    saving.save_model(stage1_classifier, path)
    with pytest.raises(ValueError, match="on 32x32 images, received 16x16"):
        load_decoder(path, 32, 5)
    with pytest.raises(ValueError, match="on 10 classes, received 5; train"):
        load_decoder(path, 16, 10)
    backbone = backbones.get("resnet_tiny")(16)
    saving.save_model(build_classifier(backbone, 16, 5), path)
    with pytest.raises(ValueError, match="expected an invertible network"):
        load_decoder(path, 16, 5)


@pytest.mark.parametrize("memory_saving", [False, True])
def test_stage1_on_smaller_images_is_loaded_when_asked_for(
    stage1_classifier, tmp_path, memory_saving
):
    path = tmp_path / "classifier.keras"
    saving.save_model(stage1_classifier, path)
    loaded = load_decoder(path, 32, 5, memory_saving=memory_saving, downscale=2)
    assert loaded.feature_shape(32) == (4, 4, 48)
    large = np.random.default_rng(1).random((2, 32, 32, 3), dtype=np.float32)
    averaged = large.reshape(2, 16, 2, 16, 2, 3).mean(axis=(2, 4))
    np.testing.assert_allclose(loaded.shrink(large), averaged, atol=1e-6)
    decoded = loaded(loaded.network(averaged))
    np.testing.assert_allclose(decoded, averaged, atol=1e-4)


def test_full_decoder_leaves_the_target_as_it_is(decoder):
    assert decoder.shrink(IMAGE) is IMAGE


@pytest.mark.parametrize(
    ("image_size", "downscale", "message"),
    [
        (
            32,
            1,
            "on 32x32 images, received 16x16; train stage 1 with "
            "--image_size=32, or decode to its size with "
            "--decoder_downscale=2",
        ),
        (
            48,
            2,
            "on 24x24 images, received 16x16; train stage 1 with "
            "--image_size=24, or decode to its size with "
            "--decoder_downscale=3",
        ),
        (16, 2, "on 8x8 images, received 16x16.* with --decoder_downscale=1"),
        (40, 1, "received 16x16; train stage 1 with --image_size=40$"),
        (32, 3, "--decoder_downscale=3: expected a divisor of --image_size=32"),
    ],
)
def test_sides_that_do_not_fit_are_refused_with_the_right_flag(
    stage1_classifier, tmp_path, image_size, downscale, message
):
    path = tmp_path / "classifier.keras"
    saving.save_model(stage1_classifier, path)
    with pytest.raises(ValueError, match=message):
        load_decoder(path, image_size, 5, downscale=downscale)


@pytest.mark.parametrize("downscale", [0, 1.5])
def test_downscale_must_be_a_whole_factor(decoder, downscale):
    with pytest.raises(ValueError, match=f"at least 1, received {downscale}"):
        InverseDecoder(decoder.network, downscale)


def test_network_without_weights_is_refused():
    with pytest.raises(ValueError, match="expected a built invertible"):
        InverseDecoder(invertible.get("irevnet_tiny")())


def test_a_memory_saving_decoder_is_rolled_frozen_and_decodes_alike(tmp_path):
    network = invertible.get("irevnet_tiny")()
    classifier = build_classifier(network, 16, 5, normalized_head=True)
    path = tmp_path / "classifier.keras"
    saving.save_model(classifier, path)
    plain, small = (load_decoder(path, 16, 5, saves) for saves in (False, True))
    assert small.network.memory_saving and not plain.network.memory_saving
    assert len(small.network.layers) < len(plain.network.layers)
    assert not small.trainable_weights
    assert not small.network.layers[-1].trainable_weights
    features = np.asarray(network(IMAGE))
    np.testing.assert_allclose(small(features), plain(features), atol=1e-6)
