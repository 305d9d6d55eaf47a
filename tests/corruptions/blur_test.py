"""Zoom blur against SciPy's zoom."""

import numpy as np
import scipy.ndimage
import tensorflow as tf

from qualnet_tf.corruptions import Options, blur


def test_zoom_blur_is_the_mean_of_zooms():
    image = np.random.default_rng(0).random((32, 32, 3)).astype(np.float32)
    ours = blur.zoom_blur(tf.constant(image), 1, 0, Options("imagenet_c"))
    zoomed = [image]
    for factor in np.arange(1, 1.11, 0.01):
        crop = int(np.ceil(32 / factor))
        start = (32 - crop) // 2
        part = image[start : start + crop, start : start + crop]
        large = scipy.ndimage.zoom(part, (factor, factor, 1), order=1)
        skip = (len(large) - 32) // 2
        zoomed.append(large[skip : skip + 32, skip : skip + 32])
    assert len(zoomed) == 13  # the range overshoots: 1.00 to 1.11
    np.testing.assert_allclose(ours, np.mean(zoomed, axis=0), atol=1e-5)


def test_even_images_stay():
    image = tf.fill([40, 52, 3], 0.3)
    for function in (blur.gaussian_blur, blur.defocus_blur, blur.zoom_blur):
        for table in ("imagenet_c", "tiny_imagenet_c", "cifar_c"):
            ours = function(image, 3, 0, Options(severity_table=table))
            np.testing.assert_allclose(ours, image, atol=1e-5)
