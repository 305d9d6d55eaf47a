"""Seeds are data: folding is a function of its arguments alone."""

import numpy as np
import tensorflow as tf

from qualnet_tf import corruptions
from qualnet_tf.corruptions import seeds


def test_kinds_of_seed_agree():
    expected = [0, 7]
    for seed in (7, (0, 7), [0, 7], tf.constant([0, 7], tf.int64)):
        np.testing.assert_array_equal(seeds.as_seed(seed), expected)


def test_large_and_negative_seeds():
    assert len({tuple(seeds.as_seed(s).numpy()) for s in (1, -1, 2**40)}) == 3
    np.testing.assert_array_equal(seeds.as_seed(2**32 - 1), [0, -1])


def test_fold_is_a_chain():
    whole = seeds.fold_seed(5, 1, 2)
    parts = seeds.fold_seed(seeds.fold_seed(5, 1), tf.constant(2, tf.int64))
    np.testing.assert_array_equal(whole, parts)


def test_folded_seeds_are_distinct():
    folded = {
        tuple(seeds.fold_seed(seed, epoch, index).numpy())
        for seed in range(3)
        for epoch in range(3)
        for index in range(6)
    }
    assert len(folded) == 54


def test_distributions():
    draws = seeds.uniform(seeds.as_seed(1), [20_000], -1.0, 3.0).numpy()
    assert -1 <= draws.min() < -0.99 and 2.99 < draws.max() < 3
    np.testing.assert_allclose(draws.mean(), 1.0, atol=0.04)
    draws = seeds.normal(seeds.as_seed(1), [20_000]).numpy()
    np.testing.assert_allclose([draws.mean(), draws.std()], [0, 1], atol=0.03)


def test_ten_thousand_cells_share_no_noise():
    """(name, severity, seed) as `apply` folds them: no field occurs twice."""
    fields = set()
    image = tf.fill([16, 16, 3], 0.5)
    noises = ("gaussian_noise", "speckle_noise")

    @tf.function(autograph=False)
    def first_values(name, severity, seed):
        noisy = [
            corruptions.apply(image, noise, severity, seed) for noise in noises
        ]
        return tf.where(name == 0, noisy[0], noisy[1])[:4, :4]

    cells = [
        (name, severity, seed)
        for name in range(2)
        for severity in range(1, 6)
        for seed in range(1000)
    ]
    dataset = tf.data.Dataset.from_tensor_slices(cells).map(
        lambda cell: first_values(cell[0], cell[1], tf.stack([0, cell[2]])),
        num_parallel_calls=2,
    )
    for batch in dataset.batch(500).as_numpy_iterator():
        fields |= {field.tobytes() for field in batch}
    assert len(fields) == len(cells) == 10_000


def test_folding_and_drawing_never_meet():
    """The seed a fold gives is not among the draws of the folded seed."""
    seed = seeds.as_seed(11)
    drawn = seeds.bits(seed, [4096]).numpy().view(np.int32)
    folded = {int(seeds.fold_seed(seed, k).numpy()[0]) for k in range(256)}
    assert not folded & set(drawn.tolist())


def test_philox_known_answer():
    """Random123's known answer: key and counter 0 give 6627e8d5 first."""
    words = seeds.bits(seeds.as_seed(0), [4]).numpy()
    expected = (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)
    np.testing.assert_array_equal(words, np.array(expected, np.uint32))
