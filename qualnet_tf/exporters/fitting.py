"""What an export needs of calibration pictures: int8 images, quality heads."""

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from qualnet_tf.exporters.quality import QualityHead, fit_quality_head

# Every so manieth image is kept back to see how good a head is.
_HELD_BACK = 4


@dataclasses.dataclass(frozen=True)
class HeadEvidence:
    """How well a head does on images that it was not fitted to.

    Attributes:
        auroc: Corruption -> probability that a corrupted picture has a lower
            quality score than a clean one, in [0, 1]; 0.5 is chance.
        named: Corruption, or "clean" -> share of its pictures that are called
            by its name.
        num_images: How many clean images there were.
    """

    auroc: dict[str, float]
    named: dict[str, float]
    num_images: int


@dataclasses.dataclass(frozen=True, eq=False)
class Fitted:
    """What came of the calibration pictures.

    Attributes:
        int8_images: float32 [n, side, side, 3], half of them corrupted.
        heads: A head for each kind of statistics that was asked for.
        evidence: How well each does.
    """

    int8_images: np.ndarray
    heads: dict[str, QualityHead]
    evidence: dict[str, HeadEvidence]


def fit(
    batches: Iterable[Any],
    names: Sequence[str],
    statistics: dict[str, Callable[[tf.Tensor], tf.Tensor]],
) -> Fitted:
    """Goes once over the pictures.

    Args:
        batches: Each with image, place, index and is_mixed, as
            `training.calibration_pictures` gives them.
        names: What `place` counts; "clean" first.
        statistics: Kind -> function of images, for which a head is fitted.
    """
    kept: list[np.ndarray] = []
    found: dict[str, list[np.ndarray]] = {kind: [] for kind in statistics}
    place, index = [], []
    for batch in batches:
        kept.append(batch.image[batch.is_mixed])
        place.append(batch.place)
        index.append(batch.index)
        for kind, measure in statistics.items():
            found[kind].append(np.asarray(measure(tf.constant(batch.image))))
    places, indices = np.concatenate(place), np.concatenate(index)
    heads, evidence = {}, {}
    for kind, parts in found.items():
        heads[kind], evidence[kind] = _fit_head(
            np.concatenate(parts), places, indices, tuple(names)
        )
    return Fitted(np.concatenate(kept), heads, evidence)


def _fit_head(
    statistics: np.ndarray,
    place: np.ndarray,
    index: np.ndarray,
    names: tuple[str, ...],
) -> tuple[QualityHead, HeadEvidence]:
    is_held_back = index % _HELD_BACK == 0
    tried = fit_quality_head(
        statistics[~is_held_back], place[~is_held_back], names
    )
    evidence = _examine(tried, statistics[is_held_back], place[is_held_back])
    # What is exported has seen every picture.
    return fit_quality_head(statistics, place, names), evidence


def _examine(
    head: QualityHead, statistics: np.ndarray, place: np.ndarray
) -> HeadEvidence:
    from sklearn.metrics import roc_auc_score

    outputs = head(tf.constant(statistics))
    score = outputs["quality_score"].numpy()
    said = np.array([each.decode() for each in outputs["corruption"].numpy()])
    auroc, named = {}, {}
    for number, name in enumerate(head.names):
        is_it = place == number
        named[name] = float((said[is_it] == name).mean())
        if number:
            both = is_it | (place == 0)
            auroc[name] = float(roc_auc_score(place[both] == 0, score[both]))
    return HeadEvidence(auroc, named, int((place == 0).sum()))
