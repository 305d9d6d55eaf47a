"""Verification sets of face recognition: `.bin` files, without running them.

A file such as lfw.bin or agedb_30.bin is a pickle of (pictures, whether the
pictures 2k and 2k + 1 show one person). A pickle may name any function of any
module to be called; this reader knows the handful of names that these files
need, replaces them by stand-ins that keep their arguments, and refuses all
others. It needs neither the code that wrote the file nor its NumPy.
"""

import contextlib
import dataclasses
import functools
import io
import os
import pathlib
import pickle
import pickletools

_MAX_BYTES = 2 << 30
# What may stand in for code, by exact module and name.
_NUMPY_CORES = ("numpy.core", "numpy._core")
# These fetch an object by number from a table of the process, which goes past
# `find_class`, or from outside the file.
_REFUSED_OPCODES = ("EXT1", "EXT2", "EXT4", "PERSID", "BINPERSID")


@dataclasses.dataclass(frozen=True)
class VerificationPairs:
    """Pairs of pictures.

    Args:
        encoded: The files of the pictures; pair k is 2k and 2k + 1.
        is_same: Whether each pair shows one person.
    """

    encoded: tuple[bytes, ...]
    is_same: tuple[bool, ...]


class _Recorded:
    """Stands in for what a file asks to be called; keeps the arguments."""

    # A pickle can make an instance without calling `__init__`.
    arguments = ()
    state = None

    def __init__(self, *arguments):
        self.arguments = arguments

    def __setstate__(self, state):
        self.state = state


class _Array(_Recorded):
    """A NumPy array: by `_reconstruct` and a state, or by `_frombuffer`."""

    @property
    def buffer(self):
        """The array's bytes, or what else stands in their place."""
        if isinstance(self.state, tuple) and self.state:
            return _bytes(self.state[-1])
        return _bytes(self.arguments[0]) if self.arguments else None


class _Scalar(_Recorded):
    """A NumPy scalar: (type, bytes)."""


class _Type(_Recorded):
    """numpy.ndarray or numpy.dtype, as an argument or called."""


class _Encoded(_Recorded):
    """`_codecs.encode`: Python 2's bytes as text of as many characters."""

    @functools.cached_property
    def value(self) -> bytes | None:
        """The bytes, made once however often the file shares them."""
        text, encoding = (*self.arguments, None, None)[:2]
        if isinstance(text, str) and encoding in ("latin1", "latin-1"):
            with contextlib.suppress(UnicodeError):
                return text.encode("latin-1")
        return None


_STAND_INS = {
    ("numpy", "ndarray"): _Type,
    ("numpy", "dtype"): _Type,
    ("_codecs", "encode"): _Encoded,
}
for _core in _NUMPY_CORES:
    _STAND_INS[f"{_core}.multiarray", "_reconstruct"] = _Array
    _STAND_INS[f"{_core}.multiarray", "scalar"] = _Scalar
    _STAND_INS[f"{_core}.numeric", "_frombuffer"] = _Array


class _Unpickler(pickle.Unpickler):
    def find_class(self, module, name):
        """Returns a stand-in for an expected name and refuses all others."""
        found = _STAND_INS.get((module, name))
        if found is None:
            raise pickle.UnpicklingError(f"the global {module}.{name}")
        return found

    def persistent_load(self, identifier):
        """Refuses objects that lie outside the file."""
        raise pickle.UnpicklingError("an object outside the file")


def read_verification_file(path: str | os.PathLike) -> VerificationPairs:
    """Reads a `.bin` file of verification pairs; nothing in it is run.

    The pictures are not decoded here.

    Args:
        path: Written by Python 2 or 3, with pictures as bytes or as arrays of
            NumPy before or since 2.

    Raises:
        ValueError: If the file is missing, larger than 2 GiB, no such pickle
            or truncated, names anything but what these files need, or does
            not hold two pictures per pair.
    """
    path = pathlib.Path(path)
    if not path.is_file():
        raise ValueError(
            f"{path}: expected a file of verification pairs, found none; "
            "correct the path"
        )
    if path.stat().st_size > _MAX_BYTES:
        raise ValueError(
            f"{path}: expected at most {_MAX_BYTES >> 30} GiB of verification "
            f"pairs, received {path.stat().st_size / 2**30:.1f}; split it"
        )
    content = path.read_bytes()
    try:
        _check_opcodes(content)
        loaded = _Unpickler(io.BytesIO(content), encoding="bytes").load()
    except pickle.UnpicklingError as error:
        raise _refused(path, str(error)) from error
    except (MemoryError, RecursionError) as error:
        raise _refused(path, "more than fits into memory") from error
    except Exception as error:
        # A damaged pickle can fail in any operation of its machine.
        raise _refused(
            path, f"a damaged pickle ({type(error).__name__})"
        ) from error
    return _pairs(path, loaded)


def _refused(path, received: str) -> ValueError:
    return ValueError(
        f"{path}: expected a pickle of pictures and truth values alone, "
        f"received {received}; nothing was run. Get the file from its source "
        "again"
    )


def _check_opcodes(content: bytes) -> None:
    """Walks over the operations without carrying any of them out.

    What it looks for: operations that get round `find_class`, and lengths and
    table numbers that would make the machine reserve more than the file holds.
    """
    for opcode, argument, _ in pickletools.genops(content):
        if opcode.name in _REFUSED_OPCODES:
            raise pickle.UnpicklingError(f"the operation {opcode.name}")
        if opcode.name in ("PUT", "BINPUT", "LONG_BINPUT") and (
            argument is None or argument > len(content)
        ):
            raise pickle.UnpicklingError(f"a memo number of {argument}")


def _pairs(path, loaded) -> VerificationPairs:
    if not isinstance(loaded, (tuple, list)) or len(loaded) != 2:
        raise _unlike(path, "(pictures, truth values)", _say(loaded))
    pictures, truths = loaded
    if not isinstance(pictures, (list, tuple)):
        raise _unlike(path, "a list of pictures", _say(pictures))
    truths = _truths(path, truths)
    if len(pictures) != 2 * len(truths) or not truths:
        raise _unlike(
            path,
            f"two pictures for each of {len(truths)} truth values",
            f"{len(pictures)} pictures",
        )
    return VerificationPairs(
        tuple(_picture(path, i, each) for i, each in enumerate(pictures)),
        truths,
    )


def _picture(path, number: int, value) -> bytes:
    value = value.buffer if isinstance(value, _Array) else _bytes(value)
    if not isinstance(value, bytes) or not value:
        raise _unlike(path, f"bytes as picture {number}", _say(value))
    return value


def _bytes(value):
    """Returns bytes of any kind as bytes, and anything else as it is."""
    if isinstance(value, _Encoded):
        return value.value
    return bytes(value) if isinstance(value, bytearray) else value


def _truths(path, values) -> tuple[bool, ...]:
    """Truth values from a list of them, of NumPy's, or from an array."""
    if isinstance(values, _Array):
        buffer = values.buffer
        if not isinstance(buffer, bytes):
            raise _unlike(path, "an array of truth values", _say(buffer))
        values = list(buffer)
    if not isinstance(values, (list, tuple)):
        raise _unlike(path, "a list of truth values", _say(values))
    found = []
    for number, value in enumerate(values):
        if isinstance(value, _Scalar) and len(value.arguments) == 2:
            value = _bytes(value.arguments[1])
        if isinstance(value, bytes) and len(value) == 1:
            value = value[0]
        if isinstance(value, int) and value in (0, 1):
            found.append(bool(value))
            continue
        raise _unlike(path, f"a truth value for pair {number}", _say(value))
    return tuple(found)


def _unlike(path, expected: str, received: str) -> ValueError:
    return ValueError(
        f"{path}: expected {expected} in a file of verification pairs, "
        f"received {received}; get the file from its source again"
    )


def _say(value) -> str:
    if isinstance(value, _Encoded):
        return "bytes"
    return type(value).__name__.lstrip("_").lower()
