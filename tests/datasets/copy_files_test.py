"""A file is there whole, or not at all."""

import pathlib

import pytest

from qualnet_tf.datasets.copy_files import LocalFiles


def test_write_makes_the_folder_and_leaves_nothing_else(tmp_path):
    path = tmp_path / "a" / "b.png"
    files = LocalFiles()
    assert not files.exists(str(path))
    files.write(str(path), b"contents")
    assert files.exists(str(path))
    assert files.read(str(path)) == b"contents"
    assert list(path.parent.iterdir()) == [path]


def test_failed_write_leaves_nothing(tmp_path, monkeypatch):
    path = tmp_path / "b.png"

    def half(self, contents):
        with open(self, "wb") as file:
            file.write(contents[:2])
        raise OSError("disk full")

    monkeypatch.setattr(pathlib.Path, "write_bytes", half)
    with pytest.raises(OSError, match="disk full"):
        LocalFiles().write(str(path), b"contents")
    assert not list(tmp_path.iterdir())


def test_what_a_kill_left_is_written_over(tmp_path):
    path = tmp_path / "b.png"
    (tmp_path / ".b.png.part").write_bytes(b"a longer half of a file")
    LocalFiles().write(str(path), b"whole")
    assert path.read_bytes() == b"whole"
    assert list(tmp_path.iterdir()) == [path]
