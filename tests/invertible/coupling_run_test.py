"""CouplingRun: the numbers of single blocks, its weights, its files."""

import keras
import numpy as np
import pytest

from qualnet_tf.invertible.coupling import AdditiveCoupling
from qualnet_tf.invertible.coupling_run import CouplingRun
from tests.invertible import gradient_cases

SHAPE = (2, 4, 6, 8)


def _built(num_blocks=3, **kwargs):
    run = CouplingRun(num_blocks, 4, bottleneck_ratio=2, name="run", **kwargs)
    run.build((None, *SHAPE[1:]))
    gradient_cases.randomize(run)
    return run


def _inputs(seed=0):
    return np.random.default_rng(seed).normal(size=SHAPE).astype("float32")


def _blocks(run):
    """Single blocks with the run's weights."""
    blocks = []
    for index in range(run.num_blocks):
        block = AdditiveCoupling(4, bottleneck_ratio=2)
        block.build((None, *SHAPE[1:]))
        block.set_weights(run.block_values(index))
        blocks.append(block)
    return blocks


@pytest.mark.parametrize("training", [False, True])
def test_equals_its_blocks(training):
    run, x = _built(), _inputs()
    blocks = _blocks(run)
    looped, statistics = run.pure_call(
        [keras.ops.convert_to_tensor(v) for v in run.variables], x, training
    )
    expected = x
    for block in blocks:
        expected = block(expected, training=training)
    np.testing.assert_allclose(looped, expected, atol=1e-6)
    np.testing.assert_allclose(run(x, training=training), expected, atol=1e-6)
    assert len(statistics) == (6 if training else 0)
    for index, block in enumerate(blocks):
        for row, value in zip(
            run.block_values(index), block.get_weights(), strict=True
        ):
            np.testing.assert_allclose(row, value, atol=1e-6)
    for looped_statistic, statistic in zip(
        statistics, run.statistics, strict=False
    ):
        np.testing.assert_allclose(looped_statistic, statistic, atol=1e-6)


def test_order_of_the_blocks_matters():
    """So the test above would see a loop that runs the wrong way."""
    run, x = _built(), _inputs()
    backwards = x
    for block in reversed(_blocks(run)):
        backwards = block(backwards)
    assert np.max(np.abs(backwards - run(x))) > 0.01


def test_loop_and_unrolled_inverse_agree():
    run, x = _built(), _inputs()
    z = run(x)
    looped = run.pure_inverse(
        [keras.ops.convert_to_tensor(v) for v in run.variables], z
    )
    np.testing.assert_allclose(looped, x, atol=1e-5)
    np.testing.assert_allclose(run.inverse(z), x, atol=1e-5)


def test_every_block_starts_by_itself():
    run = CouplingRun(4, 32, bottleneck_ratio=1)
    run.build((None, 4, 4, 64))
    (kernel, *_) = [v for v in run.variables if v.path.endswith("1/kernel")]
    kernel = np.asarray(kernel)
    assert kernel.shape == (4, 3, 3, 32, 32)
    for row in range(1, 4):
        assert (
            abs(np.corrcoef(kernel[0].ravel(), kernel[row].ravel())[0, 1]) < 0.1
        )
    # A third over the fan-in of one block, not of the stack.
    for row in kernel:
        assert np.var(row) == pytest.approx(1 / (3 * 9 * 32), rel=0.05)


def test_paths_and_shapes_of_the_stacks():
    shapes = {v.path: v.shape for v in _built().variables}
    assert shapes["run/convolution1/kernel"] == (3, 3, 3, 4, 2)
    assert shapes["run/norm3/moving_variance"] == (3, 2)
    assert len(shapes) == 15


def test_files_hold_single_blocks():
    store = {}
    for group in _built().groups:
        own = {}
        group.save_own_variables(own)
        store[group.name] = own
    run = _built()
    assert list(store["convolution2"]) == [
        "block01_kernel",
        "block02_kernel",
        "block03_kernel",
    ]
    np.testing.assert_array_equal(
        store["norm1"]["block02_gamma"], run.block_values(1)[0]
    )


def test_refuses_a_file_of_another_length():
    store = {}
    (group, *_) = _built().groups
    group.save_own_variables(store)
    (other, *_) = _built(num_blocks=4).groups
    with pytest.raises(
        ValueError, match="expected the weights of 4 blocks .16 arrays., rec"
    ):
        other.load_own_variables(store)


def test_frozen_it_uses_stored_statistics():
    run, x = _built(), _inputs()
    expected = run(x, training=False)
    run.trainable = False
    np.testing.assert_array_equal(run(x, training=True), expected)


@pytest.mark.parametrize("num_blocks", [0, 1.5])
def test_refuses_bad_numbers_of_blocks(num_blocks):
    with pytest.raises(ValueError, match="num_blocks: expected a whole"):
        CouplingRun(num_blocks, 4)


def test_refuses_channels_that_do_not_match():
    with pytest.raises(ValueError, match="expected 8 channels .two halves"):
        CouplingRun(2, 4).build((None, 4, 4, 6))
