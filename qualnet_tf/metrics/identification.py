"""Face identification: which pictures of a gallery show a probe's person.

Closed-set: every probe has mates in the gallery, among any number of
distractors (Cheng et al., "Low-Resolution Face Recognition", ACCV 2018: 3,728
probes against 157,871 pictures of TinyFace). Ties go to the earlier picture of
the gallery.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from qualnet_tf.metrics.unit_vectors import unit_vectors

# Bytes of the scores that are held at a time.
_CHUNK_BYTES = 256 << 20


@dataclasses.dataclass(frozen=True)
class IdentificationResult:
    """Rates over all probes, in [0, 1].

    Args:
        rank_rates: k -> share of probes with a mate among the first k.
        mean_average_precision: Mean over probes of the mean over their mates
            of the precision at the mate's place.
        num_probes: Number of probes.
        num_gallery: Number of pictures in the gallery.
    """

    rank_rates: dict[int, float]
    mean_average_precision: float
    num_probes: int
    num_gallery: int


def identify(
    probes,
    probe_identities,
    gallery,
    gallery_identities,
    ranks: Sequence[int] = (1, 5, 10, 20),
    chunk_bytes: int = _CHUNK_BYTES,
) -> IdentificationResult:
    """Ranks the gallery by cosine for every probe.

    The scores of all probes are never held at once, and nothing is sorted but
    the places of a probe's own mates.

    Args:
        probes: float [probes, size].
        probe_identities: int [probes].
        gallery: float [pictures, size].
        gallery_identities: int [pictures]; a number that no probe has, -100
            for example, marks a distractor.
        ranks: The k to report.
        chunk_bytes: Largest size of the scores held at a time; at least one
            probe's are.

    Raises:
        ValueError: If arrays do not fit or are not finite, or a probe has no
            mate in the gallery.
    """
    probes, gallery = (np.asarray(x, np.float32) for x in (probes, gallery))
    probe_identities, gallery_identities = (
        np.asarray(x) for x in (probe_identities, gallery_identities)
    )
    _check(probes, probe_identities, gallery, gallery_identities)
    mates = _mates(probe_identities, gallery_identities)
    gallery = unit_vectors(gallery)
    first_places = np.empty(len(probes), np.int64)
    precisions = np.empty(len(probes))
    size = max(1, chunk_bytes // (4 * len(gallery)))
    for start in range(0, len(probes), size):
        scores = unit_vectors(probes[start : start + size]) @ gallery.T
        for number, row in enumerate(scores, start):
            places = _places(row, mates[probe_identities[number]])
            first_places[number] = places[0]
            found = np.arange(1, len(places) + 1)
            precisions[number] = np.mean(found / places)
    return IdentificationResult(
        {int(k): float(np.mean(first_places <= k)) for k in ranks},
        float(np.mean(precisions)),
        len(probes),
        len(gallery),
    )


def _places(scores, mates) -> np.ndarray:
    """Returns the places of some pictures, from 1, ascending.

    A picture's place is one more than how many score higher, or as high and
    stand before it.
    """
    places = [
        1
        + np.count_nonzero(scores > scores[mate])
        + np.count_nonzero(scores[:mate] == scores[mate])
        for mate in mates
    ]
    return np.sort(places)


def _mates(probe_identities, gallery_identities) -> dict[int, np.ndarray]:
    """Returns identity of a probe -> its pictures in the gallery."""
    order = np.argsort(gallery_identities, kind="stable")
    in_order = gallery_identities[order]
    mates = {}
    for identity in np.unique(probe_identities):
        first, last = (
            np.searchsorted(in_order, identity, side)
            for side in ("left", "right")
        )
        if first == last:
            raise ValueError(
                "expected a picture of every probe's person in the gallery, "
                f"received none of identity {identity}; leave the probe out or "
                "add one"
            )
        mates[identity] = order[first:last]
    return mates


def _check(probes, probe_identities, gallery, gallery_identities) -> None:
    for name, vectors, identities in (
        ("probes", probes, probe_identities),
        ("gallery", gallery, gallery_identities),
    ):
        if vectors.ndim != 2 or identities.shape != (len(vectors),):
            raise ValueError(
                f"{name}: expected embeddings [pictures, size] and an identity "
                f"of each, received {vectors.shape} and {identities.shape}"
            )
        if not len(vectors) or not np.isfinite(vectors).all():
            raise ValueError(
                f"{name}: expected finite embeddings of at least 1 picture, "
                f"received {'NaN or infinity' if len(vectors) else 'none'}"
            )
    if probes.shape[1] != gallery.shape[1]:
        raise ValueError(
            "expected probes and gallery of one size, received "
            f"{probes.shape[1]} and {gallery.shape[1]}; one network makes both"
        )
