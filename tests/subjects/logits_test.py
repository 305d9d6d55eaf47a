"""Probabilities become logits that give them back; logits stay."""

import numpy as np
import pytest

from qualnet_tf.subjects.logits import to_logits

LOGITS = np.random.default_rng(0).normal(size=(20, 7)).astype(np.float32) * 3


def _softmax(logits):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("kind", ["auto", "logits"])
def test_logits_stay(kind):
    np.testing.assert_array_equal(to_logits(LOGITS, kind, "net"), LOGITS)


@pytest.mark.parametrize("kind", ["auto", "probabilities"])
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_probabilities_come_back(kind, dtype):
    share = _softmax(LOGITS).astype(dtype).astype(np.float32)
    found = _softmax(to_logits(share, kind, "net"))
    np.testing.assert_allclose(found, share, atol=1e-3)


def test_a_probability_of_zero_has_a_finite_logit():
    found = to_logits(np.eye(3, dtype=np.float32), "auto", "net")
    assert np.isfinite(found).all()
    np.testing.assert_array_equal(found.argmax(axis=1), range(3))


def test_numbers_that_are_no_probabilities_are_refused_as_such():
    with pytest.raises(ValueError, match="pass --model_outputs=logits"):
        to_logits(LOGITS, "probabilities", "net")


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_is_refused(bad):
    logits = LOGITS.copy()
    logits[4, 2] = bad
    message = f"net: expected finite numbers.*received {bad} for image 4"
    with pytest.raises(ValueError, match=message):
        to_logits(logits, "auto", "net")
