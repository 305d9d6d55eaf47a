"""Draws are fair, stateless, and only the drawn corruption is computed."""

import numpy as np
import pytest
import tensorflow as tf

from qualnet_tf import corruptions
from qualnet_tf.corruptions import digital, sampling

IMAGE = (np.random.default_rng(0).random((16, 16, 3)) * 0.9).astype(np.float32)
CHEAP = ("contrast", "brightness", "gaussian_noise")


def draws(num_images, clean_fraction, **options):
    """Returns images, indices and severities, as arrays."""

    def draw(index):
        seed = sampling.fold_seed(9, 0, index)
        return sampling.corrupt_or_keep(IMAGE, seed, clean_fraction, **options)

    dataset = tf.data.Dataset.range(num_images).map(draw).batch(num_images)
    return [part.numpy() for part in next(iter(dataset))]


def test_clean_fraction_and_uniformity():
    images, indices, severities = draws(3000, 0.4, names=CHEAP)
    clean = indices == -1
    assert abs(clean.mean() - 0.4) < 0.04  # 4.5 standard errors
    np.testing.assert_array_equal(clean, severities == 0)
    np.testing.assert_array_equal(images[clean], [IMAGE] * clean.sum())
    assert not np.allclose(images[~clean][0], IMAGE)
    cells = np.bincount(
        indices[~clean] * 5 + severities[~clean] - 1, minlength=15
    )
    expected = (~clean).sum() / 15
    assert ((cells - expected) ** 2 / expected).sum() < 36  # p = 0.001


def test_subsets_of_severities():
    _, indices, severities = draws(
        60, 0.0, names=("contrast",), severities=(2, 5)
    )
    assert set(indices) == {0} and set(severities) == {2, 5}


def test_is_what_apply_gives():
    images, indices, severities = draws(40, 0.0, names=CHEAP)
    for i in range(5):
        seed = sampling.fold_seed(sampling.fold_seed(9, 0, i), 1)
        name, severity = CHEAP[indices[i]], int(severities[i])
        expected = corruptions.apply(IMAGE, name, severity, seed)
        np.testing.assert_array_equal(images[i], expected)


def test_only_the_drawn_corruption_is_computed(monkeypatch):
    def explode(image, severity, seed, options):
        check = tf.debugging.Assert(tf.reduce_max(image) > 2.0, ["computed"])
        with tf.control_dependencies([check]):
            return tf.identity(image)

    names = ("contrast", "brightness")
    _, indices, _ = draws(20, 0.0, names=names)
    monkeypatch.setattr(digital, "brightness", explode)

    def corrupt(index):
        seed = sampling.fold_seed(9, 0, index)
        return sampling.corrupt_or_keep(IMAGE, seed, 0.0, names=names)[0]

    for drawn in (0, 1):
        places = np.flatnonzero(indices == drawn)
        dataset = tf.data.Dataset.from_tensor_slices(places).map(corrupt)
        if drawn == 0:
            assert len(list(dataset)) == len(places) > 0
        else:
            with pytest.raises(tf.errors.InvalidArgumentError, match="comp"):
                next(iter(dataset))


def test_order_batch_size_and_parallelism_change_nothing():
    def pictures(dataset):
        def draw(index):
            seed = sampling.fold_seed(3, 1, index)
            image, *_ = sampling.corrupt_or_keep(IMAGE, seed, 0.3, names=CHEAP)
            return index, image

        mapped = dataset.map(draw, num_parallel_calls=4, deterministic=False)
        return {int(i): x.numpy() for i, x in mapped.batch(5).unbatch()}

    plain = pictures(tf.data.Dataset.range(40))
    shuffled = pictures(tf.data.Dataset.range(40).shuffle(40, seed=1))
    for index, image in plain.items():
        np.testing.assert_array_equal(image, shuffled[index])


@pytest.mark.slow
def test_the_whole_mix_in_a_pipeline():
    def draw(index):
        seed = sampling.fold_seed(3, 1, index)
        return sampling.corrupt_or_keep(IMAGE, seed, 0.5)

    dataset = tf.data.Dataset.range(200).map(draw).batch(200)
    images, indices, _ = next(iter(dataset))
    assert images.shape == (200, 16, 16, 3)
    assert len(np.unique(indices)) == 16


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"clean_fraction": 50}, r"in \[0, 1\], received 50; 0.5 keeps"),
        ({"names": ()}, "at least one corruption"),
        ({"names": ("rain",)}, "unknown corruption 'rain'"),
        ({"severities": (0, 1)}, "from 1 to 5, received 0"),
    ],
)
def test_bad_choices(options, message):
    options = {"clean_fraction": 0.5, **options}
    with pytest.raises(ValueError, match=message):
        sampling.corrupt_or_keep(IMAGE, 0, **options)


def test_weights_decide_how_often_a_corruption_is_drawn():
    def draw(index):
        seed = sampling.fold_seed(4, index)
        return sampling.corrupt_or_keep(
            IMAGE, seed, 0.0, names=CHEAP, weights=(f"{CHEAP[0]}:0",)
        )[1]

    dataset = tf.data.Dataset.range(400).map(draw).batch(400)
    counts = np.bincount(next(iter(dataset)), minlength=len(CHEAP))
    share = 400 / (len(CHEAP) - 1)
    assert counts[0] == 0
    assert np.all(np.abs(counts[1:] - share) < 5 * np.sqrt(share))
