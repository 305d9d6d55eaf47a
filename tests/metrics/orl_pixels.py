"""Raw pixels of the ORL faces as embeddings, whose numbers are published."""

import csv
import pathlib

import numpy as np
import pytest

FOLDER = pathlib.Path(__file__).parents[3] / "shared" / "data" / "faces_orl"
needs_faces = pytest.mark.skipif(
    not FOLDER.is_dir(),
    reason="the ORL faces are not here: AT&T Laboratories Cambridge's "
    "'Database of Faces' beside the repository, in shared/data/faces_orl",
)


def pixels() -> dict[str, np.ndarray]:
    """Returns "sNN/MM.png" -> float32 [10304] in [-1, 1]."""
    with np.load(FOLDER / "faces_orl.npz") as file:
        faces = file["images"].astype(np.float32) / 127.5 - 1
        names = zip(file["labels"], file["shots"], strict=True)
        return {
            f"s{label + 1:02d}/{shot:02d}.png": face.ravel()
            for (label, shot), face in zip(names, faces, strict=True)
        }


def rows(name: str) -> list[dict[str, str]]:
    """Returns the rows of one of the CSV files."""
    with open(FOLDER / name, newline="") as file:
        return list(csv.DictReader(file))
