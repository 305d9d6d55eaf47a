"""Which pictures a corrupted copy is made of, and in which order.

A picture is known by its place in the whole set. The seed of its corruptions
is folded from that place, so a part of a set has the pixels of the whole.
"""

import dataclasses
import hashlib
import io
from collections.abc import Iterator, Sequence
from multiprocessing.pool import ThreadPool
from os import cpu_count
from pathlib import Path

import numpy as np
import tensorflow as tf
from absl import logging
from PIL import Image
from tqdm import tqdm

from qualnet_tf import datasets
from qualnet_tf.corruptions.checks import MIN_SIDE
from qualnet_tf.datasets.encoded import find_fault
from qualnet_tf.datasets.image_folder import list_classes
from qualnet_tf.datasets.subsets import balanced_subset

# How many faults an error spells out.
_NUM_NAMED = 3


@dataclasses.dataclass(frozen=True)
class Picture:
    """One picture to corrupt; what a worker of a cluster is sent.

    Attributes:
        index: Its place in the whole set.
        label: Its class, from 0.
        class_name: Folder of its copies.
        name: File name of its copies; the suffix follows their format.
        encoded: The file's bytes, or None where `path` is read.
        path: The file, or "".
    """

    index: int
    label: int
    class_name: str
    name: str
    encoded: bytes | None = None
    path: str = ""

    def read(self) -> bytes:
        """Returns the bytes of the file."""
        if self.encoded is not None:
            return self.encoded
        return Path(self.path).read_bytes()


@dataclasses.dataclass(frozen=True)
class FolderPictures:
    """The readable pictures of a folder of class folders.

    Attributes:
        pictures: In the order of class and file name.
        identity: What tells this set from another, for the manifest.
        num_bad_files: Files left out as unreadable.
    """

    pictures: tuple[Picture, ...]
    identity: dict[str, str | int]
    num_bad_files: int = 0

    def __len__(self) -> int:
        return len(self.pictures)

    def __iter__(self) -> Iterator[Picture]:
        return iter(self.pictures)


@dataclasses.dataclass(frozen=True)
class SetPictures:
    """The pictures of a named data set, opened wherever they are iterated.

    Attributes:
        dataset: See `qualnet_tf.datasets.open_source`, but for "folder".
        split: "train" or "validation".
        data_dir: Folder of prepared sets; "" is the default of TFDS.
        max_images: Use only so many; 0 uses all.

    Raises:
        ValueError: If the set is unknown, not prepared or without that split.
    """

    dataset: str
    split: str = "validation"
    data_dir: str = ""
    max_images: int = 0
    num_bad_files = 0

    def __post_init__(self):
        if self.dataset == "folder":
            raise ValueError(
                "--dataset=folder: expected the name of a data set; a folder "
                "of class folders is named by --input_dir"
            )
        object.__setattr__(self, "_length", self._open().num_examples)

    @property
    def identity(self) -> dict[str, str | int]:
        """What tells this set from another, for the manifest."""
        identity = {"dataset": self.dataset, "split": self.split}
        if self.dataset in datasets.names():
            # A part of an embedded set is another choice, not its beginning.
            identity["num_pictures"] = len(self)
        return identity

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[Picture]:
        source = self._open()
        # A slash would be one folder more.
        names = [name.replace("/", "_") for name in source.class_names]
        for element in source.elements():
            index = int(element["index"])
            label, encoded = _stored(source, element)
            yield Picture(index, label, names[label], f"{index:08d}", encoded)

    def _open(self) -> datasets.ImageSource:
        return datasets.open_source(
            self.dataset,
            self.split,
            data_dir=self.data_dir,
            max_images=self.max_images,
        )


def list_pictures(
    folder: Path,
    *,
    min_side: int = MIN_SIDE,
    max_images: int = 0,
    skip_bad_files: bool = False,
) -> FolderPictures:
    """Lists a folder of class folders; every file is decoded once, here.

    Args:
        folder: Folder of class folders. Hidden files are ignored; any other
            file must be a picture.
        min_side: Smallest legal side, pixels.
        max_images: Use only so many, as many of each class as there are; 0
            uses all.
        skip_bad_files: Leave out, and count, files that are no complete
            picture or too small.

    Raises:
        ValueError: If the folder is missing, has no class folders, or files
            are bad; it names the first few.
    """
    classes = list_classes(folder)
    found = [
        Picture(0, label, class_name, Path(path).name, path=path)
        for label, (class_name, paths) in enumerate(classes.items())
        for path in paths
    ]
    labels = np.array([picture.label for picture in found])
    chosen = np.arange(len(found))
    if max_images:
        chosen = np.sort(balanced_subset(chosen, labels, max_images, 0))
    paths = [picture.path for picture in found]
    bad = _bad_places(paths, chosen, min_side, skip_bad_files)
    pictures = tuple(
        dataclasses.replace(found[i], index=int(i))
        for i in chosen
        if i not in bad
    )
    if not pictures:
        raise ValueError(
            f"{folder}: none of {len(chosen)} files is a readable picture: "
            "expected JPEG, PNG, GIF, BMP or WebP"
        )
    return FolderPictures(pictures, _identity(folder, paths), len(bad))


def check_apart(input_dir: str, output_dir: str) -> None:
    """Raises ValueError where a copy would become a class of its input."""
    output = Path(output_dir).resolve()
    if output.is_relative_to(Path(input_dir).resolve()):
        raise ValueError(
            f"--output_dir={output_dir}: expected a folder outside of "
            f"--input_dir={input_dir}, the next start would read the copy"
        )


def picture_size(encoded: bytes) -> tuple[int, int]:
    """Returns height and width of an encoded picture, from its header."""
    with Image.open(io.BytesIO(encoded)) as picture:
        return picture.height, picture.width


def _bad_places(
    paths: Sequence[str],
    chosen: Sequence[int],
    min_side: int,
    skip_bad_files: bool,
) -> set[int]:
    """Returns the places of bad files, or raises ValueError naming some."""

    def fault(place):
        return find_picture_fault(paths[place], min_side)

    with ThreadPool(cpu_count()) as pool:
        found = pool.imap(fault, chosen, chunksize=16)
        bar = tqdm(found, "check", len(chosen), unit="picture", disable=None)
        faults = dict(zip(chosen, bar, strict=True))
    faults = {int(i): text for i, text in faults.items() if text}
    named = [f"{paths[i]} {text}" for i, text in faults.items()]
    if named and not skip_bad_files:
        more = len(named) - _NUM_NAMED
        raise ValueError(
            f"{', '.join(named[:_NUM_NAMED])}"
            f"{f' and {more} more bad files' if more > 0 else ''}: expected "
            "complete pictures (JPEG, PNG, GIF, BMP, WebP) of at least "
            f"{min_side}x{min_side} pixels; mend or remove them, or pass "
            "--skip_bad_files"
        )
    for text in named:
        logging.warning("skipped: %s", text)
    return set(faults)


def find_picture_fault(path: str, min_side: int) -> str | None:
    """Says in words why a picture cannot be corrupted, or None."""
    fault = find_fault(path)
    if fault is None:
        height, width = picture_size(Path(path).read_bytes())
        if min(height, width) < min_side:
            fault = f"is only {height}x{width} pixels"
    return fault


def _identity(folder: Path, paths: Sequence[str]) -> dict[str, str | int]:
    """Returns a digest of all names and sizes: seeds hang on the places."""
    digest = hashlib.sha256()
    for path in map(Path, paths):
        line = f"{path.relative_to(folder).as_posix()} {path.stat().st_size}\n"
        digest.update(line.encode())
    return {"num_files": len(paths), "files_sha256": digest.hexdigest()}


def _stored(
    source: datasets.ImageSource, element: dict[str, tf.Tensor]
) -> tuple[int, bytes]:
    """Returns label and stored bytes, or a PNG where a set keeps pixels."""
    image = element.get("image")
    if image is not None and image.dtype == tf.string:
        return int(element["label"]), image.numpy()
    example = source.decode(element)
    return int(example["label"]), tf.io.encode_png(example["image"]).numpy()
