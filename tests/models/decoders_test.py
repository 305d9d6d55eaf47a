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


def test_network_without_weights_is_refused():
    with pytest.raises(ValueError, match="expected a built invertible"):
        InverseDecoder(invertible.get("irevnet_tiny")())
