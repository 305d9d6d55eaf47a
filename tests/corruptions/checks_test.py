"""Bad input is refused with what came, what was expected and a remedy."""

import numpy as np
import pytest
import tensorflow as tf

from qualnet_tf import corruptions
from qualnet_tf.corruptions import checks

GREY = np.full((32, 32, 3), 0.5, np.float32)


def apply(image=GREY, severity=1, seed=0, table="auto"):
    options = corruptions.Options(severity_table=table)
    return corruptions.apply(image, "contrast", severity, seed, options)


@pytest.mark.parametrize("severity", [0, 6, -1, 2.0, "3", None, True])
def test_severity_outside_1_to_5(severity):
    message = "severity.* must be an integer from 1 to 5, received .*; leave"
    with pytest.raises(ValueError, match=message):
        apply(severity=severity)


def test_severity_tensor_of_wrong_type_or_range():
    with pytest.raises(ValueError, match="from 1 to 5, received 6"):
        apply(severity=tf.constant(6))

    @tf.function(autograph=False)
    def graph(severity):
        return apply(severity=severity)

    with pytest.raises(ValueError, match="scalar integer, received float32"):
        graph(tf.constant(1.0))
    with pytest.raises(tf.errors.InvalidArgumentError):
        graph(tf.constant(6))


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((32, 32, 3), np.uint8), "received uint8; cast"),
        (np.zeros((32, 32, 3)), "must be float32 .* received float64"),
        (np.zeros((2, 32, 32, 3), np.float32), "one image at a time"),
        (np.zeros((32, 32, 1), np.float32), "repeat a grey channel"),
        (np.zeros((32, 32), np.float32), r"\[height, width, 3\], received"),
        (np.zeros((15, 32, 3), np.float32), "at least 16 .* 15x32; enlarge"),
        (GREY * np.nan, "received nan to nan; divide"),
        (GREY * 255, "received 127.5 to 127.5; divide"),
        (GREY - 1, "in .0, 1., received -0.5"),
    ],
)
def test_image_not_as_described(image, message):
    with pytest.raises(ValueError, match=message):
        apply(image)


def test_unknown_side():
    signature = [tf.TensorSpec([None, 32, 3])]
    graph = tf.function(apply, input_signature=signature, autograph=False)
    with pytest.raises(ValueError, match="static height and width"):
        graph.get_concrete_function()


def test_unknown_table():
    message = "unknown severity table 'c': expected auto or one of imagenet_c"
    with pytest.raises(ValueError, match=message):
        apply(table="c")


@pytest.mark.parametrize("seed", [(1, 2, 3), 1.5, (0.5, 1.0)])
def test_seed_of_wrong_kind(seed):
    with pytest.raises(ValueError, match="an int or two ints, received"):
        apply(seed=seed)


def test_every_level_survives_truncation_and_rounding():
    levels = np.arange(256, dtype=np.float32)
    for function in (checks.truncate_to_8_bits, checks.round_to_8_bits):
        kept = function(tf.constant(levels / 255)).numpy()
        np.testing.assert_array_equal(np.round(kept * 255), levels)
        assert kept.max() == 1.0
    halves = tf.constant((levels[:-1] + 0.5) / 255)
    truncated = checks.truncate_to_8_bits(halves).numpy() * 255
    np.testing.assert_allclose(truncated, levels[:-1], atol=1e-4)


@pytest.mark.parametrize("value", [np.nan, 1.5, -0.01, np.inf])
def test_values_out_of_range_fail_in_a_graph_too(value):
    images = np.full((2, 32, 32, 3), 0.5, np.float32)
    images[1, 3, 4, 1] = value
    dataset = tf.data.Dataset.from_tensor_slices(images)
    corrupted = iter(
        dataset.map(lambda image: corruptions.apply(image, "contrast", 1, 0))
    )
    next(corrupted)
    message = r"image values must lie in \[0, 1\]"
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        next(corrupted)
