"""What classifiers cost stands beside how well they recognise."""

import dataclasses

import pytest

from qualnet_tf.evaluation.results import Deployment, MeanInterval
from qualnet_tf.reports.cells import ABSENT
from qualnet_tf.reports.deployment_table import (
    COLUMNS,
    deployment_table,
    deployment_text,
)

FIRST = Deployment(44_673_660, 9.094, 10.12, 50, 2, "a", "same")


def _with_cost(make_run, make_results, name, cost, **results):
    return make_run(
        name,
        results=make_results(name, method="TFLite file", **results),
        deployment=cost,
    )


@pytest.fixture
def runs(make_run, make_results):
    int8 = dataclasses.replace(
        FIRST, num_bytes=11_299_320, latency_ms=4.547, latency_p90_ms=123.4
    )
    intervals = (MeanInterval("clean_accuracy", 0.93, 0.97),)
    return [
        _with_cost(make_run, make_results, "float32", FIRST),
        make_run("no cost"),
        _with_cost(
            make_run, make_results, "int8", int8, loss=0.1, intervals=intervals
        ),
    ]


def test_rows(runs):
    table = deployment_table(runs)
    assert table.columns == COLUMNS
    assert [(name, kind) for name, kind, _ in table.rows] == [
        ("float32", "TFLite file"),
        ("int8", "TFLite file"),
    ]
    first, second = (list(map(str, cells)) for _, _, cells in table.rows)
    assert first == ["44.7 (1.00 x)", "9.09 (1.00 x)", "10.1"] + [
        "95.0",
        "80.0",
        "80.0",
    ]
    assert second == ["11.3 (0.25 x)", "4.55 (0.50 x)", "123"] + [
        "95.0 (93.0 to 97.0)",
        "65.0",
        "65.0",
    ]
    (note,) = table.notes
    assert "on 2 threads, of 50 calls" in note


def test_a_server_has_no_size(make_run, make_results):
    served = dataclasses.replace(FIRST, num_bytes=0)
    table = deployment_table(
        [
            _with_cost(make_run, make_results, "served", served),
            _with_cost(make_run, make_results, "file", FIRST),
        ]
    )
    sizes = [str(cells[0]) for _, _, cells in table.rows]
    assert sizes == [ABSENT, "44.7"]


def test_latencies_of_other_times_have_no_ratio(make_run, make_results):
    later = dataclasses.replace(FIRST, session="later")
    table = deployment_table(
        [
            _with_cost(make_run, make_results, "a", FIRST),
            _with_cost(make_run, make_results, "b", later),
        ]
    )
    assert str(table.rows[1][2][0]) == "44.7 (1.00 x)"
    assert str(table.rows[1][2][1]) == "9.09"
    assert "Not all were timed beside each other" in table.notes[1]


def test_text(runs):
    empty, head, rule, *rows = deployment_text(deployment_table(runs)).split(
        "\n"
    )
    assert (empty, rows[-1]) == ("", "")
    assert head.split("  ")[0] == "Classifier"
    assert set(rule) == {"-", " "}
    assert rows[0].startswith("float32     TFLite file  44.7 (1.00 x)")
    assert len(head) == len(rule) >= max(map(len, rows[:2]))


def test_nothing_measured_is_no_table(make_run):
    table = deployment_table([make_run()])
    assert (table.rows, table.notes) == ((), ())
    assert deployment_text(table) == ""
