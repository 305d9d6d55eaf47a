"""A checkpoint restores everything, or is refused by name."""

import errno

import keras
import numpy as np
import pytest

from qualnet_tf.training import checkpoints as module
from qualnet_tf.training.checkpoints import Checkpoints
from tests.methods.tiny_methods import make_batch, make_method, step, values


@pytest.fixture
def method():
    return make_method("qualnet")


def test_restored_method_takes_the_same_next_step(method, tmp_path):
    step(method, make_batch(0))
    Checkpoints(tmp_path).save(method, 1)
    step(method, make_batch(1))
    expected = values(method.weights)
    other = make_method("qualnet", seed=5)
    assert Checkpoints(tmp_path).restore(other) == 1
    assert int(other.optimizer.iterations) == 1
    step(other, make_batch(1))
    for path, value in values(other.weights).items():
        np.testing.assert_array_equal(value, expected[path], path)


def test_frozen_decoder_is_left_out(method, tmp_path):
    path = Checkpoints(tmp_path).save(method, 1)
    names = set(np.load(path).files)
    assert not any("irevnet" in name for name in names)
    assert any("connector" in name or "convolution" in name for name in names)
    assert any(name.startswith("optimizer/") for name in names)


def test_only_the_newest_two_are_kept(method, tmp_path):
    checkpoints = Checkpoints(tmp_path)
    for count in (1, 2, 3):
        checkpoints.save(method, count)
    names = [path.name for path in checkpoints.paths()]
    assert names == ["checkpoint-000000002.npz", "checkpoint-000000003.npz"]


def test_no_checkpoint_is_step_zero(method, tmp_path):
    assert Checkpoints(tmp_path / "none").restore(method) == 0


@pytest.mark.parametrize("damage", ["truncate", "flip"])
def test_damaged_checkpoint_falls_back_to_the_one_before(
    method, tmp_path, damage
):
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(method, 1)
    path = checkpoints.save(method, 2)
    data = bytearray(path.read_bytes())
    if damage == "truncate":
        data = data[: len(data) // 2]
    else:
        data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    assert checkpoints.restore(method) == 1


def test_what_a_killed_write_left_is_removed(method, tmp_path):
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(method, 1)
    (tmp_path / ".checkpoint-000000002-abc.npz").write_bytes(b"half")
    assert checkpoints.restore(method) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["checkpoint-000000001.npz"]


def test_other_method_is_refused(method, tmp_path):
    Checkpoints(tmp_path).save(method, 1)
    with pytest.raises(ValueError, match="expected the variables of this"):
        Checkpoints(tmp_path).restore(make_method("supervised"))


def test_full_disk_keeps_the_last_good_one(method, tmp_path, monkeypatch):
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(method, 1)

    def full(file, **_):
        file.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module.np, "savez", full)
    with pytest.raises(
        OSError, match=r"disk is full; checkpoint-000000001\.npz stays"
    ):
        checkpoints.save(method, 2)
    assert [p.name for p in tmp_path.iterdir()] == ["checkpoint-000000001.npz"]
    assert checkpoints.restore(method) == 1


def test_a_read_only_folder_keeps_the_last_good_one(
    method, tmp_path, monkeypatch
):
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(method, 1)

    def refuse(*_, **__):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(module, "atomic_file", refuse)
    message = (
        r"checkpoint-000000002\.npz: could not write the checkpoint, Read-only "
        r"file system; checkpoint-000000001\.npz stays; make room or"
    )
    with pytest.raises(OSError, match=message):
        checkpoints.save(method, 2)
    assert checkpoints.restore(method) == 1


def test_who_does_not_write_leaves_nothing(method, tmp_path):
    Checkpoints(tmp_path / "run", writes=False).save(method, 1)
    assert not (tmp_path / "run").exists()


def test_metrics_go_on_from_what_they_had_summed_up(method, tmp_path):
    step(method, make_batch(0))
    Checkpoints(tmp_path).save(method, 1)
    expected = method.get_metrics_result()
    other = make_method("qualnet", seed=5)
    _, arrays = Checkpoints(tmp_path).read(module.read_arrays(other))
    module.assign_metrics(other, module.metrics_of(arrays))
    received = other.get_metrics_result()
    for name, value in expected.items():
        np.testing.assert_array_equal(received[name], value, name)


def test_weights_that_are_not_finite_are_not_saved(method, tmp_path):
    weight = method.trainable_weights[0]
    weight.assign(keras.ops.full(weight.shape, float("nan")))
    with pytest.raises(FloatingPointError, match=r"step 2: weights/.* not fin"):
        Checkpoints(tmp_path).save(method, 2)
    assert not list(tmp_path.glob("*"))
