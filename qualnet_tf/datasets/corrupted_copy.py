"""Writes a corrupted copy of a set of pictures, on all cores of one machine.

OUT/<corruption>/<severity>/<class>/<file>, the layout of ImageNet-C.
"""

import dataclasses
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from os import cpu_count
from pathlib import PurePath
from typing import Any

from tqdm import tqdm

from qualnet_tf.datasets.copied_pictures import (
    FolderPictures,
    Picture,
    SetPictures,
)
from qualnet_tf.datasets.copy_files import LocalFiles
from qualnet_tf.datasets.picture_corrupter import (
    MAX_SIZES,
    PAYS_AFTER,
    CopySettings,
    PictureCorrupter,
)

# The first is written where the picture's own suffix is of another format.
_SUFFIXES = {"png": (".png",), "jpeg": (".jpeg", ".jpg")}


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of one or more pictures.

    Attributes:
        written: Files, or pictures inside files, that were made.
        kept: Those that were there.
        tables: Severity table -> pictures corrupted by it.
    """

    written: int = 0
    kept: int = 0
    tables: Counter = dataclasses.field(default_factory=Counter)

    def __add__(self, other: "Outcome") -> "Outcome":
        return Outcome(
            self.written + other.written,
            self.kept + other.kept,
            self.tables + other.tables,
        )


def copy_pictures(
    pictures: FolderPictures | SetPictures,
    output_dir: str,
    settings: CopySettings,
) -> Outcome:
    """Corrupts every picture; files that exist are kept.

    Args:
        pictures: The set, which has passed `check_names`.
        output_dir: Folder to fill; made when needed.
        settings: Of the copy.
    """
    corrupter = PictureCorrupter(settings, recurring_sizes(pictures, settings))
    files = LocalFiles()

    def copy(picture):
        return copy_picture(picture, output_dir, corrupter, files)

    return sum(with_bar(in_parallel(copy, pictures), pictures), Outcome())


def copy_picture(
    picture: Picture,
    output_dir: str,
    corrupter: PictureCorrupter,
    files: Any,
) -> Outcome:
    """Writes the missing files of one picture, which is decoded once.

    Args:
        picture: The picture.
        output_dir: Folder to fill.
        corrupter: Makes the files' contents.
        files: Has `exists(path)` and `write(path, contents)`, such as
            `LocalFiles`.
    """
    settings = corrupter.settings
    tables = Counter([settings.table_of(picture)])
    missing = {}
    for name in settings.corruption_names:
        paths = {
            severity: target(picture, output_dir, name, severity, settings)
            for severity in settings.severities
        }
        missing[name] = {s: p for s, p in paths.items() if not files.exists(p)}
    written = sum(map(len, missing.values()))
    num_cells = len(settings.corruption_names) * len(settings.severities)
    if written:
        image, seed = corrupter.read(picture), corrupter.seed_of(picture)
    for name, paths in missing.items():
        if paths:
            made = corrupter.encoded(image, seed, name, tuple(paths))
            for path, contents in zip(paths.values(), made, strict=True):
                files.write(path, contents)
    return Outcome(written, num_cells - written, tables)


def target(
    picture: Picture,
    output_dir: str,
    name: str,
    severity: int,
    settings: CopySettings,
) -> str:
    """Returns the file of one picture under one condition."""
    file = _file_name(picture, settings.file_format)
    return f"{output_dir}/{name}/{severity}/{picture.class_name}/{file}"


def check_names(
    pictures: FolderPictures | SetPictures, file_format: str
) -> None:
    """Raises ValueError where two pictures differ in their suffix only."""
    if isinstance(pictures, SetPictures):
        return  # named by their index
    seen: dict[str, Picture] = {}
    for picture in pictures:
        name = f"{picture.class_name}/{_file_name(picture, file_format)}"
        other = seen.setdefault(name, picture)
        if other is not picture:
            raise ValueError(
                f"{other.path} and {picture.path} would both become {name}: "
                "expected names that differ before the suffix; rename one"
            )


def recurring_sizes(
    pictures: FolderPictures | SetPictures, settings: CopySettings
) -> list[tuple[int, int]]:
    """Returns the sizes that are worth a graph, as far as known beforehand."""
    if settings.image_size:
        return [(settings.image_size,) * 2] * (len(pictures) > PAYS_AFTER)
    if isinstance(pictures, SetPictures):
        return []
    sizes = Counter(map(settings.size_of, pictures))
    common = sizes.most_common(MAX_SIZES)
    return [size for size, number in common if number > PAYS_AFTER]


def in_parallel(
    function: Callable[[Any], Any], items: Iterable[Any]
) -> Iterator[Any]:
    """Yields `function(item)` in order, computed on all cores.

    Only a few items are taken ahead. When the loop over the results ends
    early, by an error or an interrupt, what has begun is finished.
    """
    num_threads = cpu_count() or 1
    pending: deque = deque()
    with ThreadPoolExecutor(num_threads) as pool:
        try:
            for item in items:
                pending.append(pool.submit(function, item))
                if len(pending) > 2 * num_threads:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()


def with_bar(
    outcomes: Iterable[Any],
    pictures: FolderPictures | SetPictures,
    name: str = "corrupt",
) -> Iterator[Any]:
    """Shows progress on a terminal."""
    return iter(
        tqdm(outcomes, name, len(pictures), unit="picture", disable=None)
    )


def _file_name(picture: Picture, file_format: str) -> str:
    """Keeps the name where its suffix says the format, else changes it."""
    name = PurePath(picture.name)
    suffixes = _SUFFIXES[file_format]
    if name.suffix.lower() in suffixes:
        return picture.name
    return f"{name.stem}{suffixes[0]}"
