"""Every step is taken once, in parts with epochs of one length."""

import pytest

from qualnet_tf.training.epoch_spans import epoch_spans


@pytest.mark.parametrize(
    ("step", "total", "expected"),
    [
        (0, 15, [(0, 3, 5)]),
        (5, 15, [(1, 3, 5)]),
        (7, 15, [(1, 2, 3), (2, 3, 5)]),
        (12, 15, [(2, 3, 3)]),
        (0, 12, [(0, 2, 5), (2, 3, 2)]),
        (7, 12, [(1, 2, 3), (2, 3, 2)]),
        (11, 12, [(2, 3, 1)]),
        (1, 3, [(0, 1, 2)]),
        (15, 15, []),
    ],
)
def test_parts(step, total, expected):
    spans = epoch_spans(step, total, 5)
    assert spans == expected
    assert sum((b - a) * steps for a, b, steps in spans) == total - step
