"""Losses come back as they were kept, and nothing else does."""

import json

import pytest

from qualnet_tf.evaluation.paired_losses_file import (
    PairedLoss,
    PairedLosses,
    load_paired_losses,
    save_paired_losses,
)

VALUES = {
    "measure": "fog",
    "loss": 0.02,
    "low": -0.01,
    "high": 0.05,
    "changed": 0.1,
}


def test_round_trip(tmp_path):
    found = PairedLosses(
        "float32", (PairedLoss(**VALUES), PairedLoss("clean", 0, 0, 0, 0))
    )
    path = tmp_path / "results" / "paired_losses.json"
    save_paired_losses(found, path)
    assert load_paired_losses(path) == found


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"low": 0.06}, "the lower end first"),
        ({"loss": float("nan")}, "expected fractions"),
        ({"low": -1.5}, "expected fractions"),
        ({"changed": 1.5}, "share of changes under fog is 1.5"),
        ({"measure": 3}, "measure is 3, expected str"),
    ],
)
def test_illegal_values(tmp_path, change, message):
    with pytest.raises(ValueError, match=message):
        PairedLoss(**{**VALUES, **change})
    path = tmp_path / "losses.json"
    data = {"reference": "a", "losses": [{**VALUES, **change}]}
    path.write_text(json.dumps({"schema_version": 1, **data}))
    with pytest.raises(ValueError, match=f"{path}: .*evaluate the model again"):
        load_paired_losses(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not JSON"),
        ('{"schema_version": 2}', "reads up to 1; upgrade"),
        ('{"schema_version": 1, "reference": "a"}', "has no losses"),
        (
            '{"schema_version": 1, "reference": "a", "losses": 3}',
            "losses is 3, expected a list",
        ),
    ],
)
def test_a_damaged_file(tmp_path, text, message):
    (tmp_path / "losses.json").write_text(text)
    with pytest.raises(ValueError, match=message):
        load_paired_losses(tmp_path / "losses.json")
