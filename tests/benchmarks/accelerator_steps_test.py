"""The table of steps on an accelerator; no case is run to its end."""

import argparse

from benchmarks import accelerator_steps


def test_a_row_has_rate_and_peak():
    found = {"first_step_s": 14.06, "step_s": 0.2653, "peak_bytes": 4.2 * 2**30}
    assert accelerator_steps.row("stage1", 64, "float32", found) == (
        "| stage1 | float32 | 64 | 14.1 | 265.3 | 241 | 4.2 |"
    )


def test_what_does_not_finish_is_said():
    arguments = argparse.Namespace(steps=1, seconds=0.01)
    found = accelerator_steps.run_case("stage1", 8, "float32", arguments)
    assert found == {"failed": "not done in 0.01 s"}
    line = accelerator_steps.row("stage1", 8, "float32", found)
    assert line == "| stage1 | float32 | 8 | not done in 0.01 s | | | |"


def test_what_fails_names_its_reason():
    arguments = argparse.Namespace(steps=1, seconds=100)
    found = accelerator_steps.run_case("nothing", 8, "float32", arguments)
    assert "invalid choice: 'nothing'" in found["failed"]
