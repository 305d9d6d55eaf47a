import pytest

from qualnet_tf.exporters.versions import next_version, version_folders


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
