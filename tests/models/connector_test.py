"""One 3x3 convolution with bias, on matching grids only."""

import numpy as np
import pytest

from qualnet_tf.models.connector import build_connector


def test_connector_maps_features_to_the_decoders_shape():
    connector = build_connector((4, 4, 8), (4, 4, 48))
    assert connector(np.zeros((2, 4, 4, 8), "f")).shape == (2, 4, 4, 48)
    kernel, bias = connector.weights
    assert kernel.shape == (3, 3, 8, 48)
    assert bias.shape == (48,)


def test_connector_is_float32_under_a_half_policy():
    import keras

    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        connector = build_connector((4, 4, 8), (4, 4, 48))
    finally:
        keras.config.set_dtype_policy("float32")
    assert connector.output.dtype == "float32"


def test_connector_refuses_another_grid():
    with pytest.raises(
        ValueError, match="decoder's grid 4x4, received 2x2; choose a backbone"
    ):
        build_connector((2, 2, 8), (4, 4, 48))
