"""DeepCorrect moves its correction units alone, and deploys them."""

import numpy as np
import pytest

from qualnet_tf import methods
from tests.methods.tiny_methods import (
    make_batch,
    make_classifier,
    make_method,
    step,
    values,
)


def test_step_moves_exactly_the_units():
    method = make_method("deepcorrect")
    before = values(method.classifier.weights)
    step(method, make_batch())
    after = values(method.classifier.weights)
    moved = {p for p in before if np.any(before[p] != after[p])}
    assert moved == {p for p in before if "/unit/" in p}
    assert {w.path for w in method.frozen_weights} == set(before) - moved


def test_chosen_filters_are_known():
    method = make_method("deepcorrect")
    chosen = method.chosen_filters
    assert chosen["stage1_block01_conv1"][0] == 1
    assert len(chosen) == 5


def test_a_classifier_without_units_is_refused():
    with pytest.raises(ValueError, match="classifier with correction units"):
        methods.get("deepcorrect")(make_classifier())
