"""Files appear whole or not at all; unfinished runs are refused."""

import errno
import json

import pytest

from qualnet_tf.run_dir import RunDir, atomic_file, write_json, write_text


def test_atomic_file_keeps_the_old_file_when_the_block_fails(tmp_path):
    path = tmp_path / "sub" / "a.txt"
    write_text(path, "old")
    with pytest.raises(RuntimeError), atomic_file(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert [p.name for p in path.parent.iterdir()] == ["a.txt"]


def test_failed_write_names_the_file(tmp_path):
    path = tmp_path / "a.txt"
    with pytest.raises(OSError, match=r"No space left.*a\.txt"):
        with atomic_file(path):
            raise OSError(errno.ENOSPC, "No space left on device")
    assert not list(tmp_path.iterdir())


def test_atomic_file_is_readable_like_any_other(tmp_path):
    write_text(tmp_path / "a.txt", "text")
    (tmp_path / "b.txt").write_text("text")
    modes = [(tmp_path / name).stat().st_mode for name in ("a.txt", "b.txt")]
    assert modes[0] == modes[1]


def test_atomic_file_keeps_the_suffix(tmp_path):
    with atomic_file(tmp_path / "model.keras") as temporary:
        assert temporary.suffix == ".keras"


def test_run_names_do_not_collide(tmp_path):
    run = RunDir(tmp_path)
    properties = [
        name
        for name, value in vars(RunDir).items()
        if isinstance(value, property) and name != "name"
    ]
    paths = [getattr(run, name) for name in properties]
    assert len(set(paths)) == len(paths)


def test_missing_run_is_named(tmp_path):
    with pytest.raises(ValueError, match="expected a run folder with run.json"):
        RunDir(tmp_path / "none").read_info()


def test_unfinished_run_is_refused(tmp_path):
    run = RunDir(tmp_path)
    write_json(run.run_info, {"status": "training"})
    with pytest.raises(ValueError, match="one that is 'training'; start its"):
        run.read_finished_info()


def test_finished_run_is_read(tmp_path):
    run = RunDir(tmp_path)
    write_json(run.run_info, {"status": "finished", "seed": 3})
    run.classifier.write_bytes(b"model")
    assert run.read_finished_info()["seed"] == 3
    assert json.loads(run.run_info.read_text())["status"] == "finished"
