"""Faces written in another form: TFRecord, RecordIO or folders.

Encoded pictures are copied as they are; each is decoded once on the way, so
that a damaged one is found here and not in the middle of a training run.
Everything is written beside the output folder and renamed to it at the end.
"""

import contextlib
import csv
import itertools
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from absl import logging
from tqdm import tqdm

from qualnet_tf.datasets.face_files import FaceFiles
from qualnet_tf.datasets.face_pictures import load_face
from qualnet_tf.datasets.face_record import write_face_record
from qualnet_tf.datasets.record_io import write_records

FORMATS = ("tfrecord", "records", "folder")
_VERSION = "1.0.0"
_FACES_PER_SHARD = 16_384
_AHEAD = 256
_SUFFIXES = {b"\xff\xd8": ".jpg", b"\x89P": ".png", b"RI": ".webp"}


def convert(
    faces: FaceFiles,
    output_dir: str,
    file_format: str,
    *,
    name: str = "faces",
    skip_bad_files: bool = False,
    seed: int = 0,
) -> dict[str, int]:
    """Writes all faces in a format, and identities.csv beside them.

    Args:
        faces: What to convert.
        output_dir: Folder that is made; "tfrecord" makes NAME/1.0.0 in it.
        file_format: "tfrecord": a set of TensorFlow Datasets with `image` and
            `label`, shuffled; "records": train.rec, train.idx and property as
            insightface writes them; "folder": a folder per identity.
        name: Of the set of TensorFlow Datasets.
        skip_bad_files: Leave out what cannot be decoded instead of stopping.
        seed: Of the order of the TFRecord files.

    Returns:
        "faces" and "identities" written, and "bad" ones left out.

    Raises:
        ValueError: If the output exists, or a face cannot be decoded.
    """
    target = Path(output_dir)
    if target.exists():
        raise ValueError(
            f"{target}: expected a folder that does not exist yet, received "
            "one that does; nothing is overwritten, choose another --output_dir"
        )
    order = np.argsort(faces.labels, kind="stable")
    if file_format == "tfrecord":
        order = np.random.default_rng(seed).permutation(len(order))
    counts = {"bad": 0}
    with _folder_in_one_piece(target) as folder:
        good = _good_faces(faces, order, skip_bad_files, counts)
        written = _WRITERS[file_format](faces, good, folder, name)
        if not written:
            raise ValueError(
                f"{target}: none of {len(order)} faces can be decoded; get "
                "them from their source again"
            )
        _write_identities(faces, folder)
    return {"faces": written, "identities": len(faces.identities), **counts}


@contextlib.contextmanager
def _folder_in_one_piece(target: Path) -> Iterator[Path]:
    """Yields a folder that becomes `target` when the block succeeds."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        folder = part / target.name
        folder.mkdir()
        yield folder
        folder.rename(target)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _good_faces(
    faces: FaceFiles, order, skip_bad_files: bool, counts: dict[str, int]
) -> Iterator[tuple[int, bytes]]:
    """Yields (place, encoded picture) of what can be decoded."""

    def check(place: int) -> tuple[bytes, str]:
        encoded = faces.read(place)
        try:
            load_face(encoded, faces.names[place])
        except ValueError as error:
            return encoded, str(error)
        return encoded, ""

    with ThreadPoolExecutor() as pool:
        for start in tqdm(
            range(0, len(order), _AHEAD),
            "convert",
            unit="256 faces",
            disable=None,
        ):
            places = [int(place) for place in order[start : start + _AHEAD]]
            checked = pool.map(check, places)
            for place, (encoded, fault) in zip(places, checked, strict=True):
                if not fault:
                    yield place, encoded
                elif skip_bad_files:
                    counts["bad"] += 1
                    logging.warning("skipped: %s", fault)
                else:
                    raise ValueError(f"{fault}, or pass --skip_bad_files")


def _write_tfrecord(faces, good, folder: Path, name: str) -> int:
    # Costs most of a second to import.
    import tensorflow_datasets as tfds

    place = folder / name / _VERSION
    place.mkdir(parents=True)
    info = tfds.core.DatasetInfo(
        builder=tfds.core.dataset_info.DatasetIdentity(
            name=name,
            version=tfds.core.Version(_VERSION),
            data_dir=str(place),
            module_name="qualnet_tf",
        ),
        description="Faces and whom they show.",
        features=tfds.features.FeaturesDict(
            {
                "image": tfds.features.Image(shape=(None, None, 3)),
                "label": tfds.features.ClassLabel(names=faces.identities),
            }
        ),
        supervised_keys=("image", "label"),
    )
    writer = tfds.core.SequentialWriter(info, _FACES_PER_SHARD)
    writer.initialize_splits(["train"], fail_if_exists=False)
    count = 0
    for index, encoded in good:
        example = {"image": encoded, "label": int(faces.labels[index])}
        writer.add_examples({"train": [example]})
        count += 1
    writer.close_all()
    return count


def _write_record_files(faces, good, folder: Path, name: str) -> int:
    """Faces by identity, a record per identity, and the header last.

    insightface's own program writes key 0 last too: only then it is known how
    many there are. Nothing but the labels is kept in memory.
    """
    del name
    labels: list[int] = []
    size: list[int] = []

    def payloads():
        for place, encoded in good:
            labels.append(int(faces.labels[place]))
            if not size:
                size.extend(load_face(encoded, "").shape[:2])
            yield write_face_record(float(labels[-1]), encoded)
        _, starts = np.unique(labels, return_index=True)
        keys = [*(starts + 1), len(labels) + 1]
        for first, end in itertools.pairwise(keys):
            yield write_face_record((first, end), b"")
        yield write_face_record((keys[-1], keys[-1] + len(starts)), b"")

    *offsets, header = write_records(folder / "train.rec", payloads())
    if not labels:
        return 0
    lines = [f"{key}\t{offset}\n" for key, offset in enumerate(offsets, 1)]
    (folder / "train.idx").write_text("".join([*lines, f"0\t{header}\n"]))
    (folder / "property").write_text(
        f"{len(faces.identities)},{size[0]},{size[1]}\n"
    )
    return len(labels)


def _write_folder(faces, good, folder: Path, name: str) -> int:
    del name
    count = 0
    for place, encoded in good:
        path = folder / faces.names[place]
        if not path.suffix:
            suffix = _SUFFIXES.get(encoded[:2], ".img")
            path = path.with_name(path.name + suffix)
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_bytes(encoded)
        count += 1
    return count


def _write_identities(faces: FaceFiles, folder: Path) -> None:
    """Writes which label is whom: labels are numbered without gaps."""
    with open(folder / "identities.csv", "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("label", "identity"))
        writer.writerows(enumerate(faces.identities))


_WRITERS = {
    "tfrecord": _write_tfrecord,
    "records": _write_record_files,
    "folder": _write_folder,
}
