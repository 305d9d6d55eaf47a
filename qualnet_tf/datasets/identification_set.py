"""Probes and gallery for identification: from a CSV, or TinyFace's folders.

The CSV has a header and the columns image (path of a picture), identity and
role: gallery, probe or distractor. A distractor's identity is not looked at.

TinyFace (Cheng, Zhu and Gong, "Low-Resolution Face Recognition", ACCV 2018) is
named by its folder, or by Testing_Set in it: Probe, Gallery_Match,
Gallery_Distractor, and the lists probe_img_ID_pairs.mat and
gallery_match_img_ID_pairs.mat.
"""

import dataclasses
import os
from pathlib import Path

import numpy as np

from qualnet_tf.datasets.face_csv import existing_picture, read_rows

DISTRACTOR = -100
_ROLES = ("gallery", "probe", "distractor")
_TINYFACE_LISTS = {
    "Probe": ("probe_img_ID_pairs.mat", "probe_set", "probe_ids"),
    "Gallery_Match": (
        "gallery_match_img_ID_pairs.mat",
        "gallery_set",
        "gallery_ids",
    ),
}
_PICTURES = (".jpg", ".jpeg", ".png")


@dataclasses.dataclass(frozen=True)
class IdentificationSet:
    """Paths of pictures and whom they show.

    Attributes:
        name: What results call it.
        probes: Paths.
        probe_identities: int64 [probes].
        gallery: Paths, the distractors last.
        gallery_identities: int64 [gallery]; `DISTRACTOR` marks one.
    """

    name: str
    probes: tuple[str, ...]
    probe_identities: np.ndarray
    gallery: tuple[str, ...]
    gallery_identities: np.ndarray


def read_identification(
    path: str | os.PathLike, pictures_dir: str | os.PathLike | None = None
) -> IdentificationSet:
    """Reads which pictures are probes and which the gallery.

    Args:
        path: A CSV, or TinyFace's folder.
        pictures_dir: Folder that the CSV's paths begin in; None is the CSV's
            own.

    Raises:
        ValueError: If a list or picture is missing or damaged, or there are
            no probes or no gallery.
    """
    path = Path(path)
    if path.is_dir():
        inner = path / "Testing_Set"
        return _tinyface(inner if inner.is_dir() else path)
    rows = read_rows(path, ("image", "role"), "probes and gallery")
    folder = Path(pictures_dir or path.parent)
    pictures: dict[str, list[str]] = {role: [] for role in _ROLES}
    people: dict[str, list[str]] = {role: [] for role in _ROLES}
    for number, row in enumerate(rows, 2):
        where = f"{path}, line {number}"
        if row["role"] not in _ROLES:
            raise ValueError(
                f"{where}: expected {', '.join(_ROLES)} as role, received "
                f"{row['role'][:20]!r}; correct the line"
            )
        if row["role"] != "distractor" and not row.get("identity"):
            raise ValueError(
                f"{where}: expected an identity of a {row['role']}, received "
                "none; add the column or the value"
            )
        picture = existing_picture(folder, row["image"], where)
        pictures[row["role"]].append(picture)
        people[row["role"]].append(row.get("identity", ""))
    numbers = {
        name: number
        for number, name in enumerate(
            dict.fromkeys(people["gallery"] + people["probe"])
        )
    }
    return _made(
        path.stem,
        pictures,
        {
            role: np.array([numbers[name] for name in people[role]], np.int64)
            for role in ("gallery", "probe")
        },
        str(path),
    )


def _made(name, pictures, identities, where: str) -> IdentificationSet:
    for role in ("probe", "gallery"):
        if not pictures[role]:
            raise ValueError(
                f"{where}: expected probes and a gallery, received no {role}; "
                "add pictures of that role"
            )
    distractors = np.full(len(pictures["distractor"]), DISTRACTOR, np.int64)
    return IdentificationSet(
        name,
        tuple(pictures["probe"]),
        identities["probe"],
        (*pictures["gallery"], *pictures["distractor"]),
        np.concatenate([identities["gallery"], distractors]),
    )


def _tinyface(folder: Path) -> IdentificationSet:
    pictures, identities = {}, {}
    for role, part in (("probe", "Probe"), ("gallery", "Gallery_Match")):
        list_name, names_key, identities_key = _TINYFACE_LISTS[part]
        path = folder / list_name
        names, numbers = _read_mat(path, names_key, identities_key)
        pictures[role] = [
            existing_picture(folder / part, name, str(path)) for name in names
        ]
        identities[role] = numbers
    distractors = folder / "Gallery_Distractor"
    if not distractors.is_dir():
        raise ValueError(
            f"{distractors}: expected TinyFace's folder of distractors, found "
            "none; copy it, or list the pictures in a CSV"
        )
    pictures["distractor"] = sorted(
        str(file)
        for file in distractors.iterdir()
        if file.suffix.lower() in _PICTURES and file.name[0] != "."
    )
    return _made("tinyface", pictures, identities, str(folder))


def _read_mat(
    path: Path, names_key: str, identities_key: str
) -> tuple[list[str], np.ndarray]:
    """Reads a list of TinyFace: names of pictures, and their identities."""
    # Here, because it takes a while and only this format needs it.
    from scipy import io

    if not path.is_file():
        raise ValueError(
            f"{path}: expected a list of TinyFace, found none; name the folder "
            "that holds Testing_Set, or Testing_Set itself"
        )
    try:
        # Numbers and text alone: nothing in the file is run.
        content = io.loadmat(path, variable_names=[names_key, identities_key])
        names = [str(np.squeeze(x).item()) for x in content[names_key].ravel()]
        identities = content[identities_key].ravel().astype(np.int64)
    except Exception as error:
        # SciPy raises errors of many kinds for a damaged file.
        raise ValueError(
            f"{path}: expected a MATLAB file with {names_key} and "
            f"{identities_key}, received something else "
            f"({type(error).__name__}); get it from its source again"
        ) from error
    if len(names) != len(identities):
        raise ValueError(
            f"{path}: expected an identity for each of {len(names)} pictures, "
            f"received {len(identities)}; get it from its source again"
        )
    return names, identities
