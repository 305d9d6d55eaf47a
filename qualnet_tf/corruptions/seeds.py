"""Stateless random draws: a seed is data, never a hidden state.

A seed is the 64-bit key of a Philox generator (Salmon et al., "Parallel random
numbers: as easy as 1, 2, 3", SC 2011), which maps a 128-bit counter to random
bits. Draws count from zero in the low half of the counter; folding puts its
datum there and a mark into the high half, so that the two never meet.

The raw operation is used because the functions around it take several times as
long as a draw for a 32-pixel image. It is the only one: XLA makes the same
bits, but other uniform and normal numbers of them than TensorFlow's operations.
"""

import math

import tensorflow as tf

# Named, so that a GPU or a compiled graph draws from the same generator.
_PHILOX = 1
_FOLD_MARK = 1


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
        counter = tf.stack([tf.cast(datum, tf.int32), 0, _FOLD_MARK, 0])
        seed = tf.raw_ops.StatelessRandomUniformFullIntV2(
            shape=[2],
            key=_key(seed),
            counter=tf.bitcast(tf.reshape(counter, [2, 2]), tf.uint64),
            alg=_PHILOX,
            dtype=tf.int32,
        )
    return seed


def uniform(seed, shape, low=0.0, high=1.0):
    """Returns float32 draws from [low, high), in steps of 2**-24 of it."""
    whole = tf.bitwise.right_shift(bits(seed, shape), tf.constant(8, tf.uint32))
    # A float32 holds whole numbers up to 2**24: nothing is rounded.
    draws = tf.cast(tf.bitcast(whole, tf.int32), tf.float32)
    draws *= (high - low) * 2.0**-24
    return draws if low == 0.0 else draws + low


def normal(seed, shape):
    """Returns float32 draws with mean 0 and standard deviation 1.

    Box and Muller, "A note on the generation of random normal deviates", The
    Annals of Mathematical Statistics 29, 1958. No draw is beyond 5.9.
    """
    size = math.prod(shape)
    draws = uniform(seed, [2, (size + 1) // 2])
    # Half a step up: the logarithm of zero is none.
    radius = tf.sqrt(-2.0 * tf.math.log(draws[0] + 2.0**-25))
    angle = draws[1] * (2.0 * math.pi)
    both = tf.concat([radius * tf.cos(angle), radius * tf.sin(angle)], axis=0)
    return tf.reshape(both[:size], shape)


def bits(seed, shape):
    """Returns uint32 draws from the whole range."""
    return tf.raw_ops.StatelessRandomUniformFullIntV2(
        shape=shape,
        key=_key(seed),
        counter=tf.zeros([2], tf.uint64),
        alg=_PHILOX,
        dtype=tf.uint32,
    )


def _key(seed):
    return tf.bitcast(tf.reshape(as_seed(seed), [1, 2]), tf.uint64)
