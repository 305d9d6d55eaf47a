"""The worst classes of a run, by accuracy under corruption."""

import pytest

from qualnet_tf.evaluation.results import ClassAccuracy
from qualnet_tf.reports.class_table import ClassRow, class_tables

CLASSES = (
    ClassAccuracy("ant", 10, 0.9, 0.6),
    ClassAccuracy("bee", 20, 0.8, 0.251),
    # Worse than the bee on clean images alone.
    ClassAccuracy("cow", 30, 0.3, 0.3),
    ClassAccuracy("dog", 40, 1.0, 0.3),
)


def test_the_worst_come_first(make_results):
    (table,) = class_tables([make_results(class_accuracies=CLASSES)])
    assert table.run == "qualnet"
    assert table.num_classes == 4
    assert [row.name for row in table.rows] == ["bee", "cow", "dog", "ant"]


def test_numbers_are_printed(make_results):
    (table,) = class_tables([make_results(class_accuracies=CLASSES)])
    assert table.rows[0] == ClassRow("bee", "20", "80.0", "25.1")


@pytest.mark.parametrize("count", [1, 3, 4, 9])
def test_count_rows_or_as_many_as_there_are(make_results, count):
    runs = [make_results(class_accuracies=CLASSES)]
    (table,) = class_tables(runs, count)
    assert len(table.rows) == min(count, 4)
    assert table.rows[0].name == "bee"
    assert table.num_classes == 4


def test_ten_rows_unless_told(make_results):
    many = tuple(ClassAccuracy(f"c{i}", 1, 1.0, i / 20) for i in range(20))
    (table,) = class_tables([make_results(class_accuracies=many)])
    assert [row.name for row in table.rows] == [f"c{i}" for i in range(10)]


def test_classes_that_tie_keep_the_order_of_the_labels(make_results):
    tied = tuple(ClassAccuracy(name, 1, 0.5, 0.5) for name in "zax")
    (table,) = class_tables([make_results(class_accuracies=tied)])
    assert [row.name for row in table.rows] == ["z", "a", "x"]


def test_a_table_per_run_that_has_the_data(make_results):
    runs = [
        make_results("old"),
        make_results("new", class_accuracies=CLASSES),
        make_results("newer", class_accuracies=CLASSES[:1]),
    ]
    tables = class_tables(runs)
    assert [table.run for table in tables] == ["new", "newer"]
    assert [row.name for row in tables[1].rows] == ["ant"]
    assert class_tables(runs[:1]) == []


@pytest.mark.parametrize("count", [0, -3])
def test_no_table_of_nothing(make_results, count):
    with pytest.raises(ValueError, match=f"at least 1 class, received {count}"):
        class_tables([make_results(class_accuracies=CLASSES)], count)
