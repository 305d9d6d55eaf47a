"""Which part of every batch, or of a data set, a process takes."""

import dataclasses

import tensorflow as tf

from qualnet_tf.datasets.source import ImageSource


@dataclasses.dataclass(frozen=True)
class Share:
    """Which part of every batch one worker makes, and in how many pieces.

    A batch of B images is cut by position: worker w of W has those from
    w * B / W on, and cuts them into a piece for each of its replicas.

    Args:
        worker: Place of the worker, from 0 up.
        num_workers: Number of workers.
        local_replicas: Pieces of the worker's part.
    """

    worker: int = 0
    num_workers: int = 1
    local_replicas: int = 1

    @property
    def num_replicas(self) -> int:
        """Pieces of a whole batch."""
        return self.num_workers * self.local_replicas

    def piece_size(self, batch_size: int) -> int:
        """Returns the images of one piece.

        Raises:
            ValueError: If the batch cannot be divided.
        """
        if batch_size % self.num_replicas:
            below = batch_size - batch_size % self.num_replicas
            raise ValueError(
                f"--batch_size={batch_size}: expected a multiple of the "
                f"{self.num_replicas} replicas that share it; choose "
                f"{below or self.num_replicas} or {below + self.num_replicas}"
            )
        return batch_size // self.num_replicas

    def keep(
        self, elements: tf.data.Dataset, batch_size: int
    ) -> tf.data.Dataset:
        """Keeps this worker's part of every batch.

        Args:
            elements: A stream that begins with a batch.
            batch_size: Images of a whole batch.
        """
        if self.num_workers == 1:
            return elements
        part = batch_size // self.num_workers

        def is_ours(position, *_):
            return position % batch_size // part == self.worker

        ours = elements.enumerate().filter(is_ours)
        return ours.map(_without_position)


def every_nth(source: ImageSource, place: int, count: int) -> ImageSource:
    """Returns a part of a data set: images `place`, `place + count`, ...

    Args:
        source: The data set; its elements cost little before they are decoded.
        place: Which part.
        count: Number of parts; all have equally many images.

    Raises:
        ValueError: If there are more parts than images.
    """
    size = part_size(source.name, source.num_examples, count)

    def is_ours(element):
        index = element["index"]
        return (index % count == place) & (index < size * count)

    return dataclasses.replace(
        source,
        num_examples=size,
        elements=lambda seed=None: source.elements(seed).filter(is_ours),
        files=source.files[place : size * count : count],
    )


def part_size(name: str, num_examples: int, count: int) -> int:
    """Returns the images in each of so many parts of a data set.

    Raises:
        ValueError: If there are more parts than images.
    """
    if num_examples < count:
        raise ValueError(
            f"data set {name!r}: expected at least one image for each of "
            f"{count} parts, received {num_examples}; use fewer workers, or "
            "--sharding=example"
        )
    return num_examples // count


def _without_position(_, element):
    return element
