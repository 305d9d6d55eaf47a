"""What every data set looks like to the pipeline, and how one is asked for.

TensorFlow is named here in types only: `--help` imports this file.
"""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tensorflow as tf

    Element = Mapping[str, tf.Tensor]

SPLITS = ("train", "validation")


@dataclasses.dataclass(frozen=True, kw_only=True)
class SourceOptions:
    """How to open a data set; a set ignores what does not concern it.

    Args: see `qualnet_tf.datasets.open_source`.

    Raises:
        ValueError: If a value is out of range.
    """

    data_dir: str | None = None
    max_images: int | None = None
    validation_fraction: float = 0.1
    download: bool = False
    skip_bad_files: bool = False
    class_list: str | None = None
    seed: int = 0
    shard: tuple[int, int] | None = None

    def __post_init__(self):
        if self.shard and not 0 <= self.shard[0] < self.shard[1]:
            raise ValueError(
                f"shard={self.shard}: expected (place, number of parts) with "
                "places from 0 up"
            )
        if self.max_images is not None and self.max_images < 1:
            raise ValueError(
                f"max_images={self.max_images}: expected at least 1, or 0 for "
                "all images"
            )
        if not 0.0 < self.validation_fraction < 1.0:
            raise ValueError(
                f"validation_fraction={self.validation_fraction}: expected a "
                "share above 0 and below 1"
            )


@dataclasses.dataclass(frozen=True, kw_only=True)
class ImageSource:
    """One opened split of a data set.

    Reading is in two steps, so that a resumed run passes over the elements it
    has already used without decoding them.

    Args:
        name: What the data set is called in messages and results.
        num_examples: Number of images, at least 1.
        class_names: One name per class, in label order.
        elements: `elements(seed=None)` returns a `tf.data.Dataset` of
            `num_examples` undecoded elements, dicts with at least "index"
            (int64, the image's place in the split). Without a seed they come
            in index order; with one (int32 [2], may be a symbolic tensor) in
            an order that depends on the seed alone.
        decode: `decode(element)` returns {"index": int64, "image": uint8
            [height, width, 3], "label": int64} with TensorFlow operations.
        num_bad_files: Files that were left out as unreadable.
        files: Paths of the pictures, where they are files.
        reads_in_python: Whether `elements` or `decode` calls Python code, for
            which a stream must stay in this process.
    """

    name: str
    num_examples: int
    class_names: tuple[str, ...]
    elements: Callable[..., tf.data.Dataset]
    decode: Callable[[Element], dict[str, tf.Tensor]]
    num_bad_files: int = 0
    files: tuple[str, ...] = ()
    reads_in_python: bool = False

    @property
    def ids(self) -> tuple[str, ...]:
        """ "class/file" of each picture, no suffix; () of what is no file."""
        return tuple(
            f"{path.parent.name}/{path.stem}"
            for path in map(pathlib.Path, self.files)
        )

    @property
    def num_classes(self) -> int:
        """Number of classes; labels are 0 to `num_classes` - 1."""
        return len(self.class_names)
