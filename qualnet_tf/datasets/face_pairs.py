"""Pairs of faces to verify: from a `.bin` file, or from a CSV and pictures.

The CSV has a header and the columns left, right (paths of pictures) and same
(1 or 0); a column fold (whole numbers) groups the pairs for cross-validation.
Without it, and in `.bin` files, folds are ten rows of pairs one behind the
other, as usual.
"""

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from qualnet_tf.datasets.face_csv import existing_picture, read_rows
from qualnet_tf.datasets.verification_file import read_verification_file

_COLUMNS = ("left", "right", "same")


@dataclasses.dataclass(frozen=True)
class FacePairs:
    """Pictures and which of them are compared.

    Attributes:
        name: What results call it: the file's name without its suffix.
        sources: An encoded picture or the path of one, each once.
        names: What each is called in messages.
        left: int [pairs], places in `sources`.
        right: Of the other pictures.
        is_same: bool [pairs].
        folds: int [pairs], or None for ten consecutive ones.
    """

    name: str
    sources: tuple[bytes | str, ...]
    names: tuple[str, ...]
    left: np.ndarray
    right: np.ndarray
    is_same: np.ndarray
    folds: np.ndarray | None


def read_pairs(
    path: str | os.PathLike, pictures_dir: str | os.PathLike | None = None
) -> FacePairs:
    """Reads pairs; pictures are not decoded here.

    Args:
        path: A `.bin` file (see `read_verification_file`) or a CSV.
        pictures_dir: Folder that the CSV's paths begin in; None is the CSV's
            own.

    Raises:
        ValueError: If the file is missing, damaged or of another kind, or a
            picture it names is not there.
    """
    path = Path(path)
    if path.suffix == ".bin":
        found = read_verification_file(path)
        places = np.arange(len(found.is_same))
        return FacePairs(
            path.stem,
            found.encoded,
            tuple(f"{path}, picture {i}" for i in range(len(found.encoded))),
            2 * places,
            2 * places + 1,
            np.array(found.is_same),
            None,
        )
    return _from_csv(path, Path(pictures_dir or path.parent))


def _from_csv(path: Path, folder: Path) -> FacePairs:
    rows = read_rows(path, _COLUMNS, "pairs of faces")
    places: dict[str, int] = {}
    sides = {"left": [], "right": []}
    for number, row in enumerate(rows, 2):
        for side, found in sides.items():
            name = row[side]
            if name not in places:
                existing_picture(folder, name, f"{path}, line {number}")
                places[name] = len(places)
            found.append(places[name])
    folds = None
    if "fold" in rows[0]:
        folds = np.array(_numbers(path, rows, "fold"))
    pictures = tuple(str(folder / name) for name in places)
    return FacePairs(
        path.stem,
        pictures,
        pictures,
        np.array(sides["left"]),
        np.array(sides["right"]),
        np.array(_numbers(path, rows, "same", ("0", "1")), bool),
        folds,
    )


def _numbers(
    path: Path,
    rows: list[Mapping[str, str]],
    column: str,
    legal: tuple[str, ...] = (),
) -> list[int]:
    for number, row in enumerate(rows, 2):
        text = (row[column] or "").strip()
        if not text.isdigit() or (legal and text not in legal):
            raise ValueError(
                f"{path}, line {number}: expected "
                f"{' or '.join(legal) or 'a whole number'} as {column}, "
                f"received {text[:20]!r}; correct the line"
            )
    return [int(row[column]) for row in rows]
