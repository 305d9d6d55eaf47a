"""One 3x3 convolution with bias, on matching grids only."""

import keras
import numpy as np
import pytest

from qualnet_tf import backbones
from qualnet_tf.models.connector import build_connector


def test_connector_maps_features_to_the_decoders_shape():
    connector = build_connector((4, 4, 8), (4, 4, 48))
    assert connector(np.zeros((2, 4, 4, 8), "f")).shape == (2, 4, 4, 48)
    kernel, bias = connector.weights
    assert kernel.shape == (3, 3, 8, 48)
    assert bias.shape == (48,)


def test_connector_is_float32_under_a_half_policy():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        connector = build_connector((4, 4, 8), (4, 4, 48))
    finally:
        keras.config.set_dtype_policy("float32")
    assert connector.output.dtype == "float32"


@pytest.mark.parametrize(
    "name",
    [
        "resnet18",
        pytest.param("resnet50", marks=pytest.mark.slow),
        pytest.param("resnext101_32x8d", marks=pytest.mark.slow),
    ],
)
def test_gradient_from_the_decoders_grid_reaches_the_stem(name):
    """Images of 224 pixels to the features of irevnet300, and back."""
    tf = pytest.importorskip("tensorflow")
    if keras.backend.backend() != "tensorflow":
        pytest.skip("the gradient is taken by TensorFlow's tape")
    backbone = backbones.get(name)(224)
    assert backbone.output_shape[1:3] == (7, 7)
    connector = build_connector(backbone.output_shape[1:], (7, 7, 3072))
    images = np.random.default_rng(0).random((1, 224, 224, 3), "float32")
    variables = backbone.trainable_variables + connector.trainable_variables
    with tf.GradientTape() as tape:
        outputs = connector(backbone(images, training=True))
        loss = keras.ops.mean(keras.ops.abs(outputs))
    assert outputs.shape == (1, 7, 7, 3072)
    gradients = tape.gradient(loss, [v.value for v in variables])
    for variable, gradient in zip(variables, gradients, strict=True):
        assert np.all(np.isfinite(gradient)), variable.path
    assert variables[0].path == "stem_conv/kernel"
    assert np.max(np.abs(gradients[0])) > 0
    assert np.max(np.abs(gradients[-2])) > 0


def test_connector_refuses_another_grid():
    with pytest.raises(
        ValueError, match="decoder's grid 4x4, received 2x2; choose a backbone"
    ):
        build_connector((2, 2, 8), (4, 4, 48))
