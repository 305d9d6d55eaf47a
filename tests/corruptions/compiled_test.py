"""Compiled by XLA, a corruption gives the pixels of the plain graph."""

import numpy as np
import pytest
import tensorflow as tf

from qualnet_tf import corruptions
from tests.corruptions.application_test import picture

# XLA has no JPEG codec.
NOT_COMPILED = ("jpeg_compression",)
IMAGE = picture(32, 40)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [n for n in corruptions.names() if n not in NOT_COMPILED]
)
def test_compiled_pixels_are_equal(name):
    @tf.function(jit_compile=True, autograph=False)
    def compiled(image, seed):
        return corruptions.apply(image, name, 3, seed)

    for seed in range(3):
        ours = compiled(tf.constant(IMAGE), tf.constant([0, seed]))
        plain = corruptions.apply(IMAGE, name, 3, (0, seed))
        levels = np.abs(np.round((ours - plain).numpy() * 255))
        # Sums in another order may move a value over the edge of a level.
        assert levels.max() <= 1 and np.mean(levels > 0) < 1e-3


@pytest.mark.parametrize("name", NOT_COMPILED)
def test_what_cannot_be_compiled_says_so(name):
    @tf.function(jit_compile=True, autograph=False)
    def compiled(image):
        return corruptions.apply(image, name, 3, 0)

    with pytest.raises(tf.errors.InvalidArgumentError, match="unsupported op"):
        compiled(tf.constant(IMAGE))
