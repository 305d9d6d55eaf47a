"""Copies of a model share what is not their own."""

import keras
import numpy as np
import pytest

from qualnet_tf import backbones, invertible
from qualnet_tf.models.sharing import own_copy, with_own_norms
from tests.methods.tiny_methods import SIZE, make_classifier


def _norms(model):
    return [
        layer
        for layer in model.layers
        if isinstance(layer, keras.layers.BatchNormalization)
    ]


def test_backbone_copy_shares_all_but_its_norms():
    backbone = backbones.get("resnet_tiny")(SIZE)
    copy = with_own_norms(backbone, "view0")
    shared = {id(w) for w in backbone.weights} & {id(w) for w in copy.weights}
    own = [w for w in copy.weights if id(w) not in shared]
    assert len(own) == 4 * len(_norms(backbone)) > 0
    assert {w.name for w in own} == {
        "gamma",
        "beta",
        "moving_mean",
        "moving_variance",
    }
    paths = [w.path for w in backbone.weights]
    assert not set(paths) & {w.path for w in own}


def test_copies_start_alike_and_keep_their_own_statistics():
    backbone = backbones.get("resnet_tiny")(SIZE)
    copy = with_own_norms(backbone, "view0")
    image = np.random.default_rng(0).random((2, SIZE, SIZE, 3), np.float32)
    np.testing.assert_array_equal(backbone(image), copy(image))
    copy(image, training=True)
    assert np.max(np.abs(copy(image) - backbone(image))) > 1e-3
    np.testing.assert_array_equal(_norms(backbone)[0].moving_mean, 0.0)


def test_head_copy_shares_nothing():
    head = make_classifier().layers[2]
    copy = own_copy(head, "view0")
    assert not {id(w) for w in head.weights} & {id(w) for w in copy.weights}
    assert copy.get_layer("logits_view0").units == 3
    assert copy.name == "head_view0"


def test_invertible_networks_are_refused():
    network = invertible.get("irevnet_tiny")()
    with pytest.raises(ValueError, match="expected a functional backbone"):
        with_own_norms(network, "view0")
