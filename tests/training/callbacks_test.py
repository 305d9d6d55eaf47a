"""The guard names the step and the term; the table survives a restart."""

import csv
import types

import pytest

from qualnet_tf.training.callbacks import (
    MetricsTable,
    NonFiniteGuard,
    Progress,
    best_of,
)
from qualnet_tf.training.step_count import StepCount


def attach(callback, step):
    callback.steps.done = step
    optimizer = types.SimpleNamespace(learning_rate=0.1)
    callback.set_model(types.SimpleNamespace(optimizer=optimizer))
    return optimizer


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_guard_names_step_and_term(value):
    guard = NonFiniteGuard(StepCount())
    attach(guard, 7)
    logs = {"loss": value, "quality_loss": value, "accuracy": 0.5}
    with pytest.raises(
        FloatingPointError, match="step 7: quality_loss is .* finite number"
    ):
        guard.on_train_batch_end(0, logs)


def test_guard_passes_finite_terms():
    guard = NonFiniteGuard(StepCount())
    attach(guard, 7)
    guard.on_train_batch_end(0, {"loss": 1.0, "quality_loss": 1.0})


def write_epoch(table, epoch, **logs):
    optimizer = attach(table, 10 * (epoch + 1))
    table.on_epoch_begin(epoch)
    optimizer.learning_rate = 0.01
    table.on_epoch_end(epoch, logs)


def read(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_table_keeps_rows_before_the_restart_and_drops_later_ones(tmp_path):
    path = tmp_path / "metrics.csv"
    table = MetricsTable(path, 0, StepCount())
    for epoch in range(3):
        write_epoch(table, epoch, loss=float(epoch))
    again = MetricsTable(path, 2, StepCount())
    write_epoch(again, 2, loss=9.0, val_loss=8.0)
    rows = read(path)
    assert [row["epoch"] for row in rows] == ["1", "2", "3"]
    assert [row["loss"] for row in rows] == ["0.0", "1.0", "9.0"]
    assert [row["val_loss"] for row in rows] == ["", "", "8.0"]


def test_the_best_validation_is_the_first_of_equal_ones(tmp_path):
    path = tmp_path / "metrics.csv"
    assert best_of(path) == {}
    table = MetricsTable(path, 0, StepCount())
    for epoch, accuracy in enumerate((0.5, 0.75, 0.75, 0.25)):
        write_epoch(table, epoch, val_accuracy=accuracy)
    assert best_of(path) == {"best_val_accuracy": 0.75, "best_epoch": 2}


def test_steps_are_counted_over_rests_of_epochs_and_executions():
    steps = StepCount(7)
    steps.on_epoch_begin(1)
    for batch in (1, 2):  # two steps in one execution, then one
        steps.on_train_batch_end(batch)
    assert steps.done == 10
    steps.on_epoch_begin(2)
    steps.on_train_batch_end(0)
    assert steps.done == 11


def test_table_notes_the_rate_that_the_epoch_began_with(tmp_path):
    table = MetricsTable(tmp_path / "metrics.csv", 0, StepCount())
    write_epoch(table, 0, loss=1.0)
    assert read(tmp_path / "metrics.csv")[0]["learning_rate"] == "0.1"


def test_progress_prints_a_last_line_where_there_is_no_terminal(capsys):
    progress = Progress("stage1", 2, StepCount())
    progress.on_train_begin()
    for step in (1, 2):
        attach(progress, step)
        progress.on_train_batch_end(0, {"loss": 0.25})
    progress.close()
    assert "stage1: step 2 of 2, loss 0.250" in capsys.readouterr().err
