"""Stateless random draws: a seed is data, never a hidden state."""

import tensorflow as tf

# Named, so that a GPU or a compiled graph draws from the same generator.
_ALGORITHM = "philox"


def as_seed(seed):
    """Returns the seed as an int32 tensor of shape [2].

    Args:
        seed: An int of up to 64 bits, a pair of ints, or an integer tensor of
            shape [2].

    Raises:
        ValueError: If it is none of those.
    """
    if isinstance(seed, int):
        seed = (seed >> 32, seed)
    if isinstance(seed, (tuple, list)) and not any(map(tf.is_tensor, seed)):
        seed = [_low_32_bits(word) for word in seed]
    seed = tf.convert_to_tensor(seed)
    if not seed.dtype.is_integer or seed.shape.as_list() != [2]:
        raise ValueError(
            "seed must be an int or two ints, received "
            f"{seed.dtype.name} of shape {seed.shape}"
        )
    return tf.cast(seed, tf.int32)


def _low_32_bits(word):
    """Returns the low 32 bits of an integer as a signed 32-bit value."""
    if not hasattr(word, "__index__"):
        return word  # as_seed refuses it
    return (int(word) + 2**31) % 2**32 - 2**31


def fold_seed(seed, *data):
    """Derives a seed from a seed and any number of integers.

    Chain of stateless fold-ins: `fold_seed(run_seed, epoch, index)` is a
    function of those three alone, whatever order images come in.

    Args:
        seed: An int, a pair of ints or an integer tensor of shape [2].
        *data: Ints or scalar integer tensors (the low 32 bits count).

    Returns:
        An int32 tensor of shape [2].
    """
    seed = as_seed(seed)
    for datum in data:
        if isinstance(datum, int):
            datum = _low_32_bits(datum)
        seed = tf.random.fold_in(seed, tf.cast(datum, tf.int32), alg=_ALGORITHM)
    return seed


def uniform(seed, shape, low=0.0, high=1.0):
    """Returns float32 draws from [low, high)."""
    return tf.random.stateless_uniform(shape, seed, low, high, alg=_ALGORITHM)


def normal(seed, shape):
    """Returns float32 draws with mean 0 and standard deviation 1."""
    return tf.random.stateless_normal(shape, seed, alg=_ALGORITHM)


def bits(seed, shape):
    """Returns uint32 draws from the whole range."""
    return tf.random.stateless_uniform(
        shape, seed, None, None, tf.uint32, alg=_ALGORITHM
    )
