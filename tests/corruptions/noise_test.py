"""Noise has the strength its table says."""

import numpy as np
import tensorflow as tf

from qualnet_tf.corruptions import noise
from qualnet_tf.corruptions.options import Options
from qualnet_tf.corruptions.seeds import as_seed

GREY = tf.fill([64, 64, 3], np.float32(128 / 255))


def test_gaussian_and_speckle_deviation():
    for function, sigmas in (
        (noise.gaussian_noise, (0.08, 0.12, 0.18, 0.26, 0.38)),
        (noise.speckle_noise, (0.15, 0.2, 0.35, 0.45, 0.6)),
    ):
        scale = 128 / 255 if function is noise.speckle_noise else 1.0
        for severity in (1, 5):
            ours = (
                function(GREY, severity, as_seed(1), Options("imagenet_c"))
                - GREY
            )
            expected = sigmas[severity - 1] * scale
            np.testing.assert_allclose(np.std(ours), expected, rtol=0.03)
            assert abs(np.mean(ours)) < 0.02


def test_impulse_hits_channels_independently():
    ours = noise.impulse_noise(
        GREY, 5, as_seed(1), Options("imagenet_c")
    ).numpy()
    salt, pepper = ours == 1.0, ours == 0.0
    np.testing.assert_allclose([salt.mean(), pepper.mean()], 0.135, atol=0.02)
    kept = ~(salt | pepper)
    np.testing.assert_array_equal(ours[kept], GREY.numpy()[kept])
    # Per pixel the shares would be equal; independent ones multiply.
    all_kept = kept.all(axis=-1).mean()
    np.testing.assert_allclose(all_kept, 0.73**3, atol=0.03)


def test_shot_noise_is_unbiased():
    ours = noise.shot_noise(GREY, 5, as_seed(1), Options("imagenet_c")).numpy()
    brightness = 128 / 255
    np.testing.assert_allclose(ours.mean(), brightness, atol=0.02)
    np.testing.assert_allclose(ours.var(), brightness / 3, rtol=0.05)
