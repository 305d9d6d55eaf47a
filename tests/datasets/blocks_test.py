"""An image is decoded once for all of its conditions, in the order promised."""

import numpy as np
import pytest
import tensorflow as tf

from qualnet_tf.datasets import blocks, pipeline

CONDITIONS = [pipeline.CLEAN, ("contrast", 2), ("brightness", 5)]


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks of three images of 16 pixels."""
    monkeypatch.setattr(blocks, "_BYTES", 3 * 16 * 16 * 12)


def _read(source, **options):
    batches = pipeline.evaluation_batches(
        source, batch_size=4, image_size=16, conditions=CONDITIONS, **options
    )
    found = list(batches.as_numpy_iterator())
    assert len(found) == batches.cardinality()
    return {
        name: np.concatenate([batch[name] for batch in found])
        for name in found[0]
    }


def test_lengths_add_up():
    for count in (1, 3, 889, 890, 50_000):
        lengths = blocks.block_lengths(count, 224)
        assert lengths.sum() == count
        assert len(lengths) == blocks.num_blocks(count, 224)
        assert lengths.max() <= blocks.block_size(224)
    assert blocks.num_blocks(10_000, 32) == 1


def test_blocks_follow_each_other_and_do_not_change_pixels(
    make_source, small_blocks, monkeypatch
):
    cut = _read(make_source(7))
    np.testing.assert_array_equal(
        cut["index"],
        [0, 1, 2] * 3 + [3, 4, 5] * 3 + [6] * 3,
    )
    np.testing.assert_array_equal(
        cut["condition"],
        [*np.repeat([0, 1, 2], 3), *np.repeat([0, 1, 2], 3), 0, 1, 2],
    )
    monkeypatch.setattr(blocks, "_BYTES", 2**29)
    whole = _read(make_source(7))
    order = np.lexsort((cut["index"], cut["condition"]))
    for name in ("image", "label", "index", "condition"):
        np.testing.assert_array_equal(cut[name][order], whole[name])


def test_only_what_is_wanted_is_decoded(make_source, small_blocks):
    source = make_source(7)
    decoded = []

    def decode(element):
        def note(index):
            decoded.append(int(index))
            return index

        index = tf.numpy_function(note, [element["index"]], tf.int64)
        index.set_shape(())
        return {**source.decode({"index": index}), "index": index}

    counting = type(source)(**{**vars(source), "decode": decode})
    wanted = np.array([[0, 1, 1], [0, 0, 0], [1, 0, 1]], bool)
    found = _read(counting, wanted=wanted)
    assert sorted(decoded) == [0, 1, 2, 6]
    np.testing.assert_array_equal(found["index"], [0, 1, 2, 0, 1, 2, 6, 6])
    np.testing.assert_array_equal(
        found["condition"], [1] * 3 + [2] * 3 + [0, 2]
    )


def test_images_are_resized_after_they_were_corrupted(make_source):
    source = make_source(2)
    small = _read(source)
    large = _read(source, output_size=24)
    assert large["image"].shape[1:3] == large["clean_image"].shape[1:3]
    np.testing.assert_allclose(
        large["image"],
        tf.image.resize(small["image"], (24, 24), antialias=True),
        atol=1e-6,
    )
