"""Losses against the first stand by corruption, one column a classifier."""

import pytest

from qualnet_tf.evaluation.results import PairedLoss, PairedLosses
from qualnet_tf.reports.cells import ABSENT
from qualnet_tf.reports.precision_loss import SENTENCE, loss_table, loss_text


def _losses(reference, **losses):
    return PairedLosses(
        reference,
        tuple(
            PairedLoss(name, loss, loss - 0.01, loss + 0.01, 0.123)
            for name, loss in losses.items()
        ),
    )


@pytest.fixture
def runs(make_run):
    return [
        make_run("float32"),
        make_run("int8", paired_losses=_losses("float32", fog=0.02, clean=0.0)),
        make_run("alone"),
        make_run(
            "float16",
            paired_losses=_losses(
                "float32", resolution=0.1, clean=-0.0001, test=0.03
            ),
        ),
        make_run("elsewhere", paired_losses=_losses("another", fog=0.5)),
    ]


def test_rows_and_columns(runs):
    table = loss_table(runs)
    assert table.reference == "float32"
    assert table.columns == ("int8", "float16")
    rows = {title: list(map(str, cells)) for title, cells in table.rows}
    assert list(rows) == ["Clean", "15 test corruptions", "Fog", "Resolution"]
    assert rows["Fog"] == ["2.0 (1.0 to 3.0)", ABSENT]
    assert rows["15 test corruptions"] == [ABSENT, "3.0 (2.0 to 4.0)"]
    # No loss is no gain either.
    assert rows["Clean"] == ["0.0 (-1.0 to 1.0)", "0.0 (-1.0 to 1.0)"]
    changes = {title: list(map(str, cells)) for title, cells in table.changes}
    assert changes == {
        "Clean": ["12.3 %", "12.3 %"],
        "15 test corruptions": [ABSENT, "12.3 %"],
    }


def test_text(runs):
    lines = loss_text(loss_table(runs)).split("\n")
    assert (lines[0], lines[-2], lines[-1]) == ("", SENTENCE, "")
    assert lines[1].startswith("Points lost to float32")
    assert lines[1].endswith("float16")
    assert lines[3].startswith("Clean ")
    assert lines[-4].startswith("Answers changed, 15 test corruptions")


def test_nothing_compared_is_no_table(make_run):
    table = loss_table([make_run("a"), make_run("b")])
    assert (table.rows, table.changes, table.columns) == ((), (), ())
    assert loss_text(table) == ""
