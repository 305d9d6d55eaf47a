"""Workers and replicas together make exactly the batches of one process."""

import numpy as np
import pytest

from qualnet_tf.datasets import open_source, pipeline
from qualnet_tf.datasets.shares import Share
from qualnet_tf.datasets.validation import validation_batches

BATCH = 8


@pytest.fixture(scope="module")
def source():
    return open_source("digits", "train", max_images=40)


def batches(source, share=None, start_step=0):
    return pipeline.training_batches(
        source,
        batch_size=BATCH,
        image_size=16,
        num_epochs=2,
        seed=3,
        augmentation="shift",
        clean_fraction=0.5,
        corruption_names=("gaussian_noise", "contrast"),
        start_step=start_step,
        share=share,
    )


@pytest.mark.parametrize("start_step", [0, 7])
@pytest.mark.parametrize("workers, local", [(1, 2), (2, 1), (2, 2), (4, 2)])
def test_pieces_are_the_batches(source, workers, local, start_step):
    whole = list(batches(source, None, start_step).as_numpy_iterator())
    parts = []
    for worker in range(workers):
        made = batches(source, Share(worker, workers, local), start_step)
        pieces = list(made.as_numpy_iterator())
        assert int(made.cardinality()) == len(pieces) == local * len(whole)
        parts.append(pieces)
    for step, batch in enumerate(whole):
        for name, value in batch.items():
            pieces = [
                part[step * local + replica][name]
                for part in parts
                for replica in range(local)
            ]
            assert len(pieces[0]) == BATCH // (workers * local)
            np.testing.assert_array_equal(np.concatenate(pieces), value)


def test_a_batch_that_cannot_be_divided_is_refused(source):
    with pytest.raises(ValueError, match="multiple of the 3 replicas.* 6 or 9"):
        batches(source, Share(0, 3, 1))


@pytest.mark.parametrize("count", [32, 33, 35, 37, 5, 1])
@pytest.mark.parametrize("workers, local", [(1, 1), (1, 2), (2, 2), (4, 1)])
def test_every_validation_image_counts_once(source, count, workers, local):
    part = open_source("digits", "train", max_images=count)
    wanted = _labels_by_image(part, Share())
    counted: dict[bytes, float] = {}
    lengths = set()
    for worker in range(workers):
        share = Share(worker, workers, local)
        pieces = list(_validation(part, share).as_numpy_iterator())
        lengths.add(len(pieces))
        for piece in pieces:
            assert len(piece["label"]) > 0
            for image, weight in zip(
                piece["image"], piece["weight"], strict=True
            ):
                key = image.tobytes()
                counted[key] = counted.get(key, 0.0) + float(weight)
    assert len(lengths) == 1 and lengths.pop() % local == 0
    assert set(counted) == set(wanted)
    for key, (_, times) in wanted.items():
        np.testing.assert_allclose(counted[key], times)


def _validation(source, share, joined=1):
    return validation_batches(
        source,
        batch_size=16,
        image_size=16,
        share=share,
        joined_replicas=joined,
    )


def _labels_by_image(source, share):
    found: dict[bytes, tuple[int, int]] = {}
    for piece in _validation(source, share).as_numpy_iterator():
        np.testing.assert_array_equal(piece["weight"], 1.0)
        np.testing.assert_array_equal(piece["image"], piece["clean_image"])
        for image, label in zip(piece["image"], piece["label"], strict=True):
            key = image.tobytes()
            found[key] = (int(label), found.get(key, (0, 0))[1] + 1)
    return found


def test_validation_images_are_those_of_an_evaluation(source):
    expected = pipeline.evaluation_batches(source, batch_size=16, image_size=16)
    for one, other in zip(
        _validation(source, Share()).as_numpy_iterator(),
        expected.as_numpy_iterator(),
        strict=True,
    ):
        for name in ("image", "clean_image", "label"):
            np.testing.assert_array_equal(one[name], other[name])


def test_joined_replicas_have_whole_batches(source):
    part = open_source("digits", "train", max_images=35)
    made = list(_validation(part, Share(), joined=2).as_numpy_iterator())
    assert [len(piece["label"]) for piece in made] == [16, 16, 2, 2]
    assert [piece["weight"][0] for piece in made] == [1.0, 1.0, 1.0, 0.5]
    np.testing.assert_array_equal(made[3]["image"][0], made[3]["image"][1])


@pytest.mark.parametrize("dataset", ["digits", "synthetic"])
def test_parts_of_a_data_set_are_disjoint_and_keep_their_pixels(dataset):
    whole = open_source(dataset, "train", max_images=41)
    images = {
        int(element["index"]): whole.decode(element)["image"].numpy()
        for element in whole.elements()
    }
    seen = set()
    for place in range(4):
        part = open_source(dataset, "train", max_images=41, shard=(place, 4))
        assert part.num_examples == 10
        found = [part.decode(element) for element in part.elements((1, 2))]
        assert len(found) == 10
        for example in found:
            index = int(example["index"])
            assert index not in seen
            seen.add(index)
            np.testing.assert_array_equal(example["image"], images[index])


def test_more_parts_than_images_are_refused():
    with pytest.raises(ValueError, match="each of 50 parts, received 41"):
        open_source("digits", "train", max_images=41, shard=(0, 50))
    with pytest.raises(ValueError, match=r"shard=\(4, 4\): expected"):
        open_source("digits", "train", shard=(4, 4))
