"""PixelNormalization: its numbers and bad arguments."""

import numpy as np
import pytest

from qualnet_tf.invertible.pixel_normalization import PixelNormalization


def test_imagenet_numbers():
    # Grey of 0.5 in the units of the published ResNet weights.
    x = np.full((1, 1, 1, 3), 0.5, "float32")
    expected = [
        (0.5 - 0.485) / 0.229,
        (0.5 - 0.456) / 0.224,
        (0.5 - 0.406) / 0.225,
    ]
    z = np.asarray(PixelNormalization()(x)).ravel()
    np.testing.assert_allclose(z, expected, rtol=1e-5)


def test_nothing_is_clipped():
    layer = PixelNormalization(mean=(0.5,), std=(0.25,))
    x = np.array([-3.0, 4.0], "float32").reshape(1, 1, 2, 1)
    z = np.asarray(layer(x))
    assert z.ravel().tolist() == [-14.0, 14.0]
    np.testing.assert_array_equal(layer.inverse(z), x)


@pytest.mark.parametrize(
    ("mean", "std", "message"),
    [
        ((0.0, 0.0), (1.0,), "one number per channel in each, received 2"),
        ((), (), "one number per channel in each, received 0"),
        ((0.0,), (0.0,), "expected positive numbers"),
    ],
)
def test_refuses_bad_arguments(mean, std, message):
    with pytest.raises(ValueError, match=message):
        PixelNormalization(mean, std)


def test_refuses_other_channels():
    with pytest.raises(ValueError, match="expected 3 channels, received 1"):
        PixelNormalization().build((None, 4, 4, 1))
