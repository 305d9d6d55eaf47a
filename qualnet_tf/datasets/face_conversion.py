"""Faces written in another form: TFRecord, RecordIO or folders.

Encoded pictures are copied as they are; each is decoded once on the way, so
that a damaged one is found here and not in the middle of a training run.
Everything is written beside the output folder and renamed to it at the end.
"""

import contextlib
import csv
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
    order = np.arange(len(faces.labels))
    if file_format == "tfrecord":
        order = np.random.default_rng(seed).permutation(order)
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
    """Header record, faces by identity, one record per identity."""
    del name
    pairs = sorted(good, key=lambda pair: (faces.labels[pair[0]], pair[0]))
    labels = [int(faces.labels[place]) for place, _ in pairs]
    first_key = len(pairs) + 1
    present = sorted(set(labels))
    ranges = [
        (1 + labels.index(label), 1 + labels.index(label) + labels.count(label))
        for label in present
    ]
    payloads = [
        write_face_record((first_key, first_key + len(present)), b""),
        *(
            write_face_record(float(label), encoded)
            for label, (_, encoded) in zip(labels, pairs, strict=True)
        ),
        *(write_face_record(keys, b"") for keys in ranges),
    ]
    offsets = write_records(folder / "train.rec", payloads)
    lines = [f"{key}\t{offset}\n" for key, offset in enumerate(offsets)]
    (folder / "train.idx").write_text("".join(lines))
    height, width = load_face(pairs[0][1], "").shape[:2] if pairs else (0, 0)
    (folder / "property").write_text(
        f"{len(faces.identities)},{height},{width}\n"
    )
    return len(pairs)


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
