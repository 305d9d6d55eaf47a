"""Arrays come back as they were kept, or with one clear line."""

import dataclasses

import numpy as np
import pytest

from qualnet_tf.evaluation.array_files import load_arrays, save_fields


@dataclasses.dataclass(frozen=True, eq=False)
class Pair:
    """Something that is kept."""

    numbers: np.ndarray
    names: np.ndarray


def test_fields_come_back(tmp_path):
    kept = Pair(np.arange(3), ("a", "b"))
    save_fields(kept, tmp_path / "pair.npz")
    found = load_arrays(Pair, tmp_path / "pair.npz")
    np.testing.assert_array_equal(found.numbers, kept.numbers)
    assert found.names.tolist() == ["a", "b"]


def test_errors_name_the_file_and_what_it_should_hold(tmp_path):
    path = tmp_path / "pair.npz"
    with pytest.raises(ValueError, match="pair.npz: no pairs; evaluate the r"):
        load_arrays(Pair, path, "pairs")
    np.savez(path, other=np.zeros(2))
    with pytest.raises(ValueError, match="pair.npz: not the pairs of an eval"):
        load_arrays(Pair, path, "pairs")
    path.write_bytes(b"no archive")
    with pytest.raises(ValueError, match="not the pairs.*evaluate the run aga"):
        load_arrays(Pair, path, "pairs")
