"""Verification files of every writer, and files that mean harm."""

import os
import pathlib
import pickle
import resource
import struct

import numpy as np
import pytest

from qualnet_tf.datasets.verification_file import read_verification_file

PICTURES = [b"\xff\xd8first", b"\xff\xd8second\n", b"third\xff", b"\x00fourth"]
TRUTHS = [True, False]
ARRAYS = {
    "bytes": lambda data: data,
    "flat array": lambda data: np.frombuffer(data, np.uint8).copy(),
    "column": lambda data: np.frombuffer(data, np.uint8).reshape(-1, 1).copy(),
}
LABELS = {
    "bool": list,
    "numpy.bool_": lambda values: [np.bool_(value) for value in values],
    "array": np.array,
    "int": lambda values: [int(value) for value in values],
}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "lfw.bin"


@pytest.mark.parametrize("protocol", range(2, 6))
@pytest.mark.parametrize("labels", LABELS)
@pytest.mark.parametrize("pictures", ARRAYS)
def test_files_of_python_3(path, pictures, labels, protocol):
    made = [ARRAYS[pictures](data) for data in PICTURES]
    content = pickle.dumps((made, LABELS[labels](TRUTHS)), protocol)
    path.write_bytes(content)
    pairs = read_verification_file(path)
    assert pairs.encoded == tuple(PICTURES)
    assert pairs.is_same == (True, False)


@pytest.mark.parametrize("core", [b"numpy.core", b"numpy._core"])
def test_arrays_of_both_numpys(path, core):
    made = [np.frombuffer(data, np.uint8).copy() for data in PICTURES]
    content = pickle.dumps((made, TRUTHS), 2)
    for name in (b"numpy._core", b"numpy.core"):
        content = content.replace(b"c" + name + b".", b"c" + core + b".")
    path.write_bytes(content)
    assert read_verification_file(path).encoded == tuple(PICTURES)


def test_files_of_python_2(path):
    """Its bytes are an operation of their own, and (list, list) a list."""
    strings = b"".join(
        b"U" + bytes([len(data)]) + data for data in PICTURES[:2]
    ) + b"".join(
        b"T" + struct.pack("<i", len(data)) + data for data in PICTURES[2:]
    )
    body = b"](" + strings + b"e](\x88\x89e"
    for content in (
        b"\x80\x02" + body + b"\x86.",
        b"\x80\x02](" + body + b"e.",
    ):
        path.write_bytes(content)
        pairs = read_verification_file(path)
        assert pairs.encoded == tuple(PICTURES)
        assert pairs.is_same == (True, False)


class _Call:
    """Pickles to a call of a function."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (os.system, r"(posix|nt)\.system"),
        (eval, r"builtins\.eval|__builtin__\.eval"),
        (getattr, r"builtins\.getattr|__builtin__\.getattr"),
        (np.load, r"numpy\.load"),
        (np.fromfile, r"numpy\.\S*fromfile"),
    ],
)
@pytest.mark.parametrize("protocol", [2, 4])
def test_a_foreign_global_is_named_and_not_called(
    path, tmp_path, function, name, protocol
):
    marker = tmp_path / "executed"
    call = _Call(function, f"touch {marker}")
    path.write_bytes(pickle.dumps(([call, call], [True]), protocol))
    with pytest.raises(ValueError, match=f"received the global ({name});") as e:
        read_verification_file(path)
    assert not marker.exists()
    assert "nothing was run" in str(e.value)


def test_a_name_inside_an_allowed_module_is_refused(path):
    content = b"\x80\x04\x8c\x05numpy\x8c\x14f2py.diagnose.system\x93."
    path.write_bytes(content)
    with pytest.raises(ValueError, match="global numpy.f2py.diagnose.system"):
        read_verification_file(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x80\x02\x82\x01.", "the operation EXT1"),
        (b"\x80\x02\x83\x01\x00.", "the operation EXT2"),
        (b"\x80\x02\x84\x01\x00\x00\x00.", "the operation EXT4"),
        (b"Pidentifier\n.", "the operation PERSID"),
        (b"\x80\x02Nr\xff\xff\xff\x7f.", "a memo number of 2147483647"),
        (b"\x80\x02Np999999999\n.", "a memo number of 999999999"),
        (b"no pickle at all", "a damaged pickle|pickle"),
        (b"", "a damaged pickle|pickle"),
    ],
)
def test_operations_and_damage(path, content, message):
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read_verification_file(path)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ((PICTURES[:3], TRUTHS), "two pictures for each of 2 .* 3 pictures"),
        (([], []), "for each of 0 truth values .* received 0 pictures"),
        (([b"a", ""], [True]), "bytes as picture 1 .* received str"),
        (([b"a", b""], [True]), "bytes as picture 1 .* received bytes"),
        (([b"a", b"b"], [2]), "a truth value for pair 0 .* received int"),
        (([b"a", b"b"], ["yes"]), "truth value for pair 0 .* received str"),
        (
            (PICTURES, TRUTHS, 1),
            r"\(pictures, truth values\) .* received tuple",
        ),
        ({"a": 1}, "received dict"),
        ((b"ab", [True]), "a list of pictures .* received bytes"),
        (([b"a", b"b"], True), "a list of truth values .* received bool"),
    ],
)
def test_other_contents(path, value, message):
    path.write_bytes(pickle.dumps(value, 3))
    with pytest.raises(ValueError, match=message):
        read_verification_file(path)


def test_missing_file(path):
    with pytest.raises(ValueError, match="verification pairs, found none"):
        read_verification_file(path)


def test_a_large_file_is_refused_unread(path):
    with open(path, "wb") as file:
        file.truncate((2 << 30) + 1)
    with pytest.raises(ValueError, match="at most 2 GiB"):
        read_verification_file(path)


def test_one_text_encoded_very_often_costs_its_size_once(path):
    """Half a megabyte of text, which 20,000 pictures would make 10 GB."""
    text = "x" * 500_000
    head = b"\x80\x02c_codecs\nencode\nq\x00X"
    head += struct.pack("<I", len(text)) + text.encode()
    head += b"q\x01X\x06\x00\x00\x00latin1q\x02\x86Rq\x03"
    body = b"0](" + b"h\x03" * 20_000 + b"e](" + b"\x88" * 10_000 + b"e\x86."
    path.write_bytes(head + body)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    pairs = read_verification_file(path)
    assert len(pairs.encoded) == 20_000 and pairs.encoded[7] == text.encode()
    # Kilobytes.
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 200_000


def test_2000_mutated_files_raise_nothing_else(path, tmp_path):
    generator = np.random.default_rng(0)
    arrays = [np.frombuffer(data, np.uint8).copy() for data in PICTURES]
    goods = [
        np.frombuffer(pickle.dumps((pictures, TRUTHS), protocol), np.uint8)
        for pictures in (PICTURES, arrays)
        for protocol in (2, 4)
    ]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    known = set(pathlib.Path(tmp_path).iterdir())
    refused = 0
    for number in range(2000):
        content = goods[number % len(goods)].copy()
        places = generator.integers(0, len(content), generator.integers(1, 6))
        content[places] = generator.integers(0, 256, len(places))
        path.write_bytes(content[: generator.integers(1, len(content) + 99)])
        try:
            read_verification_file(path)
        except ValueError as error:
            refused += 1
            assert str(path) in str(error) and "received" in str(error)
    assert 1000 < refused <= 2000
    assert set(pathlib.Path(tmp_path).iterdir()) <= {*known, path}
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 200_000
