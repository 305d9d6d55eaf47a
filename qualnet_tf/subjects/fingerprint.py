"""Tells whether a stored model is still the one that was evaluated."""

import hashlib
import os
from pathlib import Path

_CHUNK_BYTES = 1 << 20


def fingerprint(address: str | os.PathLike) -> str:
    """Returns a text that changes when the model behind an address does.

    Args:
        address: A file, of which every byte counts; a folder, of which every
            file does; anything else, such as a server's address, is only as
            good as its text.
    """
    path = Path(address)
    digest = hashlib.sha256()
    if path.is_file():
        _add(digest, path)
    elif path.is_dir():
        for file in sorted(each for each in path.rglob("*") if each.is_file()):
            digest.update(str(file.relative_to(path)).encode())
            _add(digest, file)
    else:
        digest.update(str(address).encode())
    return digest.hexdigest()[:16]


def _add(digest, path: Path) -> None:
    with open(path, "rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
