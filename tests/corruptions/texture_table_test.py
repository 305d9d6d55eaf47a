"""The table of measured statistics is complete and consistent."""

import numpy as np
import pytest

from qualnet_tf.corruptions import texture_statistics, texture_table


@pytest.mark.parametrize("kind", texture_table.KINDS)
def test_statistics_are_possible(kind):
    found = texture_table.statistics(kind)
    assert found.levels.shape == (len(texture_statistics.SHARES), 3)
    assert (np.diff(found.levels, axis=0) >= 0).all()
    assert found.levels.min() >= 0 and found.levels.max() <= 255
    assert found.light.shape == (4, 3)
    assert found.rings.shape == (len(texture_statistics.RING_EDGES) - 1, 3, 3)
    assert (np.linalg.eigvalsh(found.rings) > 0).all()


def test_columns_belong_to_their_kind():
    # Only the sheet is blue, and the needles are the brightest.
    medians = {
        kind: texture_table.statistics(kind).levels[13]
        for kind in texture_table.KINDS
    }
    assert medians["sheet"][2] > 2 * medians["sheet"][0]
    assert max(medians, key=lambda kind: medians[kind][1]) == "needles"
    red = texture_table.statistics("ferns").rings[0, 0, 0]
    np.testing.assert_allclose(np.sqrt(red), 654.4)
