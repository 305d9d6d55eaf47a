"""Shows images to classifiers and keeps what they answer.

An answer is kept as soon as a block of a condition is complete, so an
evaluation that is stopped goes on there.
"""

import dataclasses
import time
from collections.abc import Iterator, Sequence

import keras
import numpy as np
from tqdm import tqdm

from qualnet_tf.datasets import pipeline
from qualnet_tf.evaluation.predictions import (
    PredictionFiles,
    Predictions,
    to_half,
)
from qualnet_tf.evaluation.preprocessing_check import check_made
from qualnet_tf.evaluation.shown_images import Batch, MadeImages, ReadImages
from qualnet_tf.subjects.subject import Subject

Images = MadeImages | ReadImages


@dataclasses.dataclass(frozen=True)
class Asked:
    """One classifier and the place of its answers.

    Attributes:
        subject: The classifier.
        files: Where its answers are kept.
        columns: int64 [classes], which of its outputs are the classes of the
            data, in their order; None takes all as they are.
    """

    subject: Subject
    files: PredictionFiles
    columns: np.ndarray | None = None

    def missing(self, images: Images) -> np.ndarray:
        """Returns of what there is no answer: bool [blocks, conditions]."""
        return np.array(
            [
                [
                    length > 0 and not self.files.has(condition, block)
                    for condition, length in zip(
                        images.conditions, row, strict=True
                    )
                ]
                for block, row in enumerate(images.lengths)
            ]
        )


def ask(
    everyone: Sequence[Asked], images: Images, progress: tqdm
) -> dict[int, np.ndarray]:
    """Asks for every answer that is missing.

    Args:
        everyone: Classifiers that see the same images.
        images: What they are shown.
        progress: Moves on with the images.

    Returns:
        The first image under each condition that was shown from its start, by
        the condition's place.

    Raises:
        ValueError: If an answer is no finite number per class. What was
            complete is kept.
    """
    wanted = np.any([each.missing(images) for each in everyone], axis=0)
    first: dict[int, np.ndarray] = {}
    if not wanted.any():
        return first
    subjects = _SideBySide([each.subject for each in everyone])
    answers: list[list[np.ndarray]] = [[] for _ in everyone]
    labels: list[np.ndarray] = []
    clock = _Clock(images.batches(wanted))
    for piece in in_equal_pieces(clock, images, wanted):
        if images.conditions[piece.place] == pipeline.CLEAN:
            check_made(piece.batch["image"], piece.batch["clean_image"])
        if piece.is_first:
            first[piece.place] = piece.batch["image"][0]
        for each, kept, logits in zip(
            everyone, answers, subjects(piece.batch["image"]), strict=True
        ):
            if each.columns is not None:
                logits = logits[:, each.columns]
            kept.append(to_half(logits))
        labels.append(piece.batch["label"])
        progress.update(len(piece.batch["label"]))
        if piece.is_last:
            _keep(everyone, images, piece, answers, np.concatenate(labels))
            answers, labels = [[] for _ in everyone], []
    progress.write(clock.spell())
    return first


@dataclasses.dataclass(frozen=True)
class Piece:
    """Images of one block under one condition."""

    batch: Batch
    block: int
    place: int
    is_first: bool
    is_last: bool


def in_equal_pieces(
    batches: Iterator[Batch], images: Images, wanted: np.ndarray
) -> Iterator[Piece]:
    """Cuts batches anew, so that each is of one block of one condition.

    The pieces of a block are of equal length but for one image, none longer
    than a batch: statistics over a piece are then as good as over any other.

    Args:
        batches: Of the wanted blocks and conditions, in their order.
        images: Where they come from.
        wanted: bool [blocks, conditions].
    """
    rest: Batch | None = None
    for block, place in np.argwhere(wanted):
        length = int(images.lengths[block, place])
        count = -(-length // images.view.batch_size)
        sizes = [len(part) for part in np.array_split(np.arange(length), count)]
        for number, size in enumerate(sizes):
            while rest is None or len(rest["label"]) < size:
                rest = _joined(rest, next(batches))
            batch = {name: value[:size] for name, value in rest.items()}
            rest = {name: value[size:] for name, value in rest.items()}
            yield Piece(
                batch,
                int(block),
                int(place),
                is_first=block == 0 and number == 0,
                is_last=number == count - 1,
            )


def _joined(first: Batch | None, second: Batch) -> Batch:
    if first is None or not len(first["label"]):
        return second
    return {
        name: np.concatenate([value, second[name]])
        for name, value in first.items()
    }


def _keep(
    everyone: Sequence[Asked],
    images: Images,
    piece: Piece,
    answers: list[list[np.ndarray]],
    labels: np.ndarray,
) -> None:
    """Writes the answers to a block of a condition."""
    condition = images.conditions[piece.place]
    start = piece.block * images.block_size if piece.block else 0
    ids = images.ids(piece.place)[start : start + len(labels)]
    for each, kept in zip(everyone, answers, strict=True):
        each.files.write(
            condition,
            piece.block,
            Predictions(np.concatenate(kept), labels, ids),
        )


class _Clock:
    """Passes batches on and counts how long they were waited for."""

    def __init__(self, batches: Iterator[Batch]):
        self._batches = batches
        self._start = time.perf_counter()
        self._waited = 0.0

    def __iter__(self) -> Iterator[Batch]:
        return self

    def __next__(self) -> Batch:
        start = time.perf_counter()
        try:
            return next(self._batches)
        finally:
            self._waited += time.perf_counter() - start

    def spell(self) -> str:
        """Returns the share of the time that went into waiting, in words."""
        whole = time.perf_counter() - self._start
        return (
            f"waited for images {self._waited / whole:.0%} of {whole:.0f} s "
            "(the classifiers were busy in the rest)"
        )


class _SideBySide:
    """Several classifiers; those of Keras as one graph, side by side."""

    def __init__(self, subjects: Sequence[Subject]):
        self._subjects = subjects
        joined = [each for each in subjects if each.network is not None]
        self._places = {id(each): i for i, each in enumerate(joined)}
        self._graph = _Graph([each.network for each in joined])

    def __call__(self, image: np.ndarray) -> list[np.ndarray]:
        """Returns the logits of each subject, float32 [n, classes]."""
        ranges = {each.pixel_range for each in self._subjects if each.network}
        together = self._places and ranges == {"unit"}
        answers = self._graph.predict_on_batch(image) if together else []
        return [
            each.read(answers[self._places[id(each)]], len(image))
            if together and id(each) in self._places
            else each.logits(image)
            for each in self._subjects
        ]


class _Graph(keras.Model):
    """Several classifiers whose parts run at the same time."""

    def __init__(self, classifiers: Sequence[keras.Model]):
        super().__init__(name="side_by_side")
        self.classifiers = list(classifiers)

    def call(self, image):
        """Returns each classifier's answer."""
        return [each(image, training=False) for each in self.classifiers]
