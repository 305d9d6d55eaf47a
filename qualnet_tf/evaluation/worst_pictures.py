"""The pictures that a classifier recognised least, and their file."""

import dataclasses
import os
from collections.abc import Mapping, Sequence

import numpy as np

from qualnet_tf.evaluation.answers import Answers
from qualnet_tf.evaluation.array_files import load_arrays, save_fields

Condition = tuple[str | None, int]


@dataclasses.dataclass(frozen=True, eq=False)
class WorstPictures:
    """Pictures with the least likely labels over all corrupted conditions.

    Attributes:
        clean: uint8 [n, height, width, 3], the worst first.
        labels: n class names.
        mistaken_for: n class names: the wrong class given most often.
        wrong_share: [n], share of the conditions with a wrong answer.

    Raises:
        ValueError: If the arrays do not fit together.
    """

    clean: np.ndarray
    labels: tuple[str, ...]
    mistaken_for: tuple[str, ...]
    wrong_share: np.ndarray

    def __post_init__(self):
        for name in ("labels", "mistaken_for"):
            texts = tuple(map(str, getattr(self, name)))
            object.__setattr__(self, name, texts)
        lengths = {len(getattr(self, f.name)) for f in dataclasses.fields(self)}
        shape = self.clean.shape
        if (
            len(lengths) != 1
            or self.clean.dtype != np.uint8
            or len(shape) != 4
            or shape[3] != 3
        ):
            raise ValueError(
                "worst pictures: expected uint8 [n, height, width, 3] and n of "
                f"everything else, received {self.clean.dtype} {shape} and "
                f"{sorted(lengths)}"
            )


def find_worst(answers: Mapping[Condition, Answers], count: int) -> list[int]:
    """Returns which images have the least likely labels, the worst first.

    The mean of -log p(label) over the corrupted conditions decides.
    """
    corrupted = [a for (name, _), a in answers.items() if name is not None]
    if not corrupted:
        return []
    likelihood = np.mean([each.likelihood for each in corrupted], axis=0)
    return [int(place) for place in np.argsort(-likelihood, kind="stable")][
        :count
    ]


def describe(
    answers: Mapping[Condition, Answers],
    places: Sequence[int],
    clean: np.ndarray,
    class_names: Sequence[str],
) -> WorstPictures:
    """Joins pictures with what was said of them.

    Args:
        answers: Of every condition.
        places: Which images.
        clean: uint8 [places, height, width, 3].
        class_names: In the order of the labels.
    """
    corrupted = [a for (name, _), a in answers.items() if name is not None]
    mistaken, shares = [], []
    for place in places:
        label = corrupted[0].labels[place]
        said = np.array([each.predicted[place] for each in corrupted])
        wrong = said[said != label]
        counts = np.bincount(wrong, minlength=len(class_names))
        mistaken.append(class_names[counts.argmax()] if len(wrong) else "")
        shares.append(len(wrong) / len(said))
    return WorstPictures(
        clean=clean,
        labels=tuple(class_names[corrupted[0].labels[p]] for p in places),
        mistaken_for=tuple(mistaken),
        wrong_share=np.array(shares),
    )


def save_worst_pictures(
    pictures: WorstPictures, path: str | os.PathLike
) -> None:
    """Writes the pictures to `path` (.npz), all or nothing."""
    save_fields(pictures, path)


def load_worst_pictures(path: str | os.PathLike) -> WorstPictures:
    """Reads what `save_worst_pictures` wrote.

    Raises:
        ValueError: If the file is missing, damaged or something else.
    """
    return load_arrays(WorstPictures, path)
