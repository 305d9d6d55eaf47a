"""The numbers agree with SciPy and scikit-learn, and mean what they say."""

import tracemalloc

import numpy as np
import pytest
from scipy.spatial import distance
from scipy.stats import ortho_group
from sklearn.neighbors import NearestNeighbors

from qualnet_tf.metrics import feature_pairs
from qualnet_tf.metrics.feature_pairs import (
    neighbour_purity,
    pair_distance_ratio,
)


@pytest.fixture(scope="module")
def pairs():
    """HQ and LQ embeddings [60, 7] and labels of 4 classes that overlap."""
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 4, 60)
    hq = generator.normal(size=(4, 7))[labels] + generator.normal(size=(60, 7))
    return hq, hq + 0.4 * generator.normal(size=(60, 7)), labels


def measures(hq, lq, labels, k=5):
    purity = neighbour_purity(lq, hq, labels, labels, k)
    return pair_distance_ratio(hq, lq), purity


def test_ratio_agrees_with_scipy(pairs):
    hq, lq, _ = pairs
    moved = np.mean(np.diag(distance.cdist(hq, lq)))
    assert pair_distance_ratio(hq, lq) == pytest.approx(
        moved / distance.pdist(hq).mean(), rel=1e-12
    )


@pytest.mark.parametrize("k", [1, 10, 59])
def test_purity_agrees_with_scikit_learn(pairs, k):
    hq, lq, labels = pairs
    shares = []
    for place, query in enumerate(lq):
        others = np.delete(np.arange(60), place)
        search = NearestNeighbors(n_neighbors=k).fit(hq[others])
        nearest = others[search.kneighbors([query], return_distance=False)[0]]
        shares.append(np.mean(labels[nearest] == labels[place]))
    found = neighbour_purity(lq, hq, labels, labels, k)
    assert found == pytest.approx(np.mean(shares), rel=1e-12)


def test_ratio_by_hand():
    hq = np.array([[0, 0], [3, 4], [6, 8]])
    assert pair_distance_ratio(hq, hq + [0, 2]) == pytest.approx(6 / 20)


def test_purity_by_hand():
    hq = [[0.0], [1.0], [10.0], [11.0]]
    # The first two fell among the images of the other class.
    lq = [[10.4], [10.6], [10.0], [11.0]]
    labels = [5, 5, 7, 7]
    assert neighbour_purity(lq, hq, labels, labels, k=1) == 0.5
    assert neighbour_purity(lq, hq, labels, labels, k=3) == pytest.approx(1 / 3)
    assert neighbour_purity(hq, hq, labels, labels, k=1) == 1.0


def test_an_image_is_no_neighbour_of_itself():
    hq = np.eye(4)
    labels = np.arange(4)
    assert neighbour_purity(hq, hq, labels, labels, k=1) == 0.0


def test_ratio_of_equal_pairs_is_zero(pairs):
    hq, _, _ = pairs
    assert pair_distance_ratio(hq, hq) == 0.0


def test_ratio_is_one_when_an_image_becomes_another():
    hq = np.array([[0.0], [1.0]])
    assert pair_distance_ratio(hq, hq[::-1]) == 1.0


def test_shift_rotation_and_scale_change_nothing(pairs):
    hq, lq, labels = pairs
    rotation = ortho_group.rvs(7, random_state=1)
    moved = [3 * (each @ rotation) + 1e8 for each in (hq, lq)]
    assert measures(*moved, labels) == pytest.approx(measures(*pairs), rel=1e-6)


def test_images_may_be_there_twice(pairs):
    hq, lq, _ = (np.concatenate([each, each]) for each in pairs)
    moved = np.linalg.norm(hq - lq, axis=1).mean()
    assert pair_distance_ratio(hq, lq) == pytest.approx(
        moved / distance.pdist(hq).mean(), rel=1e-6
    )


def test_the_order_of_images_does_not_matter(pairs):
    order = np.random.default_rng(2).permutation(60)
    assert measures(*(each[order] for each in pairs)) == pytest.approx(
        measures(*pairs), rel=1e-12
    )


@pytest.mark.parametrize("chunk", [1, 7, 60])
def test_chunks_change_nothing(pairs, monkeypatch, chunk):
    whole = measures(*pairs)
    monkeypatch.setattr(feature_pairs, "_CHUNK", chunk)
    assert measures(*pairs) == pytest.approx(whole, rel=1e-12)


def test_half_precision_is_computed_in_full(pairs):
    hq, lq = (1000 * each.astype(np.float16) for each in pairs[:2])
    doubles = (hq.astype(np.float64), lq.astype(np.float64), pairs[2])
    assert measures(hq, lq, pairs[2]) == measures(*doubles)


def test_memory_stays_far_below_the_whole_matrix():
    embeddings = np.random.default_rng(3).normal(size=(6000, 2))
    tracemalloc.start()
    measures(embeddings, embeddings + 1, np.zeros(6000, int))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 0.4 * 6000 * 6000 * 8


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"lq": np.ones((59, 7))}, r"received \(60, 7\) and \(59, 7\)"),
        ({"lq": np.ones((60, 1))}, r"received \(60, 7\) and \(60, 1\)"),
        ({"hq": np.ones(5), "lq": np.ones(5)}, "two or more images"),
        ({"hq": [[1.0]], "lq": [[1.0]]}, "two or more images"),
        ({"hq": np.ones((60, 0)), "lq": np.ones((60, 0))}, "two or more"),
        ({"hq": np.full((60, 7), 0.1)}, "60 images that differ"),
    ],
)
def test_bad_embeddings_are_refused(pairs, changes, message):
    given = dict(zip(("hq", "lq", "labels"), pairs, strict=True)) | changes
    with pytest.raises(ValueError, match=message):
        pair_distance_ratio(given["hq"], given["lq"])
    with pytest.raises(ValueError, match=message):
        neighbour_purity(
            given["lq"], given["hq"], given["labels"], given["labels"]
        )


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_damaged_embeddings_are_refused(pairs, place, value):
    damaged = [pairs[0].copy(), pairs[1].copy()]
    damaged[place][17, 3] = value
    with pytest.raises(ValueError, match="received others for image 17"):
        pair_distance_ratio(*damaged)


@pytest.mark.parametrize("k", [0, 60])
def test_k_out_of_range_is_refused(pairs, k):
    hq, lq, labels = pairs
    with pytest.raises(ValueError, match=f"k={k}: expected 1 to the 59 other"):
        neighbour_purity(lq, hq, labels, labels, k)


def test_labels_that_do_not_fit_are_refused(pairs):
    hq, lq, labels = pairs
    with pytest.raises(ValueError, match=r"received \(60,\) and \(59,\)"):
        neighbour_purity(lq, hq, labels, labels[1:])
    with pytest.raises(ValueError, match=r"received \(60, 1\) and"):
        neighbour_purity(lq, hq, labels[:, None], labels)
    other = labels.copy()
    other[4] = 9
    message = f"one class of image 4, received {labels[4]} and 9"
    with pytest.raises(ValueError, match=message):
        neighbour_purity(lq, hq, labels, other)
