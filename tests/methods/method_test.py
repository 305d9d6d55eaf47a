"""What holds for every method, on one real step each."""

import keras
import numpy as np
import pytest

from qualnet_tf import methods
from tests.methods.tiny_methods import make_batch, make_method, step, values


@pytest.mark.parametrize("name", methods.names())
class TestEveryMethod:
    def test_logs_each_named_term_and_their_sum(self, name):
        method = make_method(name)
        logs = step(method, make_batch())
        assert set(logs) == {"loss", *method.term_names, "accuracy"}
        total = sum(float(logs[term]) for term in method.term_names)
        assert float(logs["loss"]) == pytest.approx(total, rel=1e-6)

    def test_terms_are_those_that_are_declared(self, name):
        method = make_method(name)
        batch = make_batch()
        terms = method.loss_terms(batch, method(batch))
        assert tuple(terms) == method.term_names

    def test_step_changes_every_trainable_weight(self, name):
        method = make_method(name)
        before = values(method.trainable_weights)
        step(method, make_batch())
        after = values(method.trainable_weights)
        same = [p for p in before if np.array_equal(before[p], after[p])]
        assert not same

    def test_step_leaves_frozen_weights_and_their_statistics_alone(self, name):
        method = make_method(name)
        frozen = values(method.frozen_weights)
        step(method, make_batch())
        after = values(method.frozen_weights)
        for path, value in frozen.items():
            np.testing.assert_array_equal(after[path], value, path)
        # What is neither frozen nor trained moves: batch norm's statistics.
        known = {id(w) for w in method.frozen_weights}
        known |= {id(w) for w in method.trainable_weights}
        others = [w for w in method.weights if id(w) not in known]
        assert {w.name for w in others} <= {"moving_mean", "moving_variance"}

    def test_loss_falls_on_one_batch(self, name):
        # The few units of deepcorrect start with hardly an effect.
        rate = 0.1 if name == "deepcorrect" else 0.02
        method = make_method(name, learning_rate=rate)
        batch = make_batch()
        first = float(step(method, batch)["loss"])
        for _ in range(15):
            method.reset_metrics()
            last = float(step(method, batch)["loss"])
        assert last < 0.8 * first

    def test_test_step_changes_nothing(self, name):
        method = make_method(name)
        before = values(method.weights)
        logs = method.test_on_batch(make_batch(), return_dict=True)
        assert set(logs) == {"loss", *method.term_names, "accuracy"}
        after = values(method.weights)
        for path in before:
            np.testing.assert_array_equal(before[path], after[path], path)

    def test_classifier_file_holds_backbone_and_head_only(self, name, tmp_path):
        method = make_method(name)
        step(method, make_batch())
        method.classifier.save(tmp_path / "c.keras")
        loaded = keras.saving.load_model(tmp_path / "c.keras", compile=False)
        expected = values(method.backbone.weights + method.head.weights)
        assert set(values(loaded.weights)) == set(expected)
        image = make_batch()["image"]
        np.testing.assert_allclose(
            loaded(image), method(make_batch())["logits"], atol=1e-6
        )

    def test_label_smoothing_reaches_the_loss(self, name):
        batch = make_batch()
        plain = make_method(name)
        smooth = make_method(name, label_smoothing=0.2)
        terms = [
            float(m.loss_terms(batch, m(batch))["classification_loss"])
            for m in (plain, smooth)
        ]
        assert terms[0] != pytest.approx(terms[1], rel=1e-4)
