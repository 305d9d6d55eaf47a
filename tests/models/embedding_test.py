"""The embedding is what the last layer reads, of length 1 if asked."""

import keras
import numpy as np
import pytest

from qualnet_tf import backbones
from qualnet_tf.models import saving
from qualnet_tf.models.classifier import build_classifier, split_classifier
from qualnet_tf.models.embedding import build_embedding

IMAGE = np.random.default_rng(0).random((3, 16, 16, 3), dtype=np.float32)


@pytest.fixture(scope="module")
def classifier():
    keras.utils.set_random_seed(0)
    backbone = backbones.get("lresnet_ir_tiny")(16)
    return build_classifier(backbone, 16, 5, cosine_scale=30.0)


def test_logits_are_scaled_cosines_with_the_embedding(classifier):
    embedding = build_embedding(classifier)(IMAGE).numpy()
    assert embedding.shape == (3, 16)
    weights = classifier.layers[2].layers[-1].get_weights()[0]
    if weights.shape[0] != 16:
        weights = weights.T
    weights = weights / np.linalg.norm(weights, axis=0)
    unit = embedding / np.linalg.norm(embedding, axis=1, keepdims=True)
    np.testing.assert_allclose(
        classifier(IMAGE), 30 * unit @ weights, atol=1e-4
    )


def test_a_linear_head_has_one_as_well():
    classifier = build_classifier(backbones.get("resnet_tiny")(16), 16, 5)
    backbone, _ = split_classifier(classifier)
    np.testing.assert_allclose(
        build_embedding(classifier)(IMAGE),
        backbone(IMAGE).numpy().mean(axis=(1, 2)),
        atol=1e-5,
    )


def test_unit_length_is_saved_and_loaded(classifier, tmp_path):
    network = build_embedding(classifier, normalized=True)
    embedding = network(IMAGE).numpy()
    np.testing.assert_allclose(np.linalg.norm(embedding, axis=1), 1, atol=1e-6)
    saving.save_model(network, tmp_path / "embedding.keras")
    loaded = saving.load_model(tmp_path / "embedding.keras")
    np.testing.assert_array_equal(loaded(IMAGE), embedding)
