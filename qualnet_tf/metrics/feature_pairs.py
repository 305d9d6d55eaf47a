"""How far embeddings move when only the quality of the picture changes.

Embeddings come in pairs: h_i of image i at high quality (HQ) and l_i of the
same image at low quality (LQ). All distances are Euclidean, so neither number
changes when the embeddings are shifted, rotated or scaled together.
"""

from collections.abc import Iterator

import numpy as np

NUM_NEIGHBOURS = 10
# Rows of a distance matrix computed at once: they are [this, images].
_CHUNK = 512


def pair_distance_ratio(hq, lq) -> float:
    """Returns how far an image moves, measured by how far images lie apart.

        ratio = mean_i |h_i - l_i| / mean_{i != j} |h_i - h_j|

    With 0 quality does not matter; with 1 an image moves as far as to another
    image. There is no upper end.

    Args:
        hq: [images, channels], at high quality.
        lq: Same shape; row i is image i at low quality.

    Raises:
        ValueError: If the shapes do not fit, there are fewer than two images,
            a number is not finite, or all of `hq` are equal.
    """
    hq, lq = _checked(hq, lq)
    moved = np.linalg.norm(hq - lq, axis=1).mean()
    total = 0.0
    for start, squared in _squared_distances(hq, hq):
        rows = np.arange(len(squared))
        # Rounding would leave an image at a distance from itself.
        squared[rows, start + rows] = 0.0
        total += np.sqrt(squared, out=squared).sum()
    return float(moved / (total / (len(hq) * (len(hq) - 1))))


def neighbour_purity(
    queries,
    references,
    query_labels,
    reference_labels,
    k: int = NUM_NEIGHBOURS,
) -> float:
    """Returns how many of the nearest images are of the query's class.

        purity = mean_i |{j in N_i : class of h_j is class of l_i}| / k

    where N_i are the k nearest to l_i among all h_j with j != i: finding the
    image itself would say nothing about its class. By chance the purity is
    the share of the class among the other images. Of references at the same
    distance any may be taken.

    Args:
        queries: [images, channels], at low quality.
        references: Same shape; row i is image i at high quality.
        query_labels: The class of each query [images].
        reference_labels: The class of each reference [images].
        k: How many neighbours, from 1 to the number of other images.

    Returns:
        A fraction in [0, 1].

    Raises:
        ValueError: If the shapes do not fit, there are fewer than two images,
            k is out of range, a number is not finite, all references are
            equal, or an image has two classes.
    """
    references, queries = _checked(references, queries)
    labels = _checked_labels(query_labels, reference_labels, len(references))
    if not 1 <= k < len(references):
        raise ValueError(
            f"k={k}: expected 1 to the {len(references) - 1} other images; "
            "choose another k or use more images"
        )
    num_same = 0
    for start, squared in _squared_distances(queries, references):
        rows = np.arange(len(squared))
        squared[rows, start + rows] = np.inf
        nearest = np.argpartition(squared, k - 1, axis=1)[:, :k]
        own = labels[start + rows, np.newaxis]
        num_same += np.count_nonzero(labels[nearest] == own)
    return num_same / (k * len(references))


def _squared_distances(
    queries: np.ndarray, references: np.ndarray
) -> Iterator[tuple[int, np.ndarray]]:
    """Yields (first query, squared distances [queries, references])."""
    norms = np.einsum("ij,ij->i", references, references)
    for start in range(0, len(queries), _CHUNK):
        rows = queries[start : start + _CHUNK]
        squared = rows @ references.T
        squared *= -2.0
        squared += norms
        squared += np.einsum("ij,ij->i", rows, rows)[:, np.newaxis]
        yield start, np.maximum(squared, 0.0, out=squared)


def _checked(hq, lq) -> tuple[np.ndarray, np.ndarray]:
    """Returns both as float64, shifted so that the mean of `hq` is zero.

    Far from zero, squared distances would lose their digits.
    """
    hq, lq = np.asarray(hq, np.float64), np.asarray(lq, np.float64)
    if hq.ndim != 2 or hq.shape != lq.shape or len(hq) < 2 or not hq.shape[1]:
        raise ValueError(
            "expected embeddings [images, channels] of the same two or more "
            f"images, received {hq.shape} and {lq.shape}"
        )
    is_finite = np.isfinite(hq).all(axis=1) & np.isfinite(lq).all(axis=1)
    if not is_finite.all():
        raise ValueError(
            "embeddings: expected finite numbers, received others for image "
            f"{np.argmin(is_finite)}; the model or its input is damaged"
        )
    if np.all(hq == hq[0]):
        raise ValueError(
            f"embeddings: expected {len(hq)} images that differ, received "
            "equal ones at high quality; the network has collapsed"
        )
    mean = hq.mean(axis=0)
    return hq - mean, lq - mean


def _checked_labels(query_labels, reference_labels, num: int) -> np.ndarray:
    labels, others = np.asarray(query_labels), np.asarray(reference_labels)
    if labels.shape != (num,) or others.shape != (num,):
        raise ValueError(
            f"labels: expected one of each of the {num} images, received "
            f"{labels.shape} and {others.shape}"
        )
    if np.any(labels != others):
        bad = np.argmax(labels != others)
        raise ValueError(
            f"labels: expected one class of image {bad}, received "
            f"{labels[bad]} and {others[bad]}; give both in the same order"
        )
    return labels
