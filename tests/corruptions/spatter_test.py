"""Spatter keeps an image where no drop forms."""

import numpy as np
import tensorflow as tf

from qualnet_tf.corruptions import severities, spatter
from qualnet_tf.corruptions.options import Options
from qualnet_tf.corruptions.seeds import as_seed


def test_without_drops_the_image_stays(monkeypatch):
    dry = ((0.1, 0.01, 1.0, 0.7, 0.6, 0),) * 3 + (
        (0.1, 0.01, 1, 0.7, 1, 1),
    ) * 2
    table = severities.TABLES["cifar_c"] | {"spatter": dry}
    monkeypatch.setitem(severities.TABLES, "cifar_c", table)
    image = tf.random.stateless_uniform([32, 32, 3], (1, 2))
    for severity in (1, 4):
        ours = spatter.spatter(image, severity, as_seed(0), Options("cifar_c"))
        np.testing.assert_array_equal(ours, image)


def test_water_brightens_and_mud_darkens():
    image = tf.fill([64, 64, 3], 0.5)
    water = spatter.spatter(image, 3, as_seed(1), Options("imagenet_c")).numpy()
    assert water.min() == 0.5 and water.max() > 0.6
    mud = spatter.spatter(image, 5, as_seed(1), Options("imagenet_c")).numpy()
    assert mud.max() == 0.5 and mud.min() < 0.3
