"""Every face of a folder of identities or of RecordIO files, still encoded.

What conversions read: unlike a data set for training, nothing is held out, and
a person may have one picture.
"""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np

from qualnet_tf.datasets.face_record import identity_of, parse_face_record
from qualnet_tf.datasets.face_records import face_keys
from qualnet_tf.datasets.image_folder import list_classes, only_listed
from qualnet_tf.datasets.record_io import RecordFile, read_index

KINDS = ("folder", "face_records")


@dataclasses.dataclass(frozen=True)
class FaceFiles:
    """Encoded faces by place.

    Attributes:
        identities: Names of the people; a label is a place among them.
        labels: int64 [faces].
        names: What each face is called: "person/file" in a folder.
        read: Returns the encoded picture at a place.
    """

    identities: tuple[str, ...]
    labels: np.ndarray
    names: tuple[str, ...]
    read: Callable[[int], bytes]

    def by_person(self) -> dict[str, list[str]]:
        """Returns name of a person -> names of the faces."""
        people: dict[str, list[str]] = {name: [] for name in self.identities}
        for name, label in zip(self.names, self.labels, strict=True):
            people[self.identities[label]].append(name)
        return people


def list_faces(kind: str, data_dir: str, class_list: str = "") -> FaceFiles:
    """Lists the faces of a data set.

    Args:
        kind: One of `KINDS`.
        data_dir: Folder of class folders, or of train.rec and train.idx.
        class_list: Text file that names the people to use ("folder" only);
            empty uses all.

    Raises:
        ValueError: If files are missing or damaged.
    """
    folder = Path(data_dir)
    if kind == "face_records":
        return _of_records(folder)
    people = list_classes(folder)
    if class_list:
        people = only_listed(people, Path(class_list), folder)
    files = [Path(file) for members in people.values() for file in members]
    sizes = [len(members) for members in people.values()]
    return FaceFiles(
        tuple(people),
        np.repeat(np.arange(len(sizes)), sizes),
        tuple(file.relative_to(folder).as_posix() for file in files),
        lambda place: files[place].read_bytes(),
    )


def _of_records(folder: Path) -> FaceFiles:
    index = read_index(folder / "train.idx")
    records = RecordFile(folder / "train.rec")
    keys = face_keys(records, index)

    def parse(place: int):
        where = f"{records.path}, record {keys[place]}"
        record = parse_face_record(records.read(index[keys[place]]), where)
        return record, where

    def read(place: int) -> bytes:
        return parse(place)[0].encoded

    found = np.array([identity_of(*parse(i)) for i in range(len(keys))])
    names, labels = np.unique(found, return_inverse=True)
    width = len(str(keys[-1]))
    return FaceFiles(
        tuple(str(name) for name in names),
        labels.astype(np.int64),
        tuple(
            f"{identity}/{key:0{width}d}"
            for identity, key in zip(found, keys, strict=True)
        ),
        read,
    )
