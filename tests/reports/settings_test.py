"""Tests of settings side by side."""

from qualnet_tf.reports.settings import Setting, compare


def test_what_differs_comes_first():
    rows = compare([{"a": 1, "b": 2}, {"a": 1, "b": 3}])
    assert rows == [
        Setting("b", ("2", "3"), True),
        Setting("a", ("1", "1"), False),
    ]


def test_nested_settings_and_kinds_of_values():
    rows = compare(
        [{"x": {"y": True, "z": [1, 2.5]}, "n": None, "e": [], "f": 0.1 + 0.2}]
    )
    assert {row.name: row.values[0] for row in rows} == {
        "x.y": "yes",
        "x.z": "1, 2.5",
        "n": "none",
        "e": "none",
        "f": "0.3",
    }


def test_a_setting_that_one_run_lacks_differs():
    rows = compare([{"a": 1}, {}])
    assert rows == [Setting("a", ("1", ""), True)]


def test_numbers_that_differ_beyond_what_is_printed_still_differ():
    (row,) = compare([{"a": 0.1}, {"a": 0.1000000001}])
    assert row.differs
