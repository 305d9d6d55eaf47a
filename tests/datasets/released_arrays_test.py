"""CIFAR-10-C's arrays: blocks by severity, lengths checked."""

import numpy as np
import pytest

from qualnet_tf.datasets.released_sets import open_released

NAMES = ("a", "b", "c")
LABELS = np.array([0, 2, 1, 1])


def _write(folder, names=("fog", "snow"), labels=LABELS, repeat=5):
    for number, name in enumerate(names):
        pixels = np.random.default_rng(number).integers(
            0, 256, (20, 8, 8, 3), dtype=np.uint8
        )
        np.save(folder / f"{name}.npy", pixels)
    np.save(folder / "labels.npy", np.tile(labels, repeat))


@pytest.mark.parametrize("repeat", [1, 5])
def test_a_condition_is_its_block(tmp_path, repeat):
    _write(tmp_path, repeat=repeat)
    found = open_released(str(tmp_path), NAMES)
    assert found.conditions == tuple(
        (name, severity) for name in ("snow", "fog") for severity in range(1, 6)
    )
    source = found.open("snow", 4)
    array = np.load(tmp_path / "snow.npy")
    examples = [source.decode(element) for element in source.elements()]
    assert [int(each["label"]) for each in examples] == LABELS.tolist()
    for place, each in enumerate(examples):
        np.testing.assert_array_equal(each["image"], array[12 + place])


def test_what_is_lacking_is_named(tmp_path):
    _write(tmp_path)
    found = open_released(str(tmp_path), NAMES)
    chosen, lacking = found.choose(("fog", "frost"), (2, 3))
    assert chosen == (("fog", 2), ("fog", 3))
    assert lacking == ("frost",)
    with pytest.raises(ValueError, match="expected some of frost, received"):
        found.choose(("frost",), (1,))


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [
        ((19, 8, 8, 3), np.uint8),
        ((20, 8, 8), np.uint8),
        ((20, 8, 8, 1), np.uint8),
        ((20, 8, 8, 3), np.float32),
    ],
)
def test_an_array_of_wrong_length_is_refused(tmp_path, shape, dtype):
    _write(tmp_path)
    np.save(tmp_path / "snow.npy", np.zeros(shape, dtype))
    with pytest.raises(ValueError, match=r"snow.npy: expected uint8 \[20"):
        open_released(str(tmp_path), NAMES)


@pytest.mark.parametrize("labels", [np.array([0, 1, 2, 3]), np.zeros(4)])
def test_labels_that_are_no_classes_are_refused(tmp_path, labels):
    _write(tmp_path, labels=labels)
    with pytest.raises(ValueError, match="expected labels 0 to 2|whole numb"):
        open_released(str(tmp_path), NAMES)


def test_a_truncated_array_is_refused(tmp_path):
    _write(tmp_path)
    path = tmp_path / "fog.npy"
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(ValueError, match="fog.npy: not a whole NumPy array"):
        open_released(str(tmp_path), NAMES)


def test_labels_alone_are_no_set(tmp_path):
    _write(tmp_path, names=())
    with pytest.raises(ValueError, match="expected arrays such as fog.npy"):
        open_released(str(tmp_path), NAMES)
