"""Rows are whole and pictures there, or the line is named."""

import pytest

from qualnet_tf.datasets.face_csv import existing_picture, read_rows


def rows(tmp_path, text):
    (tmp_path / "list.csv").write_text(text, encoding="utf-8")
    return read_rows(tmp_path / "list.csv", ("a", "b"), "numbers")


def test_rows_are_dictionaries(tmp_path):
    assert rows(tmp_path, "\ufeffa,b,c\n1,2,\n") == [
        {"a": "1", "b": "2", "c": ""}
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,c\n1,2\n", "a CSV of numbers with the columns a, b and at least"),
        ("a,b\n", "received 0 rows of a, b"),
        ("a,b\n1,2\n3,\n", "line 3: expected 2 values, the columns a, b not"),
        ("a,b\n1\n", "line 2: expected 2 values"),
        ("a,b\n1,2,3\n", "line 2: expected 2 values"),
        ('a,b\n1,"2\n', "received a file that is no CSV"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        rows(tmp_path, text)


def test_a_picture_that_is_missing_is_named_with_its_line(tmp_path):
    (tmp_path / "a.png").write_bytes(b"")
    assert existing_picture(tmp_path, "a.png", "x") == str(tmp_path / "a.png")
    with pytest.raises(ValueError, match="line 9: expected the picture .*b.pn"):
        existing_picture(tmp_path, "b.png", "list.csv, line 9")
