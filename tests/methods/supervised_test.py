"""The supervised objective is the cross-entropy of `image`, nothing else."""

import numpy as np
import pytest

from tests.methods.tiny_methods import make_batch, make_method


def test_loss_is_the_mean_negative_log_likelihood():
    method, batch = make_method("supervised"), make_batch()
    outputs = method(batch)
    logits = np.asarray(outputs["logits"], np.float64)
    logits -= logits.max(axis=-1, keepdims=True)
    log_probability = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    rows = np.arange(len(logits))
    expected = -log_probability[rows, batch["label"]].mean()
    terms = method.loss_terms(batch, outputs)
    assert float(terms["classification_loss"]) == pytest.approx(expected, 1e-5)


def test_clean_image_plays_no_part():
    method, batch = make_method("supervised"), make_batch()
    other = {**batch, "clean_image": batch["clean_image"] * 0}
    first, second = (
        method.test_on_batch(b, return_dict=True) for b in (batch, other)
    )
    assert float(first["loss"]) == float(second["loss"])
