"""Pairs from CSV and `.bin` files, and what is wrong with one."""

import pickle

import numpy as np
import pytest

from qualnet_tf.datasets.face_pairs import read_pairs

GOOD = "fold,left,right,same\n0,a/0.png,a/1.png,1\n1,a/0.png,b/0.png,0\n"


@pytest.fixture
def folder(tmp_path, write_people):
    write_people(tmp_path, {"a": 2, "b": 2})
    return tmp_path


def test_each_picture_is_there_once(folder):
    (folder / "pairs.csv").write_text(GOOD)
    pairs = read_pairs(folder / "pairs.csv")
    assert pairs.name == "pairs"
    assert pairs.sources == tuple(
        str(folder / name) for name in ("a/0.png", "a/1.png", "b/0.png")
    )
    np.testing.assert_array_equal(pairs.left, [0, 0])
    np.testing.assert_array_equal(pairs.right, [1, 2])
    np.testing.assert_array_equal(pairs.is_same, [True, False])
    np.testing.assert_array_equal(pairs.folds, [0, 1])


def test_paths_begin_in_the_folder_that_is_named(folder, tmp_path_factory):
    other = tmp_path_factory.mktemp("lists") / "mine.csv"
    other.write_text(GOOD.replace("fold,", "fold ,", 1))
    pairs = read_pairs(other, folder)
    assert pairs.name == "mine" and pairs.folds is None


def test_a_bin_file_has_pairs_one_behind_the_other(tmp_path):
    pictures = [bytes([65 + i]) for i in range(6)]
    content = pickle.dumps((pictures, [True, False, True]), protocol=2)
    (tmp_path / "lfw.bin").write_bytes(content)
    pairs = read_pairs(tmp_path / "lfw.bin")
    assert pairs.name == "lfw" and pairs.folds is None
    assert pairs.sources[pairs.left[2]] == b"E"
    assert pairs.sources[pairs.right[2]] == b"F"
    assert pairs.names[5].endswith("lfw.bin, picture 5")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "expected a CSV of pairs of faces, found none"),
        ("", "received 0 rows of nothing"),
        ("left,right\na/0.png,b/0.png\n", "columns left, right, same and at"),
        (GOOD.replace(",1\n", ",yes\n", 1), "line 2: expected 0 or 1 as same"),
        (GOOD.replace("\n1,", "\nx,", 1), "line 3: expected a whole number as"),
        (GOOD.replace("b/0.png", "c.png"), "line 3: expected the picture"),
        (GOOD.replace("b/0.png", ""), "line 3: expected 4 values"),
        (GOOD + "0,a/0.png,b/0.png,1,9\n", "line 4: expected 4 values"),
        (b"\xff\xfe\x00left", "received a file that is no CSV"),
    ],
)
def test_what_is_wrong_is_named(folder, content, message):
    path = folder / "pairs.csv"
    if content is not None:
        path.write_bytes(
            content if isinstance(content, bytes) else content.encode()
        )
    with pytest.raises(ValueError, match=message):
        read_pairs(path)


def test_real_pairs(orl_dir):
    pairs = read_pairs(f"{orl_dir}/pairs.csv", f"{orl_dir}/images")
    assert len(pairs.is_same) == 1200 and pairs.is_same.sum() == 600
    assert set(pairs.folds) == set(range(10))
