"""Counts from alias tables follow the Poisson distribution."""

import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from qualnet_tf.corruptions import poisson, seeds

PHOTONS = (60, 25, 12, 5, 3)


@pytest.mark.parametrize(("severity", "level"), [(1, 255), (3, 100), (5, 40)])
def test_chi_square_against_poisson(severity, level):
    image = tf.fill([40_000], np.float32(level / 255))
    counts = poisson.sample(image, PHOTONS, severity, seeds.as_seed(7)).numpy()
    rate = PHOTONS[severity - 1] * level / 255
    edges = np.unique(
        scipy.stats.poisson.ppf(np.linspace(0, 1, 12)[1:-1], rate)
    )
    bins = np.concatenate([[-np.inf], edges + 0.5, [np.inf]])
    expected = np.diff(scipy.stats.poisson.cdf(bins, rate)) * len(counts)
    observed = np.histogram(counts, bins)[0]
    assert scipy.stats.chisquare(observed, expected).pvalue > 1e-3


def test_large_rates_use_offsets():
    image = tf.constant(np.repeat([0.0, 0.2, 1.0], 20_000).astype(np.float32))
    photons = (500, 250, 100, 75, 50)
    counts = poisson.sample(image, photons, 1, seeds.as_seed(3)).numpy()
    counts = counts.reshape(3, -1)
    np.testing.assert_array_equal(counts[0], 0)
    np.testing.assert_allclose(counts.mean(axis=1), [0, 100, 500], atol=0.8)
    np.testing.assert_allclose(counts.var(axis=1), [0, 100, 500], rtol=0.05)


def test_tables_hold_the_whole_distribution():
    cells, offsets = poisson.alias_tables(PHOTONS)
    width = cells.shape[-1]
    bits = width.bit_length() - 1
    keep = (cells >> bits) / 2.0 ** (32 - bits)
    alias = cells & (width - 1)
    mass = np.zeros((5, 256, width))
    index = np.arange(5)[:, None, None], np.arange(256)[None, :, None]
    np.add.at(mass, (*index, np.arange(width)), keep / width)
    np.add.at(mass, (*index, alias), (1 - keep) / width)
    counts = np.arange(width) + offsets[..., None]
    rates = np.multiply.outer(PHOTONS, np.arange(256) / 255)[..., None]
    pmf = scipy.stats.poisson.pmf(counts, rates)
    np.testing.assert_allclose(mass, pmf, atol=1e-6)
