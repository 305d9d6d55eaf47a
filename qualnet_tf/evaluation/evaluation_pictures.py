"""The pictures that an evaluation leaves for the report."""

from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf

from qualnet_tf.config import EvaluateConfig
from qualnet_tf.datasets.augmentation import evaluation_crop
from qualnet_tf.datasets.source import ImageSource
from qualnet_tf.evaluation import (
    example_pictures,
    feature_pairs,
    results,
    worst_pictures,
)
from qualnet_tf.evaluation.answers import Answers
from qualnet_tf.evaluation.asking import Asked
from qualnet_tf.evaluation.candidates import Candidate
from qualnet_tf.evaluation.questions import Question
from qualnet_tf.evaluation.shown_images import Condition, ReadImages


def write(
    config: EvaluateConfig,
    question: Question,
    source: ImageSource,
    first: dict[int, np.ndarray],
    candidates: Sequence[Candidate],
    everyone: Sequence[Asked],
    answers: Sequence[Mapping[Condition, Answers]],
) -> None:
    """Writes the pictures of every candidate, each file all or nothing.

    Args:
        config: What was asked.
        question: What was shown.
        source: The clean images.
        first: The first image under those conditions that were shown now.
        candidates: What was evaluated.
        everyone: The same, opened.
        answers: What each of them said.
    """
    shown = _condition_pictures(question, first)
    for candidate, asked, said in zip(
        candidates, everyone, answers, strict=True
    ):
        if candidate.adaptation != "none":
            continue
        results.save_condition_pictures(shown, candidate.run.condition_pictures)
        _write_worst(config, question, source, candidate, said)
        if candidate.is_run:
            _write_feature_pairs(config, source, candidate, asked)
            example_pictures.write(
                candidate.run,
                asked.subject.network,
                source,
                seed=config.seed,
                num_pictures=config.num_pictures,
                options=question.options,
            )


def _condition_pictures(
    question: Question, first: dict[int, np.ndarray]
) -> results.ConditionPictures:
    """Arranges the first image under every condition."""
    conditions = question.images.conditions
    lacking = [p for p in range(len(conditions)) if p not in first]
    if lacking:
        first = first | question.images.first(lacking)
    levels = _to_levels(np.stack([first[p] for p in range(len(conditions))]))
    names = tuple(dict.fromkeys(name for name, _ in conditions[1:]))
    severities = tuple(dict.fromkeys(each for _, each in conditions[1:]))
    return results.ConditionPictures(
        clean=levels[0],
        names=names,
        severities=severities,
        corrupted=levels[1:].reshape(
            len(names), len(severities), *levels.shape[1:]
        ),
    )


def _write_worst(
    config: EvaluateConfig,
    question: Question,
    source: ImageSource,
    candidate: Candidate,
    answers: Mapping[Condition, Answers],
) -> None:
    """Writes the worst pictures, where clean and corrupted ones are paired."""
    if not _are_paired(answers, question):
        candidate.run.worst_pictures.unlink(missing_ok=True)
        return
    places = worst_pictures.find_worst(answers, config.num_pictures)
    if not places:
        return
    side = question.images.view.stored_size
    pictures = worst_pictures.describe(
        answers, places, _clean_crops(source, places, side), source.class_names
    )
    worst_pictures.save_worst_pictures(pictures, candidate.run.worst_pictures)


def _write_feature_pairs(
    config: EvaluateConfig,
    source: ImageSource,
    candidate: Candidate,
    asked: Asked,
) -> None:
    """Writes the map of features, where there are enough images for one."""
    path = candidate.run.feature_pairs
    most = feature_pairs.MAX_IMAGES
    most = min(config.num_images or most, most)
    try:
        feature_pairs.write(
            path, asked.subject.network, source, max_images=most
        )
    except ValueError as error:
        path.unlink(missing_ok=True)
        print(f"{candidate.run.path}: no map of features ({error})")


def _are_paired(answers, question: Question) -> bool:
    """Whether the clean images come in the order of the corrupted ones."""
    if not isinstance(question.images, ReadImages):
        return True
    ids = [question.images.ids(place) for place in (0, 1)]
    labels = [
        answers[condition].labels
        for condition in question.images.conditions[:2]
    ]
    return all(np.array_equal(*pair) for pair in (ids, labels))


def _clean_crops(
    source: ImageSource, places: Sequence[int], side: int
) -> np.ndarray:
    """Returns clean pictures by their place, uint8 [places, side, side, 3]."""
    wanted = tf.constant(sorted(places), tf.int64)
    found = {}
    chosen = source.elements().filter(
        lambda element: tf.reduce_any(wanted == element["index"])
    )
    for element in chosen:
        image = source.decode(element)["image"]
        crop = evaluation_crop(image, side).numpy()
        found[int(element["index"])] = _to_levels(crop)
        if len(found) == len(places):
            break
    return np.stack([found[place] for place in places])


def _to_levels(image: np.ndarray) -> np.ndarray:
    return np.round(np.clip(image, 0.0, 1.0) * 255.0).astype(np.uint8)
