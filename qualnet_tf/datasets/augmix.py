"""AugMix: a picture joined with several randomly altered copies of itself.

Hendrycks, Mu, Cubuk, Zoph, Gilmer, Lakshminarayanan, "AugMix: A Simple Data
Processing Method to Improve Robustness and Uncertainty", ICLR 2020, algorithm
1: width chains of operations O, weights w ~ Dirichlet(alpha, ..., alpha) and
m ~ Beta(alpha, alpha) give

    (1 - m) * image + m * sum_i w_i * (O_i3 . O_i2 . O_i1)(image)

keras.layers.AugMix (Keras 3.15) is not used: Python's `random` picks its
operations when it is traced, so that in a tf.data pipeline all pictures get
the same chains, whatever its seed (only strengths and weights vary). By
default its rotations reach 108 degrees, the paper's 9 (severity 3), and no
picture has a seed of its own.
"""

import math
from typing import NamedTuple

import tensorflow as tf

from qualnet_tf.corruptions import checks, seeds
from qualnet_tf.corruptions.severities import switch
from qualnet_tf.datasets.augmix_operations import OPERATIONS

# The mildest level; severity is the strongest (released code).
_MIN_LEVEL = 0.1
_MAX_SEVERITY = 10.0
# Chains of random depth have 1 to 3 operations, each as often (paper).
_MAX_RANDOM_DEPTH = 3
NO_OPERATION = -1


class Recipe(NamedTuple):
    """What one view is made of.

    Attributes:
        operations: int32 [width, depth], places in `OPERATIONS`, or
            NO_OPERATION where a chain has ended.
        levels: float32 [width, depth], from 0.1 to the severity.
        signs: float32 [width, depth], +1 or -1.
        chain_weights: float32 [width], not negative, of sum 1.
        mixed_weight: float32 scalar in [0, 1], the share of the mixed chains.
    """

    operations: tf.Tensor
    levels: tf.Tensor
    signs: tf.Tensor
    chain_weights: tf.Tensor
    mixed_weight: tf.Tensor


@tf.autograph.experimental.do_not_convert
def mix(image, seed, *, severity=3.0, width=3, depth=0, alpha=1.0):
    """Returns one AugMix view of an image; another seed gives another view.

    The operations see the image rounded to 8 bits, as Pillow would; the image
    that is joined with them, and the result, are not rounded.

    Args:
        image: float32 [height, width, 3] in [0, 1], static shape.
        seed: An int, a pair of ints or an integer tensor of shape [2]; one
            per image and view.
        severity: Strongest level of an operation, in (0, 10]. The released
            code has 3 for CIFAR and 1 for ImageNet.
        width: Number of chains.
        depth: Operations in a chain; 0 (the released code's -1) draws 1, 2
            or 3 for every chain.
        alpha: Of the Dirichlet and the Beta distribution, positive.

    Returns:
        float32 [height, width, 3] in [0, 1].

    Raises:
        ValueError: If an argument is not as described.
    """
    image = checks.check_image(image)
    recipe = draw(
        seed, severity=severity, width=width, depth=depth, alpha=alpha
    )
    return apply(image, recipe)


@tf.autograph.experimental.do_not_convert
def draw(seed, *, severity=3.0, width=3, depth=0, alpha=1.0):
    """Draws the `Recipe` that `mix` follows; same arguments, same errors."""
    _check(severity, width, depth, alpha)
    seed = seeds.as_seed(seed)
    steps = depth or _MAX_RANDOM_DEPTH
    kinds, strengths, sides = tf.unstack(seeds.uniform(seed, [3, width, steps]))
    operations = tf.cast(kinds * float(len(OPERATIONS)), tf.int32)
    if not depth:
        ends = seeds.uniform(seeds.fold_seed(seed, 1), [width, 1])
        ends = 1 + tf.cast(ends * float(_MAX_RANDOM_DEPTH), tf.int32)
        operations = tf.where(tf.range(steps) < ends, operations, NO_OPERATION)
    gammas = _log_gammas(seeds.fold_seed(seed, 2), width + 2, alpha)
    return Recipe(
        operations=operations,
        levels=strengths * (severity - _MIN_LEVEL) + _MIN_LEVEL,
        signs=tf.where(sides < 0.5, 1.0, -1.0),
        # Gamma draws divided by their sum are a Dirichlet draw, two of them
        # a Beta draw.
        chain_weights=tf.nn.softmax(gammas[:width]),
        mixed_weight=tf.nn.softmax(gammas[width:])[0],
    )


@tf.autograph.experimental.do_not_convert
def apply(image, recipe):
    """Follows a recipe.

    Args:
        image: float32 [height, width, 3] in [0, 1], static shape.
        recipe: A `Recipe`; static shapes.

    Returns:
        float32 [height, width, 3] in [0, 1].
    """
    rounded = checks.round_to_8_bits(image)
    shares = recipe.mixed_weight * recipe.chain_weights
    # Not tf.add_n: in a graph it may sum in another order than eagerly.
    view = (1.0 - recipe.mixed_weight) * image
    num_chains, num_steps = recipe.operations.shape
    for i in range(num_chains):
        chain = rounded
        for j in range(num_steps):
            chain = _operate(
                chain,
                recipe.operations[i, j],
                recipe.levels[i, j],
                recipe.signs[i, j],
            )
        view += shares[i] * chain
    # The shares sum to 1 only up to rounding.
    return tf.clip_by_value(view, 0.0, 1.0)


# A function of its own: traced once per image size, not for every step.
@tf.function(autograph=False, experimental_attributes={"_noinline": True})
def _operate(image, operation, level, sign):
    """Applies the operation at a place of `OPERATIONS`, or none at -1."""

    def applied(function):
        return lambda: tf.ensure_shape(
            function(image, level, sign), image.shape
        )

    branches = [lambda: tf.identity(image), *map(applied, OPERATIONS.values())]
    return switch(operation - NO_OPERATION, branches)


def _log_gammas(seed, number, alpha):
    """Returns logarithms of Gamma(alpha) draws, float32 [number].

    Marsaglia and Tsang, "A simple method for generating gamma variables", ACM
    TOMS 26, 2000, section 6: Gamma(alpha) = Gamma(alpha + 1) * U**(1 / alpha).
    Small alpha would underflow to 0 / 0 without the logarithm.
    """
    gammas = tf.random.stateless_gamma([number], seed, alpha + 1.0)
    # Half a step up: the logarithm of zero is none.
    uniforms = seeds.uniform(seeds.fold_seed(seed, 1), [number]) + 2.0**-25
    return tf.math.log(gammas) + tf.math.log(uniforms) / alpha


def _check(severity, width, depth, alpha):
    if not 0.0 < severity <= _MAX_SEVERITY:
        raise ValueError(
            f"severity must lie in (0, 10], received {severity!r}; AugMix has "
            "3 for CIFAR and 1 for ImageNet"
        )
    if not _is_whole(width) or width < 1:
        raise ValueError(
            f"width must be an integer from 1 up, received {width!r}; AugMix "
            "mixes 3 chains"
        )
    if not _is_whole(depth) or depth < 0:
        raise ValueError(
            f"depth must be an integer from 0 up, received {depth!r}; 0 draws "
            "1, 2 or 3 for every chain"
        )
    if not (alpha > 0.0 and math.isfinite(alpha)):
        raise ValueError(
            f"alpha must be positive and finite, received {alpha!r}; 1 draws "
            "uniformly"
        )


def _is_whole(number):
    return isinstance(number, int) and not isinstance(number, bool)
