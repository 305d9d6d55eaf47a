"""The pipeline: order, resume, seeds, ranges, and labels without a class."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from qualnet_tf import corruptions, datasets
from qualnet_tf.corruptions import sampling, seeds
from qualnet_tf.datasets import pipeline

_TRAINING = {
    "batch_size": 4,
    "image_size": 16,
    "num_epochs": 3,
    "seed": 5,
    "augmentation": "shift",
    "clean_fraction": 0.5,
    # Two instead of fifteen: each is traced in every test.
    "corruption_names": ("gaussian_noise", "brightness"),
}
# 14 images are 3 batches of 4; two images are left out.
_NUM_IMAGES, _STEPS_PER_EPOCH = 14, 3


def _train(source, num_threads=0, **changes):
    batches = pipeline.training_batches(source, **{**_TRAINING, **changes})
    if num_threads:
        options = tf.data.Options()
        options.threading.private_threadpool_size = num_threads
        options.autotune.enabled = False
        batches = batches.with_options(options)
    return list(batches.as_numpy_iterator())


def _assert_same(batches, expected):
    assert len(batches) == len(expected)
    for batch, other in zip(batches, expected, strict=True):
        for key in ("image", "clean_image", "label"):
            np.testing.assert_array_equal(batch[key], other[key])


def _with_index_as_label(source):
    """Labels tell which image it is, so that an order can be read off."""

    def decode(element):
        example = source.decode(element)
        return {**example, "label": example["index"]}

    names = tuple(str(i) for i in range(source.num_examples))
    return dataclasses.replace(source, decode=decode, class_names=names)


def test_batches_have_the_promised_shapes_and_ranges(make_source):
    source = make_source(_NUM_IMAGES)
    batches = _train(source)
    assert len(batches) == 3 * _STEPS_PER_EPOCH
    left = pipeline.training_batches(
        source, **{**_TRAINING, "clean_fraction": 1.0}, start_step=2
    )
    assert len(left) == 3 * _STEPS_PER_EPOCH - 2
    for batch in batches:
        assert set(batch) == {"image", "clean_image", "label"}
        for key in ("image", "clean_image"):
            assert batch[key].shape == (4, 16, 16, 3)
            assert batch[key].dtype == np.float32
            assert batch[key].min() >= 0.0 and batch[key].max() <= 1.0
        assert batch["label"].shape == (4,)
        assert batch["label"].dtype == np.int32


def test_a_resumed_run_is_the_tail_of_the_whole_run(make_source):
    source = make_source(_NUM_IMAGES)
    whole = _train(source)
    # Inside the first epoch, inside a later one, and nothing left.
    for step in (1, 5, 9):
        _assert_same(_train(source, start_step=step), whole[step:])


def test_resuming_does_not_decode_what_was_used(make_source):
    source = make_source(_NUM_IMAGES)
    decoded = []

    def note(index):
        decoded.append(int(index))
        return index

    def decode(element):
        index = tf.py_function(note, [element["index"]], tf.int64)
        return source.decode({"index": tf.ensure_shape(index, ())})

    counting = dataclasses.replace(source, decode=decode)
    _train(counting, num_epochs=1, start_step=2, clean_fraction=1.0)
    assert len(decoded) == 4


def test_each_epoch_shows_each_image_once_in_another_order(make_source):
    source = _with_index_as_label(make_source(12))
    labels = [batch["label"] for batch in _train(source, clean_fraction=1.0)]
    epochs = [np.concatenate(labels[i : i + 3]).tolist() for i in (0, 3, 6)]
    for epoch in epochs:
        assert sorted(epoch) == list(range(12))
    assert epochs[0] != epochs[1] != epochs[2] != epochs[0]


def test_pixels_depend_on_seed_epoch_and_index_only(make_source):
    source = _with_index_as_label(make_source(12))

    # Noise on every image, since shifts alone coincide now and then.
    noise = {"clean_fraction": 0.0, "corruption_names": ("gaussian_noise",)}

    def read(**changes):
        batches = _train(source, **noise, **changes)
        images = np.concatenate([b["image"] for b in batches])
        labels = np.concatenate([b["label"] for b in batches])
        return {
            (i // 12, int(label)): image.tobytes()
            for i, (label, image) in enumerate(zip(labels, images, strict=True))
        }

    expected = read()
    assert read(batch_size=3) == expected
    assert read(num_threads=1) == expected
    first, second = (
        {i: expected[epoch, i] for i in range(12)} for epoch in (0, 1)
    )
    assert all(first[i] != second[i] for i in range(12))
    assert set(read(seed=6).values()).isdisjoint(expected.values())


def test_the_clean_image_is_cropped_but_not_corrupted(make_source):
    source = make_source(_NUM_IMAGES)
    mixed = _train(source)
    clean = _train(source, clean_fraction=1.0)
    for batch, other in zip(mixed, clean, strict=True):
        np.testing.assert_array_equal(other["image"], other["clean_image"])
        np.testing.assert_array_equal(
            batch["clean_image"], other["clean_image"]
        )
    same = [
        np.array_equal(image, clean_image)
        for batch in mixed
        for image, clean_image in zip(
            batch["image"], batch["clean_image"], strict=True
        )
    ]
    assert 8 <= sum(same) <= 28  # of 36, each with probability one half


def test_without_clean_images_all_are_corrupted(make_source):
    for batch in _train(make_source(_NUM_IMAGES), clean_fraction=0.0):
        differs = batch["image"] != batch["clean_image"]
        assert differs.any(axis=(1, 2, 3)).all()


def test_an_unordered_run_has_the_same_images(make_source):
    source = _with_index_as_label(make_source(12))
    batches = _train(source, deterministic=False)
    labels = np.concatenate([batch["label"] for batch in batches])
    np.testing.assert_array_equal(np.bincount(labels), [3] * 12)


def test_a_batch_larger_than_the_set_is_refused(make_source):
    message = "has 3 images: expected at least one batch of 4; lower --batch"
    with pytest.raises(ValueError, match=message):
        _train(make_source(3))


def test_evaluation_shows_all_images_in_order(make_source):
    source = make_source(10)
    batches = list(
        pipeline.evaluation_batches(
            source, batch_size=4, image_size=16
        ).as_numpy_iterator()
    )
    assert [len(batch["label"]) for batch in batches] == [4, 4, 2]
    index = np.concatenate([batch["index"] for batch in batches])
    np.testing.assert_array_equal(index, np.arange(10))
    label = np.concatenate([batch["label"] for batch in batches])
    np.testing.assert_array_equal(label, np.arange(10) % 3)
    for batch in batches:
        np.testing.assert_array_equal(batch["image"], batch["clean_image"])


def test_evaluation_corrupts_each_image_by_its_index(make_source):
    source = make_source(6)

    def read(batch_size, seed=0, severity=3):
        batches = pipeline.evaluation_batches(
            source,
            batch_size=batch_size,
            image_size=16,
            conditions=[("gaussian_noise", severity)],
            seed=seed,
        )
        return np.concatenate([batch["image"] for batch in batches])

    images = read(4)
    np.testing.assert_array_equal(read(3), images)
    for other in (read(4, seed=1), read(4, severity=4)):
        assert (other != images).any(axis=(1, 2, 3)).all()


def test_evaluation_conditions_are_one_stream_with_the_pixels_of_apply(
    make_source,
):
    source = make_source(3)
    conditions = [pipeline.CLEAN, ("fog", 2), ("contrast", 5), ("fog", 4)]
    batches = list(
        pipeline.evaluation_batches(
            source,
            batch_size=5,
            image_size=16,
            conditions=conditions,
            max_images=2,
            seed=7,
        ).as_numpy_iterator()
    )
    joined = {
        name: np.concatenate([batch[name] for batch in batches])
        for name in batches[0]
    }
    np.testing.assert_array_equal(joined["index"], [0, 1] * 4)
    np.testing.assert_array_equal(joined["condition"], np.repeat(range(4), 2))
    for row in range(8):
        name, severity = conditions[joined["condition"][row]]
        expected = joined["clean_image"][row]
        if name is not None:
            expected = corruptions.apply(
                expected,
                name,
                severity,
                sampling.fold_seed(7, joined["index"][row]),
            )
        np.testing.assert_array_equal(joined["image"][row], expected)


@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        ([], "conditions is empty"),
        ([("rain", 1)], "unknown corruption 'rain'"),
        ([("fog", 6)], "severity"),
        ([("fog", 0)], "severity"),
        ([(None, 3)], "unknown corruption None"),
    ],
)
def test_illegal_conditions_are_refused(make_source, conditions, message):
    with pytest.raises(ValueError, match=message):
        pipeline.evaluation_batches(
            make_source(4), batch_size=2, image_size=16, conditions=conditions
        )


@pytest.mark.parametrize("label", [-1, 3])
def test_a_label_without_a_class_stops_with_a_clear_word(make_source, label):
    good = make_source(4)

    def decode(element):
        return {**good.decode(element), "label": tf.constant(label, tf.int64)}

    source = dataclasses.replace(good, decode=decode)
    message = rf"set random: expected labels 0 to 2 \(3 classes\).*\[{label}\]"
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        _train(source, clean_fraction=1.0)
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        list(pipeline.evaluation_batches(source, batch_size=2, image_size=16))


def test_cifar10_resumes_across_epochs(cifar10_dir):
    source = datasets.open_source(
        "cifar10", "train", data_dir=cifar10_dir, max_images=12
    )
    options = {"image_size": 32, "num_epochs": 2, "clean_fraction": 1.0}
    whole = _train(source, **options)
    assert len(whole) == 6
    _assert_same(_train(source, **options, start_step=2), whole[2:])


def test_photographs_are_cropped_to_size(imagenette_dir):
    source = datasets.open_source(
        "folder", "train", data_dir=imagenette_dir, max_images=10
    )
    options = {"image_size": 24, "augmentation": "imagenet", "num_epochs": 1}
    batches = _train(source, **options, clean_fraction=1.0)
    assert [batch["image"].shape for batch in batches] == [(4, 24, 24, 3)] * 2


def _extras():
    def draw(image, seed, epoch):
        del image, epoch
        return seeds.uniform(seed, [2])

    def mean(image, seed, epoch):
        del seed, epoch
        return tf.reduce_mean(image)

    def number(image, seed, epoch):
        del image, seed
        return epoch

    return {"first": draw, "mean": mean, "epoch": number, "second": draw}


def test_extras_see_the_clean_image_the_epoch_and_a_seed_of_their_own(
    make_source,
):
    source = make_source(_NUM_IMAGES)
    batches = _train(source, extras=_extras())
    _assert_same(batches, _train(source))
    for place, batch in enumerate(batches):
        assert batch["first"].shape == (4, 2)
        np.testing.assert_allclose(
            batch["mean"], batch["clean_image"].mean(axis=(1, 2, 3)), rtol=1e-5
        )
        assert batch["epoch"].tolist() == [place // _STEPS_PER_EPOCH] * 4
    draws = np.concatenate([b[k] for b in batches for k in ("first", "second")])
    assert len(np.unique(draws)) == draws.size


def test_extras_depend_on_seed_epoch_and_image_alone(make_source):
    source = make_source(_NUM_IMAGES)
    whole = _train(source, extras=_extras())
    again = _train(source, num_threads=3, start_step=5, extras=_extras())
    for batch, other in zip(again, whole[5:], strict=True):
        np.testing.assert_array_equal(batch["first"], other["first"])
    first, other = (
        _train(source, extras=_extras(), seed=seed)[0]["first"]
        for seed in (5, 6)
    )
    assert np.all(first != other)
