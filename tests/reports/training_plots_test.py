"""Tests of the training curves."""

from qualnet_tf.reports.training_plots import training_panels


def _rows(*columns):
    return [{"epoch": e, **dict.fromkeys(columns, 1 / e)} for e in (1.0, 2.0)]


def test_a_panel_per_column_and_the_learning_rate_last():
    columns = ("learning_rate", "loss", "val_loss", "accuracy", "val_accuracy")
    panels = training_panels(["a"], [_rows("step", *columns)])
    assert [panel.title for panel in panels] == [
        "Loss",
        "Accuracy, per cent",
        "Learning rate",
    ]


def test_runs_with_different_columns_share_the_panels_they_have():
    panels = training_panels(
        ["naive", "qualnet"], [_rows("loss"), _rows("loss", "quality_loss")]
    )
    loss, quality = panels
    assert "naive training 1.000 to 0.500; qualnet" in loss.description
    assert "naive" not in quality.description
    assert "--run-1" not in quality.svg and "--run-2" in quality.svg


def test_the_same_rows_give_the_same_drawings():
    rows = [_rows("loss", "val_loss")]
    assert training_panels(["a"], rows) == training_panels(["a"], rows)


def test_one_epoch_is_a_point():
    (panel,) = training_panels(["a"], [_rows("loss")[:1]])
    assert "<use" in panel.svg


def test_no_rows_no_panels():
    assert training_panels(["a", "b"], [[], []]) == []
