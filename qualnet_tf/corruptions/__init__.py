"""The 19 ImageNet-C corruptions: (image, severity, seed) -> image.

Every corruption is a pure TensorFlow graph function of its arguments: the same
image, name, severity and seed give the same pixels eagerly and in `tf.data`.
Source: Hendrycks and Dietterich, "Benchmarking Neural Network Robustness to
Common Corruptions and Perturbations", ICLR 2019 (the authors' own functions;
see each module for what is kept and what differs).

The names below import without TensorFlow.
"""

from qualnet_tf.corruptions.catalogue import (
    FAMILIES,
    FROST_TEXTURES,
    GROUPS,
    HOLDOUT_CORRUPTIONS,
    TEST_CORRUPTIONS,
    expand,
    get,
    names,
)

__all__ = [
    "FAMILIES",
    "FROST_TEXTURES",
    "GROUPS",
    "HOLDOUT_CORRUPTIONS",
    "TEST_CORRUPTIONS",
    "apply",
    "expand",
    "get",
    "names",
]


def apply(image, name, severity, seed, severity_table="auto"):
    """Corrupts one image.

    Args:
        image: float32 [height, width, 3] in [0, 1], static shape, both sides
            at least 16 pixels.
        name: One of `names()`.
        severity: 1 (mild) to 5, a Python int or a scalar integer tensor. A
            tensor outside that range that is only known when the graph runs
            raises `tf.errors.InvalidArgumentError` there (on a CPU).
        seed: An int, a pair of ints or an integer tensor of shape [2]. Name
            and severity are folded in, so no two cells share their noise.
        severity_table: "auto" (by the shorter side) or a name from
            `severities.TABLES`.

    Returns:
        float32 of the same shape in [0, 1], truncated to 8 bits as the
        released sets are: every value is k / 255.

    Raises:
        ValueError: If the name, severity, table, or the image's type, shape
            or (eagerly) range is not as described.
    """
    from qualnet_tf.corruptions import application

    return application.apply(image, name, severity, seed, severity_table)
