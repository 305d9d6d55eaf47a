"""Face data sets as they are handed on: RecordIO with an index.

DATA_DIR/train.rec, train.idx and, where it is there, property (one line:
identities,height,width).

The layout of insightface's packs, CASIA-WebFace in faces_webface_112x112 for
example. Labels may have gaps: they are numbered anew in ascending order, and
the class names, which every run keeps in its run.json, are the labels in the
file.
"""

from pathlib import Path

import numpy as np
import tensorflow as tf

from qualnet_tf.datasets.arrays import index_elements
from qualnet_tf.datasets.face_pictures import load_face
from qualnet_tf.datasets.face_record import (
    FaceRecord,
    identity_of,
    parse_face_record,
)
from qualnet_tf.datasets.record_io import RecordFile, read_index
from qualnet_tf.datasets.source import ImageSource, SourceOptions
from qualnet_tf.datasets.subsets import balanced_subset, stratified_split

_HEADER_KEY = 0


def open_face_records(split: str, options: SourceOptions) -> ImageSource:
    """Opens the records; a share of each identity is held out.

    The labels of all records are read once here; pictures are read and
    decoded as they are asked for, so a face that cannot be decoded stops the
    run there, with a line that names its record.

    Args:
        split: "train" or "validation".
        options: `data_dir`, `max_images`, `validation_fraction` and `seed`
            apply.

    Raises:
        ValueError: If a file is missing or damaged, an identity has one face
            or there are fewer than two identities.
    """
    if options.data_dir is None:
        raise ValueError(
            "data set 'face_records' has no folder: expected one with "
            "train.rec and train.idx, named by --data_dir"
        )
    folder = Path(options.data_dir)
    index = read_index(folder / "train.idx")
    records = RecordFile(folder / "train.rec")
    keys = face_keys(records, index)
    offsets = np.array([index[key] for key in keys], np.int64)
    identities = np.array(
        [
            identity_of(_parse(records, index, k), _where(records, k))
            for k in keys
        ]
    )
    names, labels, counts = np.unique(
        identities, return_inverse=True, return_counts=True
    )
    _check_identities(folder, names, counts)
    kept = stratified_split(labels, options.validation_fraction, options.seed)[
        int(split == "validation")
    ]
    kept = balanced_subset(kept, labels, options.max_images, options.seed)
    return _source(
        records,
        np.array(keys, np.int64)[kept],
        offsets[kept],
        labels[kept],
        tuple(str(name) for name in names),
    )


def face_keys(records: RecordFile, index: dict[int, int]) -> list[int]:
    """Returns the keys of the faces, ascending.

    insightface writes a header as key 0, whose first label is the end of the
    faces' keys; im2rec writes none, and key 0 is a face.
    """
    keys = sorted(index)
    if keys[0] != _HEADER_KEY:
        return keys
    first = _parse(records, index, _HEADER_KEY)
    if not first.is_header:
        return keys
    end = first.labels[0]
    keys = [key for key in keys if 0 < key < end]
    # The keys in front of `end` are without gaps.
    if not end - 1 == len(keys) > 0:
        raise ValueError(
            f"{records.path}: expected keys 1 to {end - 1:g} of faces, as its "
            f"header says, received {len(keys)} of them in the index; copy "
            "train.rec and train.idx again"
        )
    return keys


def _parse(records: RecordFile, index: dict[int, int], key: int) -> FaceRecord:
    return parse_face_record(records.read(index[key]), _where(records, key))


def _where(records: RecordFile, key: int) -> str:
    return f"{records.path}, record {key}"


def _check_identities(folder: Path, names, counts) -> None:
    alone = names[counts < 2]
    if len(alone):
        raise ValueError(
            f"{folder}: expected at least 2 faces of every identity, to hold "
            f"one out, received 1 of {len(alone)} identities "
            f"({', '.join(map(str, alone[:3]))}); leave them out or add faces"
        )
    if len(names) < 2:
        raise ValueError(
            f"{folder}: expected at least 2 identities, received {len(names)}; "
            "a classifier needs something to tell apart"
        )
    path = folder / "property"
    if not path.is_file():
        return
    fields = path.read_text(encoding="latin-1").strip().split(",")
    if len(fields) != 3 or not all(field.strip().isdigit() for field in fields):
        raise ValueError(
            f"{path}: expected one line 'identities,height,width', received "
            f"{','.join(fields)[:40]!r}; correct it or remove the file"
        )
    if int(fields[0]) < len(names):
        raise ValueError(
            f"{path}: expected at most {int(fields[0])} identities in the "
            f"records, received {len(names)}; the files do not belong together"
        )


def _source(
    records: RecordFile, keys, offsets, labels, class_names: tuple[str, ...]
) -> ImageSource:
    """Makes the data set of the chosen records."""
    all_labels = tf.constant(labels, tf.int64)

    def read(position):
        where = _where(records, keys[position])
        try:
            data = records.read(offsets[position])
            encoded = parse_face_record(data, where).encoded
            return load_face(encoded, where), b""
        except ValueError as error:
            # Raised in here, it would come with all frames of the graph.
            return np.zeros((1, 1, 3), np.uint8), str(error).encode()

    def decode(element):
        index = element["index"]
        image, fault = tf.numpy_function(
            read, [index], (tf.uint8, tf.string), stateful=False
        )
        check = tf.debugging.Assert(tf.equal(fault, ""), [fault])
        with tf.control_dependencies([] if check is None else [check]):
            image = tf.identity(image)
        return {
            "index": index,
            "image": tf.ensure_shape(image, (None, None, 3)),
            "label": tf.gather(all_labels, index),
        }

    return ImageSource(
        name="face_records",
        num_examples=len(keys),
        class_names=class_names,
        elements=lambda seed=None: index_elements(len(keys), seed),
        decode=decode,
        reads_in_python=True,
    )
