"""RecordIO files, in which face data sets are handed on, read without MXNet.

A file is a row of records, each a magic number, a word with the length of the
data and its kind, the data, and zeros up to a multiple of 4 bytes, all
little-endian. Data that holds the magic number at such a multiple is written
as several records without it; the reader puts it back. A text file beside it
lists `key<TAB>byte offset`. The layout is that of Apache MXNet's recordio.h.
"""

import mmap
import os
import pathlib
import struct

import numpy as np

MAGIC = struct.pack("<I", 0xCED7230A)
_LENGTH_BITS = 29
_MAX_LENGTH = (1 << _LENGTH_BITS) - 1
# Kinds of records.
_WHOLE, _FIRST, _MIDDLE, _LAST = range(4)
_HEAD = struct.Struct("<II")
_REMEDY = "copy the file again, or remake its index"


class RecordFile:
    """Random access to the records of one file, safe in many threads.

    Nothing of the file is kept in memory but what the system caches, and
    nothing is read that a record's own length does not stay within.

    Args:
        path: The `.rec` file.

    Raises:
        ValueError: If there is no such file or it is empty.
    """

    def __init__(self, path: str | os.PathLike):
        self.path = pathlib.Path(path)
        if not self.path.is_file() or not self.path.stat().st_size:
            raise ValueError(
                f"{self.path}: expected a RecordIO file, found "
                f"{'an empty one' if self.path.is_file() else 'none'}; correct "
                "the path, or copy the file again"
            )
        with open(self.path, "rb") as file:
            self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def __len__(self) -> int:
        """The file's size in bytes."""
        return len(self._bytes)

    def read(self, offset: int) -> bytes:
        """Returns the data of the record that begins at a byte.

        Raises:
            ValueError: If no whole record begins there.
        """
        kind, data, end = self._read_part(offset)
        if kind == _WHOLE:
            return data
        if kind != _FIRST:
            raise self._error(
                offset, "the beginning of a record", "a later part of one"
            )
        parts = [data]
        while kind != _LAST:
            kind, data, end = self._read_part(end)
            if kind not in (_MIDDLE, _LAST):
                raise self._error(
                    offset, "all parts of a record", "one without its end"
                )
            parts.append(data)
        return MAGIC.join(parts)

    def offsets(self) -> list[int]:
        """Returns where each record begins, from a pass over the file.

        For files without an index.

        Raises:
            ValueError: If something else than records stands in the file.
        """
        starts, offset = [], 0
        while offset < len(self):
            kind, length = self._read_head(offset)
            if kind in (_WHOLE, _FIRST):
                starts.append(offset)
            offset += _HEAD.size + _padded(length)
        return starts

    def _read_part(self, offset: int) -> tuple[int, bytes, int]:
        """Returns kind, data and end of the record at a byte."""
        kind, length = self._read_head(offset)
        start = offset + _HEAD.size
        return (
            kind,
            self._bytes[start : start + length],
            start + _padded(length),
        )

    def _read_head(self, offset: int) -> tuple[int, int]:
        if offset < 0 or offset >= len(self):
            raise self._error(
                offset, f"a record within the {len(self)} bytes", "a place past"
            )
        head = self._bytes[offset : offset + _HEAD.size]
        if len(head) < _HEAD.size:
            raise self._error(offset, "a record", "a truncated one")
        if head[:4] != MAGIC:
            raise self._error(
                offset, "the magic number 0xced7230a", f"0x{_hex(head[:4])}"
            )
        word = _HEAD.unpack(head)[1]
        kind, length = word >> _LENGTH_BITS, word & _MAX_LENGTH
        if kind > _LAST:
            raise self._error(offset, "a record of kind 0 to 3", f"kind {kind}")
        if offset + _HEAD.size + length > len(self):
            raise self._error(
                offset,
                f"a record within the {len(self)} bytes",
                f"one of {length} bytes: the file is truncated or damaged",
            )
        return kind, length

    def _error(self, offset: int, expected: str, received: str) -> ValueError:
        return ValueError(
            f"{self.path}: expected {expected} at byte {offset}, received "
            f"{received}; {_REMEDY}"
        )


def read_index(path: str | os.PathLike) -> dict[int, int]:
    """Reads an `.idx` file.

    Returns:
        Key -> byte offset, in the order of the lines, which need not be that
        of the keys.

    Raises:
        ValueError: If the file is missing or a line is no pair of different
            keys' whole numbers.
    """
    path = pathlib.Path(path)
    if not path.is_file():
        raise ValueError(
            f"{path}: expected the index of a RecordIO file, found none; copy "
            "it beside the .rec file"
        )
    index: dict[int, int] = {}
    with open(path, encoding="latin-1") as file:
        for number, line in enumerate(file, start=1):
            fields = line.split()
            if not fields:
                continue
            if len(fields) != 2 or not all(map(_is_number, fields)):
                raise ValueError(
                    f"{path}: expected 'key<TAB>byte offset' in line {number}, "
                    f"received {line.strip()[:40]!r}; {_REMEDY}"
                )
            key, offset = map(int, fields)
            if key in index:
                raise ValueError(
                    f"{path}: expected each key once, received {key} again in "
                    f"line {number}; {_REMEDY}"
                )
            index[key] = offset
    if not index:
        raise ValueError(
            f"{path}: expected lines of key and byte offset, received none; "
            f"{_REMEDY}"
        )
    return index


def write_records(path: str | os.PathLike, payloads) -> list[int]:
    """Writes a RecordIO file, for conversions and tests.

    Args:
        path: The `.rec` file.
        payloads: The data of each record, bytes of less than 2^29.

    Returns:
        The byte offset of each record.

    Raises:
        ValueError: If data is too long for a record.
    """
    offsets = []
    with open(path, "wb") as file:
        for data in payloads:
            if len(data) > _MAX_LENGTH:
                raise ValueError(
                    f"expected data of at most {_MAX_LENGTH} bytes, received "
                    f"{len(data)}; store it in several records"
                )
            offsets.append(file.tell())
            parts = _split(data)
            for number, part in enumerate(parts):
                kind = _kind(number, len(parts))
                word = kind << _LENGTH_BITS | len(part)
                file.write(MAGIC + struct.pack("<I", word) + part)
                file.write(bytes(_padded(len(part)) - len(part)))
    return offsets


def _split(data: bytes) -> list[bytes]:
    """Cuts data where it holds the magic number at a multiple of 4 bytes."""
    words = np.frombuffer(data[: len(data) // 4 * 4], "<u4")
    places = np.flatnonzero(words == struct.unpack("<I", MAGIC)[0]) * 4
    starts = [0, *(int(place) + 4 for place in places)]
    ends = [*(int(place) for place in places), len(data)]
    return [data[a:b] for a, b in zip(starts, ends, strict=True)]


def _kind(number: int, count: int) -> int:
    if count == 1:
        return _WHOLE
    if number == 0:
        return _FIRST
    return _LAST if number == count - 1 else _MIDDLE


def _padded(length: int) -> int:
    return (length + 3) // 4 * 4


def _is_number(field: str) -> bool:
    # No file has an offset of more digits; int() refuses thousands of them.
    return field.isascii() and field.isdigit() and len(field) < 20


def _hex(word: bytes) -> str:
    return word[::-1].hex()
