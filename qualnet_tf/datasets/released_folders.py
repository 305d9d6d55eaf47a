"""The layout of ImageNet-C and Tiny-ImageNet-C: folders of pictures.

CORRUPTION/SEVERITY/CLASS/FILE, or the same below the folders of the families
that the archives are named after (noise, blur, weather, digital, extra).
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from qualnet_tf import corruptions
from qualnet_tf.datasets.image_folder import file_source, list_classes
from qualnet_tf.datasets.released_set import ReleasedSet
from qualnet_tf.datasets.source import ImageSource
from qualnet_tf.datasets.subsets import balanced_subset

_SEVERITIES = (1, 2, 3, 4, 5)


def open_folders(folder: Path, class_names: Sequence[str]) -> ReleasedSet:
    """Opens a folder of corruptions.

    Args:
        folder: Holds corruptions, or families of them.
        class_names: Names of the class folders, in the order of the labels.

    Raises:
        ValueError: If there is no corruption.
    """
    found = {
        path.name: path
        for path in sorted([*folder.glob("*"), *folder.glob("*/*")])
        if path.is_dir() and path.name in corruptions.names()
    }
    if not found:
        raise ValueError(
            f"{folder}: expected folders CORRUPTION/SEVERITY/CLASS such as "
            "fog/1, or arrays such as fog.npy beside labels.npy, received "
            "neither; correct the folder"
        )

    def open_condition(name: str, severity: int) -> ImageSource:
        return _open_condition(found[name] / str(severity), class_names)

    return ReleasedSet(
        name=str(folder),
        conditions=tuple(
            (name, severity)
            for name in corruptions.names()
            for severity in _SEVERITIES
            if name in found and (found[name] / str(severity)).is_dir()
        ),
        open=open_condition,
    )


def _open_condition(folder: Path, class_names: Sequence[str]) -> ImageSource:
    """Opens one condition, its files in the order of a clean folder's."""
    classes = list_classes(folder)
    missing = [name for name in class_names if name not in classes]
    if missing:
        raise ValueError(
            f"{folder}: expected the {len(class_names)} class folders of the "
            f"clean set, received {len(classes)} without "
            f"{', '.join(missing[:3])}; complete the folder, or name the "
            "classes with --class_list"
        )
    files = [classes[name] for name in class_names]
    labels = np.repeat(np.arange(len(files)), [len(each) for each in files])
    together = [file for each in files for file in each]
    order = balanced_subset(np.arange(len(labels)), labels, None, seed=0)
    return file_source(
        [together[place] for place in order],
        labels[order],
        tuple(class_names),
        name=str(folder),
    )
