"""The images that an evaluation shows, condition by condition.

Corrupted images are made here from the clean ones (`MadeImages`), or read from
a set that others made (`ReadImages`). Both come in blocks: block after block,
in each condition after condition, so that whatever was answered completely
can be kept, and only the rest is asked for again.
"""

import dataclasses
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import tensorflow as tf

from qualnet_tf.corruptions import Options
from qualnet_tf.datasets import blocks, pipeline
from qualnet_tf.datasets.encoded import drop_bad_files
from qualnet_tf.datasets.source import ImageSource

Condition = tuple[str | None, int]
Batch = dict[str, np.ndarray]


@dataclasses.dataclass(frozen=True, kw_only=True)
class View:
    """How a picture becomes what a network sees.

    Attributes:
        stored_size: Side to which pictures are cropped, and at which they are
            corrupted, pixels.
        image_size: Side to which they are resized after that.
        batch_size: Images per batch.
    """

    stored_size: int
    image_size: int
    batch_size: int


class MadeImages:
    """Clean images, and corrupted ones made from them.

    Args:
        source: The clean images.
        conditions: Pairs of corruption and severity; `pipeline.CLEAN` among
            them.
        view: How they are seen.
        seed: Of the corruptions.
        options: Of the corruptions.
    """

    def __init__(
        self,
        source: ImageSource,
        conditions: Sequence[Condition],
        view: View,
        *,
        max_images: int | None = None,
        seed: int = 0,
        options: Options | None = None,
    ):
        self.source = source
        self.conditions = tuple(conditions)
        self.view = view
        self._max_images = max_images
        self._seed, self._options = seed, options
        count = min(max_images or source.num_examples, source.num_examples)
        lengths = blocks.block_lengths(count, view.stored_size)
        self.block_size = blocks.block_size(view.stored_size)
        # [blocks, conditions]
        self.lengths = np.repeat(lengths[:, None], len(self.conditions), 1)

    def ids(self, place: int) -> np.ndarray:
        """Returns what the images of a condition are called."""
        return _ids(self.source, self.lengths[:, place].sum())

    def batches(self, wanted: np.ndarray) -> Iterator[Batch]:
        """Yields batches of the wanted blocks of conditions, in order.

        Args:
            wanted: bool [blocks, conditions].
        """
        return self._stream(wanted, self._max_images).as_numpy_iterator()

    def first(self, places: Sequence[int]) -> dict[int, np.ndarray]:
        """Returns the first image under some conditions, by their place."""
        wanted = blocks.every_condition(
            1, self.view.stored_size, len(self.conditions)
        )
        wanted[0] = [p in places for p in range(len(self.conditions))]
        return {
            int(place): image
            for batch in self._stream(wanted, 1).as_numpy_iterator()
            for place, image in zip(
                batch["condition"], batch["image"], strict=True
            )
        }

    def _stream(
        self, wanted: np.ndarray, max_images: int | None
    ) -> tf.data.Dataset:
        return pipeline.evaluation_batches(
            self.source,
            batch_size=self.view.batch_size,
            image_size=self.view.stored_size,
            output_size=self.view.image_size,
            conditions=self.conditions,
            max_images=max_images,
            seed=self._seed,
            options=self._options,
            wanted=wanted,
        )


class ReadImages:
    """Clean images, and corrupted ones that lie on the disk.

    Args:
        source: The clean images.
        conditions: Pairs of corruption and severity; `pipeline.CLEAN` first.
        view: How they are seen.
        open_condition: (corruption, severity) -> its images.
    """

    block_size = np.iinfo(np.int64).max  # a condition is one block

    def __init__(
        self,
        source: ImageSource,
        conditions: Sequence[Condition],
        view: View,
        open_condition: Callable[[str, int], ImageSource],
        max_images: int | None = None,
    ):
        self.source = source
        self.conditions = tuple(conditions)
        self.view = view
        self._max_images = max_images
        self._sources = [
            source if each == pipeline.CLEAN else open_condition(*each)
            for each in self.conditions
        ]
        self.lengths = np.array(
            [
                [
                    min(max_images or s.num_examples, s.num_examples)
                    for s in self._sources
                ]
            ]
        )

    def ids(self, place: int) -> np.ndarray:
        """Returns what the images of a condition are called."""
        return _ids(self._sources[place], self.lengths[0, place])

    def batches(self, wanted: np.ndarray) -> Iterator[Batch]:
        """Yields batches of the wanted conditions, in order.

        Args:
            wanted: bool [1, conditions].

        Raises:
            ValueError: If a file is damaged.
        """
        for place in np.flatnonzero(wanted[0]):
            yield from self._condition(int(place), self._max_images)

    def first(self, places: Sequence[int]) -> dict[int, np.ndarray]:
        """Returns the first image under some conditions, by their place."""
        return {
            place: next(self._condition(place, 1))["image"][0]
            for place in places
        }

    def _condition(self, place: int, max_images: int | None) -> Iterator[Batch]:
        source = self._sources[place]
        batches = pipeline.evaluation_batches(
            source,
            batch_size=self.view.batch_size,
            image_size=self.view.stored_size,
            output_size=self.view.image_size,
            max_images=max_images,
        )
        try:
            for batch in batches.as_numpy_iterator():
                condition = np.full_like(batch["condition"], place)
                yield {**batch, "condition": condition}
        except tf.errors.InvalidArgumentError as error:
            # TensorFlow does not say which file it was.
            drop_bad_files(list(source.files), skip_bad_files=False)
            raise ValueError(f"{source.name}: {error.message}") from error


def _ids(source: ImageSource, count: int) -> np.ndarray:
    if source.ids:
        return np.array(source.ids[:count])
    return np.arange(count)
