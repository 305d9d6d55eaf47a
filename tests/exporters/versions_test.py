import os

import pytest

from qualnet_tf.exporters.versions import (
    newest_since,
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


def test_newest_since_is_the_newest_if_it_is_new_enough(tmp_path):
    assert newest_since(tmp_path / "none", 0.0) is None
    for name, moment in (("1", 300.0), ("2", 200.0)):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (moment, moment))
    assert newest_since(tmp_path, 150.0) == tmp_path / "2"
    assert newest_since(tmp_path, 250.0) is None
