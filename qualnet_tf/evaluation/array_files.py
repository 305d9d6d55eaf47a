"""Dataclasses of arrays as `.npz` files, NumPy only."""

import dataclasses
import os
import pathlib
import zipfile
from typing import Any

import numpy as np

from qualnet_tf import run_dir


def save_fields(instance: Any, path: str | os.PathLike) -> None:
    """Writes every field of a dataclass to `path`, all or nothing."""
    arrays = {
        field.name: np.array(getattr(instance, field.name))
        for field in dataclasses.fields(instance)
    }
    save_arrays(path, **arrays)


def save_arrays(path: str | os.PathLike, **arrays: np.ndarray) -> None:
    """Writes arrays to `path`, all or nothing."""
    with run_dir.atomic_file(pathlib.Path(path)) as temporary:
        np.savez_compressed(temporary, **arrays)


def load_arrays(cls: type, path: str | os.PathLike, what: str = "pictures"):
    """Returns an instance of `cls` made of the arrays that a file holds.

    Args:
        cls: Its constructor takes them by name.
        path: Of the file.
        what: What to call the contents in errors.

    Raises:
        ValueError: If the file is missing, damaged or something else.
    """
    if not pathlib.Path(path).is_file():
        raise ValueError(f"{path}: no {what}; evaluate the run first")
    try:
        # Opened here, because np.load leaves a damaged archive open.
        with open(path, "rb") as raw, np.load(raw, allow_pickle=False) as file:
            return cls(**{name: file[name] for name in file.files})
    except (zipfile.BadZipFile, EOFError, OSError, TypeError, ValueError) as e:
        raise ValueError(
            f"{path}: not the {what} of an evaluation ({e}); evaluate the "
            "run again"
        ) from e
