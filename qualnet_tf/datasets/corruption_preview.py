"""One picture under every corruption and severity, for a preview sheet."""

import dataclasses
from pathlib import Path

import numpy as np
import tensorflow as tf

from qualnet_tf.corruptions.checks import MIN_SIDE
from qualnet_tf.datasets.copied_pictures import Picture, find_picture_fault
from qualnet_tf.datasets.image_folder import list_classes
from qualnet_tf.datasets.picture_corrupter import (
    CopySettings,
    PictureCorrupter,
)

# A larger picture is shown as evaluation sees it.
_MAX_SIDE, _CROP = 256, 224


@dataclasses.dataclass(frozen=True, eq=False)
class Preview:
    """What a sheet shows.

    Attributes:
        clean: uint8 [height, width, 3].
        corrupted: uint8 [corruptions, severities, height, width, 3].
        severity_table: The table that was used.
    """

    clean: np.ndarray
    corrupted: np.ndarray
    severity_table: str


def make_preview(picture: Picture, settings: CopySettings) -> Preview:
    """Corrupts a picture under every condition of the settings.

    A picture larger than 256 pixels is cropped to 224, unless the settings
    have a size.
    """
    if max(settings.size_of(picture)) > _MAX_SIDE and not settings.image_size:
        settings = dataclasses.replace(settings, image_size=_CROP)
    corrupter = PictureCorrupter(settings)
    image, seed = corrupter.read(picture), corrupter.seed_of(picture)
    corrupted = [
        corrupter.levels(image, seed, name, settings.severities)
        for name in settings.corruption_names
    ]
    return Preview(
        clean=tf.cast(tf.round(image * 255.0), tf.uint8).numpy(),
        corrupted=tf.stack(corrupted).numpy(),
        severity_table=settings.table_of(picture),
    )


def open_picture(path: str, image_size: int = 0) -> Picture:
    """Returns one picture file, after a check.

    Raises:
        ValueError: If it is missing, no complete picture or too small.
    """
    if not Path(path).is_file():
        raise ValueError(
            f"{path}: expected a picture file, received no file; check the path"
        )
    fault = find_picture_fault(path, 1 if image_size else MIN_SIDE)
    if fault:
        raise ValueError(
            f"{path} {fault}: expected a complete picture of at least "
            f"{MIN_SIDE}x{MIN_SIDE} pixels; name another"
        )
    return Picture(0, 0, "", Path(path).name, path=path)


def first_picture(folder: Path, image_size: int = 0) -> Picture:
    """Returns the first picture of a folder of class folders.

    Raises:
        ValueError: As `open_picture`, or if there are no class folders.
    """
    paths = next(iter(list_classes(folder).values()))
    return open_picture(paths[0], image_size)
