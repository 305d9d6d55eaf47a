"""The Database of Faces of the Olivetti Research Laboratory (ORL), in part.

400 grey photographs of 40 people, 92x112 pixels: F. Samaria and A. Harter,
"Parameterisation of a stochastic model for human face identification", IEEE
Workshop on Applications of Computer Vision, 1994. Far too small to learn to
recognise faces in general; enough to try a recipe in minutes. The first 30
people are trained on. The other ten are left for evaluation: with folders of
identities, `convert_faces` lists their pairs.
"""

import re
from pathlib import Path

import numpy as np

from qualnet_tf.datasets.arrays import array_source
from qualnet_tf.datasets.face_pictures import fit_face, load_face
from qualnet_tf.datasets.source import ImageSource, SourceOptions
from qualnet_tf.datasets.subsets import balanced_subset, stratified_split

NUM_TRAINED = 30
_SIDE = 112
_NUM_PEOPLE = 40
_SOURCE = (
    "expected folders s1 to s40 of the Database of Faces of the Olivetti "
    "Research Laboratory, later AT&T Laboratories Cambridge (att_faces), "
    "named by --data_dir"
)


def open_orl_faces(split: str, options: SourceOptions) -> ImageSource:
    """Opens the faces of the first 30 people, 112x112 with black at the sides.

    Args:
        split: "train" or "validation".
        options: `data_dir`, `max_images`, `validation_fraction` and `seed`
            apply. The folders stand in `data_dir` or in `images` within it,
            as s1 or s01, of PNG or PGM files.

    Raises:
        ValueError: If the folders are missing or a picture cannot be read.
    """
    people = find_people(options.data_dir)
    names = sorted(people)[:NUM_TRAINED]
    files = [file for name in names for file in people[name]]
    labels = np.repeat(
        np.arange(len(names)), [len(people[name]) for name in names]
    )
    kept = stratified_split(labels, options.validation_fraction, options.seed)[
        int(split == "validation")
    ]
    kept = balanced_subset(kept, labels, options.max_images, options.seed)
    images = [fit_face(load_face(files[i], str(files[i])), _SIDE) for i in kept]
    return array_source("orl_faces", np.stack(images), labels[kept], names)


def find_people(data_dir: str | None) -> dict[str, list[Path]]:
    """Returns "s01" to "s40" -> the files of that person, in order of number.

    Raises:
        ValueError: If not all 40 are there.
    """
    if data_dir is None:
        raise ValueError(f"data set 'orl_faces' has no folder: {_SOURCE}")
    root = Path(data_dir)
    root = root / "images" if (root / "images").is_dir() else root
    people = {}
    for folder in root.glob("s*") if root.is_dir() else ():
        number = re.fullmatch(r"s0*(\d+)", folder.name)
        files = [
            file
            for file in folder.glob("*")
            if file.suffix.lower() in (".png", ".pgm") and file.stem.isdigit()
        ]
        if number and files:
            files.sort(key=lambda file: int(file.stem))
            people[f"s{int(number[1]):02d}"] = files
    if len(people) != _NUM_PEOPLE or any(len(x) < 2 for x in people.values()):
        raise ValueError(
            f"{root}: {_SOURCE}, received {len(people)} such folders; correct "
            "the path, or get the faces from their source"
        )
    return people
