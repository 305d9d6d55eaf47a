"""Which corruption an image gets in training: drawn per image from its seed."""

import numpy as np
import tensorflow as tf

from qualnet_tf import corruptions
from qualnet_tf.corruptions import application, catalogue, checks, seeds
from qualnet_tf.corruptions.seeds import fold_seed
from qualnet_tf.corruptions.severities import switch

__all__ = ["apply_at", "corrupt_or_keep", "fold_seed"]

_ALL_SEVERITIES = (1, 2, 3, 4, 5)


@tf.autograph.experimental.do_not_convert
def corrupt_or_keep(
    image,
    seed,
    clean_fraction,
    names=corruptions.TEST_CORRUPTIONS,
    severities=_ALL_SEVERITIES,
    options=None,
    weights=(),
):
    """Keeps an image, or gives it a corruption drawn at random.

    Only the drawn corruption is computed.

    Args:
        image: float32 [height, width, 3] in [0, 1], static shape.
        seed: An int, a pair of ints or an integer tensor of shape [2]; one
            per image, for example `fold_seed(run_seed, epoch, index)`.
        clean_fraction: Probability that the image is kept, in [0, 1].
        names: Corruptions to draw from.
        severities: Severities to draw from.
        options: As for `corruptions.apply`.
        weights: "NAME:WEIGHT" entries, see `catalogue.weights`; without any
            the corruptions are drawn uniformly. Severities always are.

    Returns:
        image: The image itself, untouched, or the corrupted one.
        corruption_index: int32 scalar, the place in `names`; -1 when clean.
        severity: int32 scalar, from 1 up; 0 when clean.

    Raises:
        ValueError: If an argument is not as described.
    """
    _check_choices(clean_fraction, names, severities)
    seed = seeds.as_seed(seed)
    draws = seeds.uniform(seed, [3])
    is_clean = draws[0] < clean_fraction
    index = _weighted_place(draws[1], catalogue.weights(names, weights))
    place = tf.cast(draws[2] * float(len(severities)), tf.int32)
    severity = tf.gather(tf.constant(severities, tf.int32), place)
    image_seed = seeds.fold_seed(seed, 1)

    index = tf.where(is_clean, -1, index)
    result = apply_at(image, index, severity, image_seed, names, options)
    return result, index, tf.where(is_clean, 0, severity)


@tf.autograph.experimental.do_not_convert
def apply_at(image, index, severity, seed, names, options=None):
    """Applies the corruption at a place in a list; one graph for all of them.

    Args:
        image: As for `corrupt_or_keep`.
        index: int32 scalar tensor, the place in `names`; -1 keeps the image
            untouched.
        severity: int32 scalar tensor, from 1 up; not looked at where the
            image is kept.
        seed: As for `corruptions.apply`.
        names: Corruptions to choose from.
        options: As for `corruptions.apply`.

    Returns:
        What `corruptions.apply` gives for that name, severity and seed, or
        the image itself. Only the chosen corruption is computed.

    Raises:
        ValueError: As `corruptions.apply`.
    """

    image = checks.check_image(image)

    def corrupted(name):
        return lambda: application.apply_checked(
            image, name, severity, seed, options
        )

    branches = [lambda: tf.identity(image), *map(corrupted, names)]
    return tf.ensure_shape(switch(index + 1, branches), image.shape)


def _weighted_place(draw, shares):
    """Returns the place whose stretch of [0, 1) the draw falls into."""
    ends = np.cumsum(shares)[:-1].astype(np.float32)
    return tf.reduce_sum(tf.cast(draw >= ends, tf.int32))


def _check_choices(clean_fraction, names, chosen_severities):
    if not 0.0 <= clean_fraction <= 1.0:
        raise ValueError(
            "clean_fraction must lie in [0, 1], received "
            f"{clean_fraction!r}; 0.5 keeps every second image"
        )
    if not names or not chosen_severities:
        raise ValueError(
            f"expected at least one corruption and one severity, received "
            f"{names!r} and {chosen_severities!r}; for clean images only set "
            "clean_fraction to 1"
        )
    for name in names:
        corruptions.get(name)
        highest = corruptions.num_severities(name)
        for severity in chosen_severities:
            checks.check_severity(severity, highest, name)
