"""A configuration of TensorFlow Datasets is a condition, under our names."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

from qualnet_tf.datasets.released_sets import open_released

NAMES = tuple("abcdefghij")


def _prepare(data_dir, config, seed=0):
    """Stores four pictures as if they were CIFAR-10-C."""
    pixels = np.random.default_rng(seed).integers(
        0, 256, (4, 32, 32, 3), dtype=np.uint8
    )
    features = tfds.features.FeaturesDict(
        {
            "image": tfds.features.Image(shape=(32, 32, 3)),
            "label": tfds.features.ClassLabel(num_classes=10),
        }
    )
    data = tf.data.Dataset.from_tensor_slices(
        {"image": pixels, "label": np.arange(4)}
    )
    tfds.dataset_builders.store_as_tfds_dataset(
        name="cifar10_corrupted",
        version="1.0.0",
        features=features,
        split_datasets={"test": data},
        config=config,
        data_dir=data_dir,
        disable_shuffling=True,
    )
    return pixels


@pytest.mark.slow
def test_prepared_configurations_are_conditions(tmp_path):
    data_dir = str(tmp_path)
    _prepare(data_dir, "fog_2")
    pixels = _prepare(data_dir, "frosted_glass_blur_1", seed=1)
    found = open_released("cifar10_corrupted", NAMES, data_dir)
    assert set(found.conditions) == {("fog", 2), ("glass_blur", 1)}
    source = found.open("glass_blur", 1)
    examples = [source.decode(element) for element in source.elements()]
    assert [int(each["label"]) for each in examples] == [0, 1, 2, 3]
    np.testing.assert_array_equal([each["image"] for each in examples], pixels)


@pytest.mark.parametrize("name", ["cifar10_corrupted", "nothing_of_the_kind"])
def test_nothing_prepared_is_one_clear_line(tmp_path, name):
    with pytest.raises(ValueError, match="found neither; correct --corrupted"):
        open_released(name, NAMES, str(tmp_path))
