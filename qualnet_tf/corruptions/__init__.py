"""The 19 ImageNet-C corruptions, and some others, of an image.

Every corruption is a pure TensorFlow graph function of its arguments: the same
image, name, severity and seed give the same pixels eagerly and in `tf.data`.
Source: Hendrycks and Dietterich, "Benchmarking Neural Network Robustness to
Common Corruptions and Perturbations", ICLR 2019 (the authors' own functions;
see each module for what is kept and what differs).

The names below import without TensorFlow.
"""

from qualnet_tf.corruptions.catalogue import (
    FAMILIES,
    GROUPS,
    HOLDOUT_CORRUPTIONS,
    RESOLUTION_CORRUPTIONS,
    TEST_CORRUPTIONS,
    expand,
    get,
    names,
    num_severities,
)
from qualnet_tf.corruptions.options import Options

__all__ = [
    "FAMILIES",
    "GROUPS",
    "HOLDOUT_CORRUPTIONS",
    "Options",
    "RESOLUTION_CORRUPTIONS",
    "TEST_CORRUPTIONS",
    "apply",
    "apply_batch",
    "expand",
    "get",
    "names",
    "num_severities",
]


def apply(image, name, severity, seed, options=None):
    """Corrupts one image.

    Args:
        image: float32 [height, width, 3] in [0, 1], static shape, both sides
            at least 16 pixels.
        name: One of `names()`.
        severity: 1 (mild) to `num_severities(name)`, mostly 5, a Python int or
            a scalar integer tensor. A tensor outside that range that is only
            known when the graph runs raises `tf.errors.InvalidArgumentError`
            there (on a CPU).
        seed: An int, a pair of ints or an integer tensor of shape [2]. Name
            and severity are folded in, so no two cells share their noise.
        options: `Options`: severity table, variant, frost textures, JPEG.
            None is `Options()`.

    Returns:
        float32 of the same shape in [0, 1], truncated to 8 bits as the
        released sets are: every value is k / 255.

    Raises:
        ValueError: If the name, severity, options, or the image's type, shape
            or (eagerly) range is not as described.
    """
    from qualnet_tf.corruptions import application

    return application.apply(image, name, severity, seed, options)


def apply_batch(images, name, severity, seeds, options=None):
    """Corrupts a batch; image i has the pixels of `apply` with seed i.

    Args:
        images: float32 [batch, height, width, 3] in [0, 1]; height and width
            static.
        name: One of `names()`.
        severity: As for `apply`, one for the whole batch.
        seeds: Integers [batch, 2], one pair per image, for example rows of
            `sampling.fold_seed(seed, index)`.
        options: As for `apply`.

    Returns:
        float32 of the images' shape, as `apply` returns it.

    Raises:
        ValueError: As `apply`, or if the ranks are not as described.
    """
    from qualnet_tf.corruptions import application

    return application.apply_batch(images, name, severity, seeds, options)
