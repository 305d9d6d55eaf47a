"""Writes a corrupted copy in the layout of CIFAR-10-C: an array per corruption.

OUT/<corruption>.npy   uint8 [5 * n, height, width, 3], severity 1 first
OUT/labels.npy         the n labels, five times
"""

import contextlib
import itertools
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from qualnet_tf.datasets.copied_pictures import (
    FolderPictures,
    Picture,
    SetPictures,
)
from qualnet_tf.datasets.copy_files import part_of
from qualnet_tf.datasets.corrupted_copy import Outcome, in_parallel, with_bar
from qualnet_tf.datasets.picture_corrupter import (
    PAYS_AFTER,
    CopySettings,
    PictureCorrupter,
)

# Readers of this layout count on all of them, in this order.
SEVERITIES = (1, 2, 3, 4, 5)


def copy_as_arrays(
    pictures: FolderPictures | SetPictures,
    output_dir: str,
    settings: CopySettings,
) -> Outcome:
    """Writes an array per corruption; those that exist are kept.

    An array is filled on the disk and gets its name when it is complete, so
    memory does not grow with the set. Pictures are decoded once for each
    corruption.

    Args:
        pictures: The set; without `settings.image_size` all of one size.
        output_dir: Folder to fill; made when needed.
        settings: Of the copy; `file_format` does not matter.

    Raises:
        ValueError: If severities are missing, or sizes differ.
    """
    if settings.severities != SEVERITIES:
        raise ValueError(
            "layout cifar_c: expected the severities 1,2,3,4,5, received "
            f"{','.join(map(str, settings.severities))}; readers take five "
            "blocks for granted, use the layout imagenet_c for some of them"
        )
    size = _common_size(pictures, settings)
    recurring = [size] * (len(pictures) > PAYS_AFTER)
    corrupter = PictureCorrupter(settings, recurring)
    table = settings.table_of(next(iter(pictures)))
    outcome = Outcome(tables=Counter({table: len(pictures)}))
    for name in settings.corruption_names:
        path = Path(output_dir) / f"{name}.npy"
        num_cells = len(SEVERITIES) * len(pictures)
        if path.exists():
            outcome += Outcome(kept=num_cells)
            continue
        with _new_array(path, (num_cells, *size, 3), np.uint8) as array:
            _fill(array, pictures, name, corrupter)
        outcome += Outcome(written=num_cells)
    _write_labels(pictures, Path(output_dir) / "labels.npy")
    return outcome


def _fill(
    array: np.ndarray,
    pictures: FolderPictures | SetPictures,
    name: str,
    corrupter: PictureCorrupter,
) -> None:
    """Writes each picture into its row of every severity's block."""
    blocks = array.reshape(len(SEVERITIES), len(pictures), *array.shape[1:])

    def corrupt(row_and_picture):
        row, picture = row_and_picture
        image, seed = corrupter.read(picture), corrupter.seed_of(picture)
        levels = corrupter.levels(image, seed, name, SEVERITIES)
        blocks[:, row] = levels.numpy()

    for _ in with_bar(
        in_parallel(corrupt, enumerate(pictures)), pictures, name
    ):
        pass


def _common_size(
    pictures: FolderPictures | SetPictures, settings: CopySettings
) -> tuple[int, int]:
    """Returns the one size of all pictures, or raises ValueError."""
    sizes: dict[tuple[int, int], Picture] = {}
    shown = itertools.islice(pictures, 1) if settings.image_size else pictures
    for picture in shown:
        sizes.setdefault(settings.size_of(picture), picture)
    if len(sizes) > 1:
        (height, width), (other_height, other_width) = list(sizes)[:2]
        raise ValueError(
            "layout cifar_c: expected pictures of one size, received "
            f"{height}x{width} and {other_height}x{other_width} pixels; pass "
            "--image_size"
        )
    return next(iter(sizes))


def _write_labels(pictures: FolderPictures | SetPictures, path: Path) -> None:
    if path.exists():
        return
    labels = np.array([picture.label for picture in pictures])
    repeated = np.tile(labels, len(SEVERITIES))
    dtype = np.min_scalar_type(labels.max())  # uint8, as the released file
    with _new_array(path, repeated.shape, dtype) as array:
        array[:] = repeated


@contextlib.contextmanager
def _new_array(
    path: Path, shape: tuple[int, ...], dtype: np.typing.DTypeLike
) -> Iterator[np.memmap]:
    """Yields an array on the disk that gets its name when the block ends."""
    temporary = part_of(path)
    try:
        array = np.lib.format.open_memmap(
            temporary, mode="w+", dtype=dtype, shape=shape
        )
        yield array
        array.flush()
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
