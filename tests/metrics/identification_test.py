"""Identification against published numbers and against a plain sort."""

import numpy as np
import pytest

from qualnet_tf.metrics.identification import identify
from tests.metrics import orl_pixels


def _random(seed=0, num_probes=40, num_gallery=300, num_people=15):
    generator = np.random.default_rng(seed)
    people = generator.normal(size=(num_people, 6))
    probe_ids = generator.integers(0, num_people, num_probes)
    gallery_ids = generator.integers(-100, num_people, num_gallery)
    gallery_ids[:num_people] = np.arange(num_people)
    gallery = generator.normal(size=(num_gallery, 6))
    known = gallery_ids >= 0
    gallery[known] += people[gallery_ids[known]]
    probes = people[probe_ids] + generator.normal(size=(num_probes, 6))
    return probes, probe_ids, gallery, gallery_ids


def _by_sorting(probes, probe_ids, gallery, gallery_ids):
    """First places and average precisions, by sorting everything."""
    unit = [x / np.linalg.norm(x, axis=1)[:, None] for x in (probes, gallery)]
    order = np.argsort(-(unit[0] @ unit[1].T), axis=1, kind="stable")
    hits = gallery_ids[order] == probe_ids[:, None]
    precision = np.cumsum(hits, axis=1) / np.arange(1, hits.shape[1] + 1)
    mean = (precision * hits).sum(1) / hits.sum(1)
    return 1 + hits.argmax(axis=1), mean


@orl_pixels.needs_faces
def test_orl_pixels():
    pixels = orl_pixels.pixels()
    rows = orl_pixels.rows("identification.csv")
    probes = [row for row in rows if row["role"] == "probe"]
    gallery = [row for row in rows if row["role"] != "probe"]
    assert (len(probes), len(gallery)) == (240, 160)

    def arrays(chosen):
        vectors = np.stack([pixels[row["image"]] for row in chosen])
        ids = [
            -100 if row["role"] == "distractor" else int(row["identity"])
            for row in chosen
        ]
        return vectors, np.array(ids)

    result = identify(*arrays(probes), *arrays(gallery))
    expected = {1: 0.8125, 5: 0.9375, 10: 0.9708, 20: 0.9917}
    assert result.rank_rates == pytest.approx(expected, abs=5e-5)
    assert result.mean_average_precision == pytest.approx(0.7589, abs=5e-5)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("chunk_bytes", [1, 5000, 1 << 20])
def test_agrees_with_a_sort_whatever_the_chunks(seed, chunk_bytes):
    arrays = _random(seed)
    result = identify(*arrays, ranks=(1, 3, 300), chunk_bytes=chunk_bytes)
    places, precisions = _by_sorting(*arrays)
    for k in (1, 3, 300):
        assert result.rank_rates[k] == pytest.approx(np.mean(places <= k))
    assert result.mean_average_precision == pytest.approx(precisions.mean())
    assert (result.num_probes, result.num_gallery) == (40, 300)


def test_ties_go_to_the_earlier_picture():
    same = np.ones((1, 4))
    pair = np.ones((2, 4))
    first = identify(same, [7], pair, [7, -100], ranks=(1, 2))
    second = identify(same, [7], pair, [-100, 7], ranks=(1, 2))
    assert first.rank_rates == {1: 1.0, 2: 1.0}
    assert second.rank_rates == {1: 0.0, 2: 1.0}
    assert second.mean_average_precision == 0.5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"probe_identities": [1]}, r"probes: expected .* and \(1,\)"),
        ({"gallery": np.full((300, 6), np.inf)}, "gallery: .* NaN or infinity"),
        ({"probes": np.ones((40, 5))}, "one size, received 5 and 6"),
        ({"probe_identities": np.full(40, 99)}, "none of identity 99"),
        (
            {"probes": np.ones((0, 6)), "probe_identities": np.ones(0)},
            "at least 1 picture, received none",
        ),
    ],
)
def test_bad_arguments(change, message):
    names = ("probes", "probe_identities", "gallery", "gallery_identities")
    given = dict(zip(names, _random(), strict=True)) | change
    with pytest.raises(ValueError, match=message):
        identify(**given)
