"""Embeddings at high and low quality as a file, NumPy only."""

import dataclasses
import math
import os

import numpy as np

from qualnet_tf.evaluation.array_files import load_arrays, save_fields


@dataclasses.dataclass(frozen=True, eq=False)
class FeaturePairs:
    """What an evaluation found out about embeddings at two qualities.

    Attributes:
        positions_hq: float32 [n, 2], a t-SNE of the embeddings of some images
            at high quality.
        positions_lq: The same images at low quality, in the same t-SNE.
        labels: int32 [n], the class of each, a place in `class_names`.
        class_names: The classes of these n images.
        num_images: How many images the two numbers are taken over.
        distance_ratio: See `metrics.feature_pairs.pair_distance_ratio`.
        purity: See `metrics.feature_pairs.neighbour_purity`; of the
            `NUM_NEIGHBOURS` nearest.
        low_side: Side of the low-quality images before they were enlarged
            again, pixels.
        num_classes: How many classes the `num_images` are of; by chance the
            purity would be about one by this.

    Raises:
        ValueError: If the values do not fit together or lie out of range.
    """

    positions_hq: np.ndarray
    positions_lq: np.ndarray
    labels: np.ndarray
    class_names: tuple[str, ...]
    num_images: int
    distance_ratio: float
    purity: float
    low_side: int
    num_classes: int

    def __post_init__(self):
        names = tuple(str(each) for each in self.class_names)
        object.__setattr__(self, "class_names", names)
        for name in ("num_images", "low_side", "num_classes"):
            object.__setattr__(self, name, int(getattr(self, name)))
        for name in ("distance_ratio", "purity"):
            object.__setattr__(self, name, float(getattr(self, name)))
        self._set_array("labels", np.int32, (np.size(self.labels),))
        for name in ("positions_hq", "positions_lq"):
            self._set_array(name, np.float32, (len(self.labels), 2))
        self._check_range()

    def _set_array(self, name: str, dtype: type, shape: tuple) -> None:
        array = np.asarray(getattr(self, name))
        if array.shape != shape or not np.isfinite(array).all():
            raise ValueError(
                f"feature pairs: {name} is {array.shape}, expected {shape} of "
                "finite numbers"
            )
        object.__setattr__(self, name, array.astype(dtype))

    def _check_range(self) -> None:
        num_shown, num_names = len(self.labels), len(self.class_names)
        # Written so that NaN fails too.
        legal = {
            "labels": num_shown > 0
            and 0 <= self.labels.min()
            and self.labels.max() < num_names,
            "class_names": num_names <= self.num_classes,
            "num_images": self.num_images >= num_shown,
            "distance_ratio": 0 <= self.distance_ratio < math.inf,
            "purity": 0 <= self.purity <= 1,
            "low_side": self.low_side >= 1,
        }
        for name, is_legal in legal.items():
            if not is_legal:
                raise ValueError(
                    f"feature pairs: {name} is {getattr(self, name)}, out of "
                    f"range for {num_shown} images of {num_names} classes"
                )


def save_feature_pairs(pairs: FeaturePairs, path: str | os.PathLike) -> None:
    """Writes the pairs to `path` (.npz), all or nothing."""
    save_fields(pairs, path)


def load_feature_pairs(path: str | os.PathLike) -> FeaturePairs:
    """Reads what `save_feature_pairs` wrote.

    Raises:
        ValueError: If the file is missing, damaged or something else.
    """
    return load_arrays(FeaturePairs, path, "feature pairs")
