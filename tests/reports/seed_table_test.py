"""Runs of several seeds are averaged; others are not mixed in."""

import pytest

from qualnet_tf.reports.cells import ABSENT
from qualnet_tf.reports.seed_table import SEED_SENTENCE, seed_lines, seed_table


def _run(make_run, make_results, name, seed, loss=0.05, **config):
    leave_out = config.pop("leave_out", ())
    return make_run(
        name,
        config={"method": "kd", "seed": seed, "run_dir": name, **config},
        results=make_results(name, loss, leave_out),
    )


def test_means_and_intervals_over_seeds(make_run, make_results):
    losses = (0.05, 0.06, 0.07)
    runs = [
        _run(make_run, make_results, f"kd{seed}", seed, loss)
        for seed, loss in enumerate(losses)
    ]
    table = seed_table(runs)
    assert table.columns == ("Clean", "15 test corruptions", "4 hold-outs")
    ((names, count, cells),) = table.rows
    assert (names, count) == ("kd0, kd1, kd2", 3)
    # Of 80, 77 and 74 per cent: 77 +- 4.303 * 3 / sqrt(3).
    assert cells[1].text == "77.0"
    assert cells[1].interval == "69.5 to 84.5"
    assert cells[0].interval == "95.0 to 95.0"
    lines = seed_lines(table)
    assert lines[0].startswith("Mean over 3 seeds (kd0, kd1, kd2): Clean 95.0")
    assert lines[-1] == SEED_SENTENCE


@pytest.mark.parametrize("changes", [{"method": "sp"}, {"batch_size": 3}])
def test_runs_that_differ_otherwise_are_not_averaged(
    make_run, make_results, changes
):
    runs = [
        _run(make_run, make_results, "a", 0),
        _run(make_run, make_results, "b", 1, **changes),
    ]
    assert seed_table(runs).rows == ()
    assert seed_lines(seed_table(runs)) == []


def test_the_same_run_twice_is_no_seed(make_run, make_results):
    runs = [_run(make_run, make_results, name, 0) for name in "ab"]
    assert seed_table(runs).rows == ()


def test_a_gap_in_one_seed_is_a_dash(make_run, make_results):
    runs = [
        _run(make_run, make_results, "a", 0),
        _run(make_run, make_results, "b", 1, leave_out={("fog", 2)}),
    ]
    ((_, _, cells),) = seed_table(runs).rows
    assert [cell.text for cell in cells] == ["95.0", ABSENT, "80.0"]
