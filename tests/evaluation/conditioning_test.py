"""Each rule speaks where it is broken and is silent elsewhere."""

import pytest

from qualnet_tf.evaluation import conditioning
from qualnet_tf.invertible.diagnostics import BlockError


def _errors(*accumulated, scale=1.0):
    return [
        BlockError(f"block{number}", 1e-7, value, scale)
        for number, value in enumerate(accumulated)
    ]


@pytest.mark.parametrize("error", [2e-4, float("inf")])
def test_round_trip_names_the_block_where_the_error_grew(error):
    assert conditioning.round_trip_warnings(_errors(9e-5, 1.0, 1e-7)) == []
    (text,) = conditioning.round_trip_warnings(_errors(error, 1.9e-4, 1e-7))
    assert f"off by {error:.1e} (expected at most 1e-04)" in text
    assert "--weight_decay" in text
    if error < 1:
        assert "most of it from block1;" in text


def test_backward_pass_looks_at_the_worst_input():
    assert conditioning.backward_pass_warnings(_errors(0.0, 9e-3)) == []
    assert conditioning.backward_pass_warnings(_errors(2.0, scale=300.0)) == []
    (text,) = conditioning.backward_pass_warnings(_errors(0.0, 2e-2))
    assert text.startswith("block1: its input is rebuilt off by 2.0e-02")
    assert text.endswith("train without --memory_saving")


@pytest.mark.parametrize("value", [1001.0, float("inf"), float("nan")])
def test_blocks_that_stretch_or_scale_are_named(value):
    fine = {"block0": 1000.0}, {"block0": 100.0}
    assert conditioning.block_warnings(*fine) == []
    (text,) = conditioning.block_warnings({"block1": value}, fine[1])
    assert text.startswith("block1: its residual function stretches")
    (text,) = conditioning.block_warnings(fine[0], {"block2": value})
    assert text.startswith("block2: a batch norm multiplies a channel")
