"""Tables are complete and chosen by size."""

import numpy as np
import pytest
import tensorflow as tf

from qualnet_tf import corruptions
from qualnet_tf.corruptions import severities


def test_tables_have_a_row_for_every_severity_of_every_name():
    for table in severities.TABLES.values():
        assert sorted(table) == sorted(corruptions.names())
        for name, rows in table.items():
            assert len(rows) == corruptions.num_severities(name)
            lengths = {len(r) if isinstance(r, tuple) else 1 for r in rows}
            assert len(lengths) == 1


@pytest.mark.parametrize(
    ("height", "width", "table"),
    [
        (224, 224, "imagenet_c"),
        (160, 500, "imagenet_c"),
        (500, 159, "tiny_imagenet_c"),
        (48, 48, "tiny_imagenet_c"),
        (47, 224, "cifar_c"),
        (16, 16, "cifar_c"),
    ],
)
def test_table_by_shorter_side(height, width, table):
    assert severities.table_for(height, width) == table
    assert severities.table_for(height, width, "cifar_c") == "cifar_c"


def test_choose_and_branch_take_ints_and_tensors():
    values = [1.5, 2.5, 3.5, 4.5, 5.5]
    functions = [lambda v=v: tf.constant(v) for v in values]

    @tf.function(autograph=False)
    def graph(severity):
        return (
            severities.choose(values, severity),
            severities.branch(functions, severity),
        )

    for severity, value in enumerate(values, start=1):
        assert severities.choose(values, severity) == value
        assert severities.branch(functions, severity) == value
        np.testing.assert_array_equal(graph(tf.constant(severity)), value)
