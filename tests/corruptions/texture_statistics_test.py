"""A drawing takes on measured statistics, and measuring finds them again."""

import dataclasses

import numpy as np

from qualnet_tf.corruptions import texture_statistics


def _picture(height, width):
    """Coloured noise, brighter at the bottom, smoother in red."""
    random = np.random.default_rng(1)
    noise = random.normal(0, 20, (height, width, 3))
    noise[..., 0] = 0.5 * (noise[..., 0] + np.roll(noise[..., 0], 1, 0))
    noise[..., 2] = 0.6 * noise[..., 1] + 0.8 * noise[..., 2]
    slope = np.linspace(-30, 30, height)[:, None, None]
    return np.clip(np.round(noise + slope + (90, 120, 150)), 0, 255)


def test_measure_finds_what_was_put_in():
    found = texture_statistics.measure(_picture(300, 260))
    np.testing.assert_allclose(
        found.light[0], 60 / np.sqrt(12) * np.ones(3), atol=1
    )
    np.testing.assert_allclose(found.light[1:], 0, atol=1)
    np.testing.assert_allclose(found.levels[13], (90, 120, 150), atol=2)
    # Noise spreads evenly; coarse rings hold few waves, so they vary more.
    fine = found.rings[3:]
    np.testing.assert_allclose(fine[:, 1, 1], 400, rtol=0.15)
    np.testing.assert_allclose(fine[:, 2, 2], 400, rtol=0.15)
    np.testing.assert_allclose(fine[:, 1, 2], 0.6 * 400, rtol=0.15)
    # Averaging neighbours leaves (1 + cos) / 2 of a frequency's power.
    assert found.rings[2, 0, 0] > 1.6 * found.rings[8, 0, 0]


def test_impose_gives_a_drawing_these_statistics():
    wanted = texture_statistics.measure(_picture(300, 260))
    drawing = np.random.default_rng(2).uniform(0, 1, (300, 260, 3))
    drawn = texture_statistics.impose(drawing, wanted)
    assert drawn.dtype == np.uint8
    found = texture_statistics.measure(drawn)
    np.testing.assert_allclose(found.levels[2:-2], wanted.levels[2:-2], atol=2)
    np.testing.assert_allclose(found.light, wanted.light, atol=1)
    np.testing.assert_allclose(
        found.rings[3:], wanted.rings[3:], atol=0.15 * 400
    )


def test_size_may_be_odd():
    wanted = texture_statistics.measure(_picture(263, 275))
    wanted = dataclasses.replace(wanted, height=275, width=263)
    drawing = np.random.default_rng(2).normal(0, 1, (275, 263, 3))
    assert texture_statistics.impose(drawing, wanted).shape == (275, 263, 3)
