import shutil

import pytest

from qualnet_tf.exporters import versions
from qualnet_tf.exporters.versions import (
    new_version,
    newest_with,
    next_version,
    version_folders,
)


@pytest.mark.parametrize(
    "names, newest",
    [
        ([], 0),
        (["1"], 1),
        (["9", "10"], 10),  # by number, not by spelling
        (["1700000000"], 1_700_000_000),
        (["3", ".writing-8", "old", "v4", "-5", "1.5", "\u0669"], 3),
    ],
)
def test_versions_are_the_folders_with_numeric_names(tmp_path, names, newest):
    for name in names:
        (tmp_path / name).mkdir()
    assert max(version_folders(tmp_path), default=0) == newest
    assert next_version(tmp_path) == newest + 1


def test_a_file_is_no_version(tmp_path):
    (tmp_path / "7").touch()
    assert version_folders(tmp_path) == {}


def test_a_missing_folder_has_no_versions(tmp_path):
    assert next_version(tmp_path / "none") == 1


def write_version(output_dir, record=None):
    with new_version(output_dir, record) as new:
        assert not new.folder.name.isdecimal()  # servers pass it over
        (new.folder / "model").write_text("whole")
    return new.version


def test_a_version_is_whole_when_it_appears(tmp_path):
    output_dir = tmp_path / "a" / "b"
    for number in (1, 2):
        assert write_version(output_dir) == output_dir / str(number)
        assert (output_dir / str(number) / "model").read_text() == "whole"
    assert not list(output_dir.glob(".writing*"))


def test_a_number_is_never_used_again(tmp_path):
    for _ in range(3):
        newest = write_version(tmp_path)
    shutil.rmtree(newest)
    assert write_version(tmp_path).name == "4"


def test_a_damaged_counter_is_passed_over(tmp_path):
    write_version(tmp_path)
    (tmp_path / ".newest_version").write_text("many")
    assert write_version(tmp_path).name == "2"


def test_two_who_write_at_once_get_two_numbers(tmp_path, monkeypatch):
    found = iter([1, 1, 2])  # the other one takes 1 between look and rename
    monkeypatch.setattr(versions, "next_version", lambda _: next(found))
    assert write_version(tmp_path).name == "1"
    assert write_version(tmp_path).name == "2"


def test_nothing_is_left_of_a_version_that_failed(tmp_path):
    with pytest.raises(RuntimeError), new_version(tmp_path / "a" / "b") as new:
        (new.folder / "model").write_text("half")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_a_file_cannot_hold_versions(tmp_path):
    (tmp_path / "export").touch()
    with (
        pytest.raises(ValueError, match="export is a file: expected a folder"),
        new_version(tmp_path / "export"),
    ):
        pass


def test_the_newest_version_is_kept_while_its_record_holds(tmp_path):
    record = {"formats": ["saved_model"], "classifier": "a1"}
    assert newest_with(tmp_path / "none", record) is None
    version = write_version(tmp_path, record)
    assert newest_with(tmp_path, record) == version
    assert newest_with(tmp_path, record | {"classifier": "a2"}) is None
    write_version(tmp_path)  # one that says nothing of itself
    assert newest_with(tmp_path, record) is None
