"""Lengths after scaling."""

import numpy as np

from qualnet_tf.metrics.unit_vectors import unit_vectors


def test_rows_have_length_one_and_zeros_stay():
    rows = np.array([[3, 4], [0, 0], [-1e-3, 0]], np.float32)
    expected = [[0.6, 0.8], [0, 0], [-1, 0]]
    np.testing.assert_allclose(unit_vectors(rows), expected, rtol=1e-6)
