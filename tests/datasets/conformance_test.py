"""What every data set must deliver, over the names of the room."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from qualnet_tf import datasets


@pytest.fixture(params=datasets.names())
def name_and_dir(request, tmp_path, write_pictures, write_faces, write_orl):
    if request.param == "orl_faces":
        write_orl(tmp_path)
        return request.param, str(tmp_path)
    if request.param == "face_records":
        write_faces(tmp_path, [3, 3, 3, 3, 3, 8, 8, 8, 8, 8])
        return request.param, str(tmp_path)
    for name in ("cat", "dog"):
        write_pictures(tmp_path / name, 5)
    return request.param, str(tmp_path)


@pytest.mark.parametrize("split", datasets.SPLITS)
def test_elements_and_decoded_images_keep_the_contract(name_and_dir, split):
    name, data_dir = name_and_dir
    source = datasets.open_source(name, split, data_dir=data_dir, max_images=6)

    elements = list(source.elements())
    assert len(elements) == source.num_examples
    assert [int(e["index"]) for e in elements] == list(range(len(elements)))
    assert source.name == name
    assert source.num_classes == len(source.class_names) > 1
    assert all(isinstance(c, str) for c in source.class_names)
    assert source.num_bad_files == 0
    decoded = source.elements().map(source.decode)
    assert decoded.element_spec["image"].shape[-1] == 3
    for i, example in enumerate(decoded):
        assert example["index"].dtype == tf.int64
        assert example["index"] == i
        assert example["image"].dtype == tf.uint8
        assert example["image"].shape.rank == 3
        assert example["label"].dtype == tf.int64
        assert 0 <= example["label"] < source.num_classes


def test_a_shuffled_order_is_a_permutation_given_by_the_seed(name_and_dir):
    name, data_dir = name_and_dir
    source = datasets.open_source(name, "train", data_dir=data_dir)

    def order(*seed):
        elements = source.elements(tf.constant(seed, tf.int32))
        return [int(e["index"]) for e in elements]

    first = order(1, 2)
    assert sorted(first) == list(range(source.num_examples))
    assert order(1, 2) == first
    assert order(1, 3) != first
    assert order(2, 2) != first


def test_the_process_wide_seed_does_not_move_the_order(name_and_dir):
    name, data_dir = name_and_dir
    source = datasets.open_source(name, "train", data_dir=data_dir)
    orders = []
    for process_seed in (0, 1):
        tf.random.set_seed(process_seed)
        # Through flat_map, since the pipeline's seeds are symbolic.
        elements = tf.data.Dataset.from_tensors(tf.constant([3, 4])).flat_map(
            source.elements
        )
        orders.append([int(e["index"]) for e in elements])
    assert orders[0] == orders[1]


def test_a_small_subset_is_balanced_and_begins_the_larger_one(name_and_dir):
    name, data_dir = name_and_dir

    def read(max_images):
        source = datasets.open_source(
            name, "train", data_dir=data_dir, max_images=max_images
        )
        return [source.decode(e) for e in source.elements()], source

    (small, source), (large, _) = read(4), read(8)
    assert len(small) == 4
    counts = np.bincount([int(e["label"]) for e in small])
    assert counts.max() <= -(-4 // source.num_classes)
    for a, b in zip(small, large, strict=False):
        np.testing.assert_array_equal(a["image"], b["image"])


def test_parts_are_disjoint_and_have_the_pixels_of_the_whole(name_and_dir):
    name, data_dir = name_and_dir
    count = 3

    def open_part(**options):
        return datasets.open_source(
            name, "train", data_dir=data_dir, max_images=8, **options
        )

    whole = [open_part().decode(e) for e in open_part().elements()]
    assert len(whole) == 8
    seen = []
    for place in range(count):
        part = open_part(shard=(place, count))
        assert part.num_examples == 2
        assert part.class_names == open_part().class_names
        for seed in (None, tf.constant([1, 2])):
            found = [part.decode(e) for e in part.elements(seed)]
            assert len(found) == 2
            for example in found:
                other = whole[int(example["index"])]
                np.testing.assert_array_equal(example["image"], other["image"])
                assert example["label"] == other["label"]
        seen += [int(example["index"]) for example in found]
    assert len(set(seen)) == len(seen) == 6
    with pytest.raises(ValueError, match="each of 9 parts, received 8; use"):
        open_part(shard=(0, 9))


def test_names_are_listed_without_tensorflow():
    script = (
        "import sys; from qualnet_tf import datasets; datasets.names(); "
        "datasets.augmentation_names(); sys.exit('tensorflow' in sys.modules)"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", script], cwd=root)
    assert done.returncode == 0


def test_an_unknown_split_is_refused():
    with pytest.raises(ValueError, match="'dev': expected one of train, val"):
        datasets.open_source("digits", "dev")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_images": -1}, "max_images=-1: expected at least 1"),
        ({"validation_fraction": 0.0}, "fraction=0.0: expected a share above"),
        ({"validation_fraction": 1.0}, "fraction=1.0: expected a share above"),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        datasets.open_source("digits", "train", **options)


def test_empty_and_zero_stand_for_no_limit():
    source = datasets.open_source(
        "digits", "validation", data_dir="", max_images=0
    )
    assert source.num_examples > 400
