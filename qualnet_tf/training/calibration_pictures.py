"""Training images, clean and under every test corruption, for an export.

What is fitted to a finished classifier - the ranges of int8, the head that
names a corruption - must not see test images.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from qualnet_tf.config import TrainConfig
from qualnet_tf.corruptions import TEST_CORRUPTIONS
from qualnet_tf.datasets import pipeline
from qualnet_tf.training import inputs

# "clean" first; what `CalibrationBatch.place` counts.
NAMES = ("clean", *TEST_CORRUPTIONS)
# The mildest, the middle and the strongest: all five would cost more and say
# little else.
SEVERITIES = (1, 3, 5)
_BATCH_SIZE = 64


class CalibrationBatch(NamedTuple):
    """Some images.

    Attributes:
        image: float32 [n, side, side, 3] in [0, 1].
        place: int [n], what each image is: its place in `NAMES`.
        index: int [n], which training image it was made of, from 0 up.
        is_mixed: bool [n], which are of the mixture that has every training
            image once: half of them clean, the rest under every corruption
            and severity in turn.
    """

    image: np.ndarray
    place: np.ndarray
    index: np.ndarray
    is_mixed: np.ndarray


def calibration_batches(
    config: TrainConfig, num_images: int, seed: int, split: str = "train"
) -> Iterator[CalibrationBatch]:
    """Yields images of a run under every condition.

    Args:
        config: The run.
        num_images: Use the first so many; fewer where there are fewer.
        seed: Of the corruptions.
        split: "train", or "validation" to see how good what was fitted is.

    Raises:
        ValueError: If the data set is not there any more.
    """
    conditions = [
        pipeline.CLEAN,
        *((name, s) for name in TEST_CORRUPTIONS for s in SEVERITIES),
    ]
    place = np.array([0] + [NAMES.index(name) for name, _ in conditions[1:]])
    source = inputs.open_split(config, split)
    for batch in pipeline.evaluation_batches(
        source,
        batch_size=_BATCH_SIZE,
        image_size=config.image_size,
        conditions=conditions,
        max_images=num_images,
        seed=seed,
        options=inputs.corruption_options(config),
    ):
        condition = batch["condition"].numpy()
        index = batch["index"].numpy()
        yield CalibrationBatch(
            image=batch["image"].numpy(),
            place=place[condition],
            index=index,
            is_mixed=condition == _mixture(index, len(conditions)),
        )


def _mixture(index: np.ndarray, num_conditions: int) -> np.ndarray:
    """Returns the condition under which each image is in the mixture."""
    in_turn = 1 + (index // 2) % (num_conditions - 1)
    return np.where(index % 2 == 0, 0, in_turn)
