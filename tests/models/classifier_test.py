"""Classifiers, heads and the way back to their parts."""

import keras
import numpy as np
import pytest

from qualnet_tf import backbones, invertible
from qualnet_tf.models import saving
from qualnet_tf.models.classifier import build_classifier, split_classifier

IMAGE = np.random.default_rng(0).random((2, 16, 16, 3), dtype=np.float32)


@pytest.fixture(scope="module", params=["resnet_tiny", "irevnet_tiny"])
def classifier(request):
    if request.param in invertible.names():
        network = invertible.get(request.param)()
        return build_classifier(network, 16, 5, normalized_head=True)
    return build_classifier(backbones.get(request.param)(16), 16, 5)


def test_logits_are_the_head_of_the_features(classifier):
    backbone, head = split_classifier(classifier)
    logits = classifier(IMAGE)
    assert logits.shape == (2, 5)
    np.testing.assert_allclose(logits, head(backbone(IMAGE)), atol=1e-6)


def test_saved_classifier_gives_the_same_logits(classifier, tmp_path):
    saving.save_model(classifier, tmp_path / "classifier.keras")
    loaded = saving.load_model(tmp_path / "classifier.keras")
    np.testing.assert_allclose(loaded(IMAGE), classifier(IMAGE), atol=1e-6)
    assert [x.name for x in split_classifier(loaded)] == [
        x.name for x in split_classifier(classifier)
    ]


def test_variable_paths_are_unique(classifier):
    paths = [weight.path for weight in classifier.weights]
    assert len(set(paths)) == len(paths)


def test_foreign_model_has_no_parts():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    with pytest.raises(ValueError, match="a classifier of three layers"):
        split_classifier(model)
