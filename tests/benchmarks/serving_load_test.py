"""The load test, ten seconds of it: nothing is lost, nothing bad gets by."""

import pytest

from benchmarks import serving_load
from qualnet_tf.exporters.saved_model import export_saved_model
from tests.subjects.tiny_models import CLASS_NAMES, SIDE, network

pytestmark = pytest.mark.slow


def test_ten_seconds_of_load(tmp_path):
    folder = export_saved_model(network(), CLASS_NAMES, tmp_path, SIDE)
    load = serving_load.run_load(
        folder,
        seconds=10,
        num_clients=32,
        num_pictures=12,
        flags=("--poll_seconds=0.2",),
    )
    assert load.problems() == []
    assert load.outcome.num_failures == 0
    assert load.outcome.counts["good"] > 50
    assert load.swapped_after > 0, "the second version did not answer"
    # Of the seven kinds of malformed requests nearly all came up.
    kinds = {kind for kind in load.outcome.counts if kind != "good"}
    assert len(kinds) >= 5
    memory = [mebibytes for _, mebibytes in load.memory]
    assert memory[-1] < memory[len(memory) // 2] + 200


def test_malformed_requests_are_of_seven_kinds():
    questions = serving_load.malformed(serving_load.photograph_files(1)[0])
    assert len({question.name for question in questions}) == 7
    assert all(question.logits is None for question in questions)


def test_a_wrong_answer_is_a_failure():
    outcome = serving_load.Outcome()
    good = serving_load.Question("good", b"", (1.0, 2.0))
    bad = serving_load.Question("bad JSON", b"")
    for question, status, body in (
        (good, 200, b'{"predictions": [{"logits": [1.0, 2.5]}]}'),
        (good, 500, b'{"error": "a"}'),
        (good, 200, b"no JSON"),
        (bad, 200, b'{"predictions": []}'),
        (bad, 500, b'{"error": "a"}'),
    ):
        serving_load._judge(outcome, question, status, body, 0.0, 0.1)
    assert outcome.num_failures == len(outcome.failures) == 5
    serving_load._judge(outcome, bad, 400, b'{"error": "a"}', 0.0, 0.1)
    assert outcome.counts["bad JSON"] == 1
