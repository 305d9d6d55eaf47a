"""One picture, corrupted, and what every run makes of it."""

import dataclasses

import numpy as np
import tensorflow as tf

from qualnet_tf import corruptions
from qualnet_tf.corruptions import sampling
from qualnet_tf.datasets.augmentation import evaluation_crop
from qualnet_tf.demonstration.tried_runs import TriedRun, TriedRuns

NONE = "none"
TOP = 5


@dataclasses.dataclass(frozen=True, eq=False)
class Reconstruction:
    """A picture that was decoded from features.

    Attributes:
        title: Whose, and of which picture.
        image: float32 [side, side, 3], clipped to [0, 1].
        distance: Mean distance to the clean picture (L1), of [0, 1].
    """

    title: str
    image: np.ndarray
    distance: float


@dataclasses.dataclass(frozen=True, eq=False)
class Opinion:
    """What one run says.

    Attributes:
        name: Of the run.
        method: As training calls it.
        labels: The most probable classes of the corrupted picture.
        shares: Their probabilities.
        clean_label: The most probable class of the clean picture.
        reconstructions: Empty where the run has no decoder.
    """

    name: str
    method: str
    labels: tuple[str, ...]
    shares: tuple[float, ...]
    clean_label: str
    reconstructions: tuple[Reconstruction, ...]


@dataclasses.dataclass(frozen=True, eq=False)
class Trial:
    """What came of one picture.

    Attributes:
        clean: float32 [side, side, 3] in [0, 1], cropped as for evaluation.
        corrupted: The same, corrupted.
        caption: Such as "fog 3", or "not corrupted".
        opinions: One for each run.
    """

    clean: np.ndarray
    corrupted: np.ndarray
    caption: str
    opinions: tuple[Opinion, ...]


def corruption_names() -> tuple[str, ...]:
    """Returns what a visitor can choose, "none" first."""
    shown = (
        *corruptions.TEST_CORRUPTIONS,
        *corruptions.HOLDOUT_CORRUPTIONS,
        "resolution_nearest",
        "resolution_bicubic",
    )
    return (NONE, *shown)


def is_holdout(name: str) -> bool:
    """Returns whether no run of the paper's setting was trained with it."""
    return name in corruptions.HOLDOUT_CORRUPTIONS


def crop(picture: np.ndarray, tried: TriedRuns) -> np.ndarray:
    """Returns the part of a picture that the runs see, as in evaluation.

    Args:
        picture: uint8 [height, width, 3], any size.
        tried: The runs.

    Returns:
        float32 [side, side, 3] in [0, 1].
    """
    return evaluation_crop(tf.constant(picture), tried.image_size).numpy()


def try_picture(
    picture: np.ndarray,
    corruption: str,
    severity: int,
    seed: int,
    tried: TriedRuns,
) -> Trial:
    """Corrupts a picture and asks every run about it.

    Args:
        picture: From `crop`.
        corruption: One of `corruption_names()`.
        severity: From 1 to 5.
        seed: Of the corruption.
        tried: The runs.
    """
    clean = tf.constant(picture)
    corrupted, caption = clean, "not corrupted"
    if corruption != NONE:
        corrupted = corruptions.apply(
            clean, corruption, severity, sampling.fold_seed(seed, 0)
        )
        caption = f"{corruption.replace('_', ' ')} {severity}"
    both = np.stack([clean.numpy(), corrupted.numpy()])
    return Trial(
        clean=both[0],
        corrupted=both[1],
        caption=caption,
        opinions=tuple(
            _ask(run, both, tried.class_names) for run in tried.runs
        ),
    )


def _ask(run: TriedRun, both: np.ndarray, names: tuple[str, ...]) -> Opinion:
    of_clean, of_corrupted = run.classify(both)
    best = np.argsort(-of_corrupted, kind="stable")[:TOP]
    return Opinion(
        name=run.name,
        method=run.method,
        labels=tuple(names[place] for place in best),
        shares=tuple(float(of_corrupted[place]) for place in best),
        clean_label=names[int(np.argmax(of_clean))],
        reconstructions=_reconstructions(run, both),
    )


def _reconstructions(
    run: TriedRun, both: np.ndarray
) -> tuple[Reconstruction, ...]:
    if run.decode is None:
        return ()
    decoded = run.decode(both)
    inverted = run.invert(both[1:])
    return (
        _reconstruction("features of the clean picture", decoded[0], both[0]),
        _reconstruction(
            "features of the corrupted picture", decoded[1], both[0]
        ),
        _reconstruction(
            "for contrast: stage 1's own features of the corrupted picture",
            inverted[0],
            both[0],
        ),
    )


def _reconstruction(
    title: str, image: np.ndarray, clean: np.ndarray
) -> Reconstruction:
    image = np.clip(image, 0, 1)
    factor = clean.shape[0] // image.shape[0]
    if factor > 1:  # a decoder of a smaller side
        side = image.shape[0]
        clean = clean.reshape(side, factor, side, factor, 3).mean((1, 3))
    return Reconstruction(title, image, float(np.abs(image - clean).mean()))
