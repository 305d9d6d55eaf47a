"""How far a mean over images would move with other images.

Efron, "Bootstrap Methods: Another Look at the Jackknife" (1979): the mean is
taken again and again over as many images drawn from the same ones with
replacement. What is a mean of means - over severities, corruptions, or divided
by AlexNet's constants - is one of per-image means, so that all conditions of an
image are drawn together, as they belong.
"""

from typing import NamedTuple

import numpy as np

NUM_RESAMPLES = 2000
LEVEL = 0.95
# Resamples computed at once: their weights are [this, images].
_CHUNK = 100


class Interval(NamedTuple):
    """A mean and the ends of its interval."""

    mean: float
    low: float
    high: float


def bootstrap_interval(
    values,
    seed: int = 0,
    level: float = LEVEL,
    num_resamples: int = NUM_RESAMPLES,
) -> Interval:
    """Returns the mean of values and its percentile interval.

    Args:
        values: [images], one number of each.
        seed: Of the draws: the same seed gives the same interval.
        level: Share of the resampled means inside, in (0, 1).
        num_resamples: How often to draw.

    Raises:
        ValueError: If there is no value, one is not finite, or an argument is
            out of range.
    """
    values = np.asarray(values, np.float64)
    if values.ndim != 1:
        raise ValueError(
            f"expected values [images], received shape {values.shape}; "
            "average each image's conditions first"
        )
    return bootstrap_intervals(values[:, None], seed, level, num_resamples)[0]


def bootstrap_intervals(
    values,
    seed: int = 0,
    level: float = LEVEL,
    num_resamples: int = NUM_RESAMPLES,
) -> list[Interval]:
    """Returns the intervals of several means over the same images.

    The draws are the same for all, and made once.

    Args:
        values: [images, means], one number of each image and mean.
        seed: See `bootstrap_interval`.
        level: As well.
        num_resamples: As well.

    Raises:
        ValueError: As well.
    """
    values = np.asarray(values, np.float64)
    if values.ndim != 2 or not len(values) or not np.isfinite(values).all():
        raise ValueError(
            "expected finite values of at least one image, received shape "
            f"{values.shape}; average each image's conditions first"
        )
    if not 0 < level < 1 or num_resamples < 1:
        raise ValueError(
            "expected a level in (0, 1) and at least 1 resample, received "
            f"{level} and {num_resamples}"
        )
    generator = np.random.default_rng(seed)
    chances = np.full(len(values), 1.0 / len(values))
    means = []
    for start in range(0, num_resamples, _CHUNK):
        size = min(_CHUNK, num_resamples - start)
        counts = generator.multinomial(len(values), chances, size)
        means.append(counts @ values / len(values))
    tail = 50.0 * (1.0 - level)
    low, high = np.percentile(
        np.concatenate(means), [tail, 100.0 - tail], axis=0
    )
    mean = values.mean(axis=0)
    return [
        Interval(*map(float, each))
        for each in zip(mean, low, high, strict=True)
    ]
