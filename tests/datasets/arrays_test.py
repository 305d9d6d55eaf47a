"""Data sets in memory: what goes in comes out; labels are checked at once."""

import numpy as np
import pytest

from qualnet_tf.datasets.arrays import array_source


def test_images_and_labels_come_out_as_they_went_in():
    images = np.arange(2 * 4 * 4 * 3, dtype=np.uint8).reshape(2, 4, 4, 3)
    source = array_source("two", images, np.array([1, 0]), ("a", "b"))
    assert source.num_examples == 2
    for element in source.elements():
        example = source.decode(element)
        i = int(example["index"])
        np.testing.assert_array_equal(example["image"], images[i])
        assert example["label"] == 1 - i


@pytest.mark.parametrize("label", [-1, 2])
def test_a_label_without_a_class_is_refused_when_opened(label):
    images = np.zeros((2, 4, 4, 3), np.uint8)
    with pytest.raises(ValueError, match=rf"0 to 1 \(2 cl.*received {label}"):
        array_source("two", images, np.array([0, label]), ("a", "b"))
