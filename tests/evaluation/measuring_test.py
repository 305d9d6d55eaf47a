"""Measures are plain counts over images, however they are grouped."""

import numpy as np
import pytest

from qualnet_tf.evaluation import measuring
from qualnet_tf.evaluation.answers import read_answers
from qualnet_tf.evaluation.predictions import Predictions, to_half

NAMES = ("ant", "bee", "cat", "dog")
COUNT = 60


def _answers(seed, labels=None):
    generator = np.random.default_rng(seed)
    if labels is None:
        labels = np.arange(COUNT) % 3  # nothing of the last class
    logits = generator.normal(size=(COUNT, 4)).astype(np.float32)
    return read_answers(
        Predictions(to_half(logits), labels.astype(np.int32), np.arange(COUNT))
    )


ANSWERS = {
    (None, 0): _answers(0),
    ("fog", 1): _answers(1),
    ("fog", 2): _answers(2),
    ("snow", 2): _answers(3),
    ("saturate", 2): _answers(4),  # a hold-out
}


def test_accuracies_of_classes():
    found = measuring.class_accuracies(ANSWERS, NAMES)
    assert [each.name for each in found] == ["ant", "bee", "cat"]
    for label, each in enumerate(found):
        assert each.num_images == COUNT / 3
        rows = slice(label, None, 3)
        assert each.clean_accuracy == ANSWERS[None, 0].is_right[rows].mean()
        assert each.corrupted_accuracy == pytest.approx(
            np.mean(
                [
                    ANSWERS[condition].is_right[rows].mean()
                    for condition in (("fog", 1), ("fog", 2), ("snow", 2))
                ]
            )
        )


def test_no_classes_without_a_test_corruption():
    only = {c: ANSWERS[c] for c in ((None, 0), ("saturate", 2))}
    assert measuring.class_accuracies(only, NAMES) == ()


def test_bins_join_the_test_corruptions_of_a_severity():
    bins = measuring.reliability_bins(ANSWERS)
    assert {each.severity for each in bins} == {0, 1, 2}
    for severity, members in (
        (0, [(None, 0)]),
        (1, [("fog", 1)]),
        (2, [("fog", 2), ("snow", 2)]),
    ):
        own = [each for each in bins if each.severity == severity]
        assert sum(each.share for each in own) == pytest.approx(1)
        assert sum(e.share * e.accuracy for e in own) == pytest.approx(
            np.mean([ANSWERS[c].is_right for c in members])
        )
        assert sum(e.share * e.confidence for e in own) == pytest.approx(
            np.mean([ANSWERS[c].confidence for c in members]), rel=1e-5
        )


def test_conditions_of_other_images_are_refused():
    labels = {c: a.labels for c, a in ANSWERS.items()}
    ids = {c: np.arange(COUNT) for c in ANSWERS}
    measuring.check_pairing(labels, ids)
    # The clean set may have an order of its own.
    measuring.check_pairing({**labels, (None, 0): labels["fog", 1][::-1]}, ids)
    with pytest.raises(ValueError, match="snow 2: expected the labels of fog"):
        measuring.check_pairing(
            {**labels, ("snow", 2): labels["snow", 2][::-1]}, ids
        )
    with pytest.raises(ValueError, match="fog 2: expected the images of fog 1"):
        measuring.check_pairing(labels, {**ids, ("fog", 2): ids["fog", 2] + 1})
