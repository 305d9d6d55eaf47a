"""A measured cost comes back as it was kept, and nothing else does."""

import json

import pytest

from qualnet_tf.evaluation.deployment_file import (
    Deployment,
    load_deployment,
    save_deployment,
)

VALUES = {
    "num_bytes": 11_300_000,
    "latency_ms": 7.5,
    "latency_p90_ms": 11.5,
    "num_calls": 50,
    "num_threads": 2,
    "fingerprint": "abc",
    "session": "def",
}


def test_round_trip(tmp_path):
    deployment = Deployment(**VALUES)
    save_deployment(deployment, tmp_path / "results" / "deployment.json")
    path = tmp_path / "results" / "deployment.json"
    assert load_deployment(path) == deployment
    assert json.loads(path.read_text())["schema_version"] == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"latency_ms": 0.0}, "expected positive numbers"),
        ({"latency_ms": 12.0}, "expected positive numbers that grow"),
        ({"latency_p90_ms": float("nan")}, "expected positive numbers"),
        ({"num_bytes": -1}, "num_bytes is -1, expected at least 0"),
        ({"num_calls": 0}, "num_calls is 0, expected at least 1"),
        ({"num_threads": 0}, "num_threads is 0, expected at least 1"),
        ({"num_bytes": 1.5}, "num_bytes is 1.5, expected int"),
        ({"fingerprint": 3}, "fingerprint is 3, expected str"),
    ],
)
def test_illegal_values(tmp_path, change, message):
    with pytest.raises(ValueError, match=message):
        Deployment(**{**VALUES, **change})
    path = tmp_path / "deployment.json"
    path.write_text(json.dumps({"schema_version": 1, **VALUES, **change}))
    with pytest.raises(ValueError, match=f"{path}: .*evaluate the model again"):
        load_deployment(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON"),
        ("[]", "not results"),
        ('{"schema_version": 2}', "reads up to 1; upgrade"),
        ('{"schema_version": 1}', "has no num_bytes"),
    ],
)
def test_a_damaged_file(tmp_path, text, message):
    (tmp_path / "d.json").write_text(text)
    with pytest.raises(ValueError, match=message):
        load_deployment(tmp_path / "d.json")
