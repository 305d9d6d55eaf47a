"""Distortions of two earlier papers, as their authors' programs have them.

deepcorrect_*: Borkar and Karam, "DeepCorrect: Correcting DNN Models Against
Image Distortions", IEEE TIP 28(12), 2019; levels of
github.com/tsborkar/DeepCorrect. Seven levels, of which the clean image is one:
severities 1 to 6.

auxtraining_*: Zhang et al., "Auxiliary Training: Towards Accurate and Robust
Models", CVPR 2020; values of github.com/ArchipLab-LinfengZhang/
Auxiliary-Training. They have one strength, which stands at every severity.

Every function takes a float32 image [height, width, 3] in [0, 1] and returns
the same shape, neither clipped nor truncated.
"""

import math

import tensorflow as tf

from qualnet_tf.corruptions import filtering, kernels, seeds, severities

# ITU-R BT.601, as Pillow and torchvision make grey pictures.
_GREY_WEIGHTS = (0.299, 0.587, 0.114)
_LEVEL = 1.0 / 255.0


def deepcorrect_noise(image, severity, seed, options):
    """Adds N(0, sigma), sigma in levels of 255.

    The authors fed the network what came out; here it is an 8-bit picture like
    all others.
    """
    (sigma,) = _columns("deepcorrect_noise", image, severity, options)
    return image + (sigma * _LEVEL) * seeds.normal(seed, image.shape)


def deepcorrect_blur(image, severity, seed, options):
    """Gaussian filter cut off at 2 sigma, black beyond the border."""
    del seed
    rows = severities.rows("deepcorrect_blur", image, options.severity_table)
    sigmas = [row[0] for row in rows]
    vertical, horizontal = (
        severities.choose(
            kernels.gaussian_matrices(size, sigmas, "zero", 2.0), severity
        )
        for size in image.shape[:2]
    )
    reach = kernels.gaussian_reach(sigmas, 2.0)
    return filtering.separable(image, vertical, horizontal, reach)


def auxtraining_noise(image, severity, seed, options):
    """Adds N(0, sigma), sigma in levels of 255."""
    (sigma,) = _columns("auxtraining_noise", image, severity, options)
    return image + (sigma * _LEVEL) * seeds.normal(seed, image.shape)


def auxtraining_blur(image, severity, seed, options):
    """Gaussian filter with replicated borders, cut off at 4 sigma.

    The authors used Pillow's, which approximates it by three box filters.
    """
    del seed
    rows = severities.rows("auxtraining_blur", image, options.severity_table)
    sigmas = [row[0] for row in rows]
    vertical, horizontal = (
        severities.choose(kernels.gaussian_matrices(size, sigmas), severity)
        for size in image.shape[:2]
    )
    reach = kernels.gaussian_reach(sigmas)
    return filtering.separable(image, vertical, horizontal, reach)


def auxtraining_jitter(image, severity, seed, options):
    """Brightness, then contrast, then saturation by factors of their own.

    Each factor is uniform in 1 -+ strength, and the picture is clipped after
    each: torchvision's ColorJitter, but in this order, which it draws.
    """
    (strength,) = _columns("auxtraining_jitter", image, severity, options)
    factors = 1.0 + strength * seeds.uniform(seed, [3], -1.0, 1.0)
    image = tf.clip_by_value(factors[0] * image, 0.0, 1.0)
    mean_grey = tf.reduce_mean(_grey(image))
    image = tf.clip_by_value(
        mean_grey + factors[1] * (image - mean_grey), 0.0, 1.0
    )
    grey = _grey(image)
    return grey + factors[2] * (image - grey)


def auxtraining_rotation(image, severity, seed, options):
    """Turns about the centre by up to the angle, either way.

    The nearest pixel is shown, black where there is none.
    """
    (degrees,) = _columns("auxtraining_rotation", image, severity, options)
    angle = degrees * seeds.uniform(seed, [], -1.0, 1.0)
    return rotate(image, angle * (math.pi / 180.0))


def rotate(image, angle):
    """Turns an image counter-clockwise, nearest pixel, black outside.

    Args:
        image: float32 [height, width, 3], static shape.
        angle: float32 scalar, radians.
    """
    height, width = image.shape[:2]
    down = tf.range(height, dtype=tf.float32)[:, None] + (0.5 - height / 2)
    across = tf.range(width, dtype=tf.float32)[None, :] + (0.5 - width / 2)
    cosine, sine = tf.cos(angle), tf.sin(angle)
    columns = tf.floor(cosine * across - sine * down + width / 2)
    rows = tf.floor(sine * across + cosine * down + height / 2)
    is_inside = (
        (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    )
    places = tf.cast(rows * width + columns, tf.int32)
    pixels = tf.gather(
        tf.reshape(image, [height * width, 3]), tf.where(is_inside, places, 0)
    )
    return tf.where(is_inside[..., None], pixels, 0.0)


def _columns(name, image, severity, options):
    rows = severities.rows(name, image, options.severity_table)
    return severities.columns(rows, severity)


def _grey(image):
    """Returns the grey value of each pixel, [height, width, 1]."""
    return tf.reduce_sum(image * tf.constant(_GREY_WEIGHTS), -1, keepdims=True)
