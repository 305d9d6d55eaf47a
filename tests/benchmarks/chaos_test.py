"""Faults at random moments cost no more than they may; `make chaos` has 20."""

import random

import pytest

from benchmarks import chaos


@pytest.mark.slow
def test_a_disturbed_run_ends_like_an_undisturbed_one(tmp_path):
    found, different = chaos.chaos(
        tmp_path,
        one_process=2,
        two_workers=1,
        data_service=1,
        generator=random.Random(),
    )
    assert len(found) == 4
    assert different == []
    assert chaos.broken_promises(found) == []


@pytest.mark.parametrize("kind", chaos.DAMAGES)
def test_damage_changes_a_file(tmp_path, kind):
    path = tmp_path / "file"
    path.write_bytes(bytes(1000))
    chaos.damage(path, kind, random.Random(0))
    content = path.read_bytes()
    assert content != bytes(1000)
    assert (len(content) < 1000) == (kind == "cut off")


FAULT = {
    "what": "one process, every 7",
    "every": 7,
    "kind": "SIGKILL",
    "codes": [-9],
    "seconds": 1.0,
    "lost": 7,
    "in_save": False,
}


@pytest.mark.parametrize(
    "change, is_broken",
    [
        ({}, False),
        ({"lost": 8}, True),
        ({"kind": "cut off", "lost": 14}, False),
        ({"kind": "cut off", "lost": 15}, True),
        ({"kind": "SIGTERM", "codes": [0], "lost": 1}, False),
        ({"kind": "SIGTERM", "codes": [0], "lost": 2}, True),
        ({"kind": "SIGTERM", "codes": [0, 1], "lost": 0}, True),
        (
            {"kind": "SIGTERM", "codes": [0], "lost": 0, "seconds": 31.0},
            True,
        ),
    ],
)
def test_a_promise_that_is_broken_is_seen(change, is_broken):
    assert bool(chaos.broken_promises([{**FAULT, **change}])) == is_broken


def test_table_counts_the_faults():
    rows = chaos.table([FAULT, {**FAULT, "in_save": True}]).splitlines()
    assert rows[2] == "| one process | SIGKILL | 7 | 2 | -9 | 7 | 1 | 1.0 |"
