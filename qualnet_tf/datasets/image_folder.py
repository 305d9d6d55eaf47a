"""A folder of pictures, one folder per class.

DATA_DIR/train/CLASS/*  and  DATA_DIR/val/CLASS/*    (or validation/, test/)
DATA_DIR/CLASS/*        or   DATA_DIR/train/CLASS/*  a share is held out
"""

from pathlib import Path

import numpy as np
import tensorflow as tf

from qualnet_tf.datasets.arrays import index_elements
from qualnet_tf.datasets.encoded import decode_rgb, drop_bad_files
from qualnet_tf.datasets.source import ImageSource, SourceOptions
from qualnet_tf.datasets.subsets import balanced_subset, stratified_split

_VALIDATION_FOLDERS = ("val", "validation", "test")
_LAYOUT = "expected one folder of pictures per class"


def open_folder(split: str, options: SourceOptions) -> ImageSource:
    """Opens a folder of pictures; every file used is checked once, here.

    Without a validation folder a share of each class is held out under
    `options.seed`. Hidden files are ignored; any other file must be a picture.

    Args:
        split: "train" or "validation".
        options: All but `download` apply.

    Raises:
        ValueError: If the folder is missing or empty, has fewer than two
            classes, a class without pictures, other classes in validation
            than in training, or a file that is no complete picture.
    """
    files, labels, class_names = _list_split(split, options)
    chosen = balanced_subset(
        np.arange(len(files)), labels, options.max_images, options.seed
    )
    files = [files[i] for i in chosen]
    good = drop_bad_files(files, options.skip_bad_files)
    if not good:
        raise ValueError(
            f"{options.data_dir}: none of {len(files)} {split} files is a "
            "readable picture: expected JPEG, PNG, GIF, BMP or WebP"
        )
    return file_source(
        [files[i] for i in good],
        labels[chosen][good],
        class_names,
        num_bad_files=len(files) - len(good),
    )


def list_classes(folder: Path) -> dict[str, list[str]]:
    """Returns class name -> sorted paths of its files, classes sorted.

    Raises:
        ValueError: If the folder is missing or empty, holds fewer than two
            class folders, or one of them is empty.
    """
    classes = {}
    for class_folder in _class_folders(folder):
        classes[class_folder.name] = [
            str(path)
            for path in sorted(class_folder.rglob("*"))
            if path.is_file() and not path.name.startswith(".")
        ]
        if not classes[class_folder.name]:
            raise ValueError(
                f"class folder {class_folder} holds no pictures: add some or "
                "remove the folder"
            )
    return classes


def _list_split(
    split: str, options: SourceOptions
) -> tuple[list[str], np.ndarray, tuple[str, ...]]:
    """Returns the files of one split, their labels int64 and class names."""
    if options.data_dir is None:
        raise ValueError(
            f"data set 'folder' has no folder: {_LAYOUT}, named by --data_dir"
        )
    root = Path(options.data_dir)
    train, validation = _split_folders(root)
    if validation is not None:
        _check_same_classes(train, validation)
    held_out = split == "validation"
    folder = validation if held_out and validation else train
    classes = list_classes(folder)
    if options.class_list:
        classes = only_listed(classes, Path(options.class_list), folder)
    files = [file for members in classes.values() for file in members]
    sizes = [len(members) for members in classes.values()]
    labels = np.repeat(np.arange(len(sizes)), sizes)
    if validation is None:
        _check_divisible(train, classes)
        kept = stratified_split(
            labels, options.validation_fraction, options.seed
        )[int(held_out)]
        files, labels = [files[i] for i in kept], labels[kept]
    return files, labels, tuple(classes)


def only_listed(
    classes: dict[str, list[str]], class_list: Path, folder: Path
) -> dict[str, list[str]]:
    """Returns the classes that a file names, in the folder's order.

    Lines that begin with "#" are comments.
    """
    if not class_list.is_file():
        raise ValueError(
            f"class list {class_list}: expected a text file with a class "
            "folder's name on each line, found none; correct --class_list"
        )
    lines = map(str.strip, class_list.read_text().splitlines())
    listed = {line for line in lines if line and line[0] != "#"}
    missing = sorted(listed - set(classes))
    if missing or len(listed) < 2:
        raise ValueError(
            f"class list {class_list}: expected at least 2 class folders of "
            f"{folder}, received {len(listed)}, {len(missing)} of them not "
            f"there ({', '.join(missing[:3])}); correct the list or --data_dir"
        )
    return {name: files for name, files in classes.items() if name in listed}


def _split_folders(root: Path) -> tuple[Path, Path | None]:
    """Finds the folders of the two splits; None where one must be held out."""
    if not (root / "train").is_dir():
        return root, None
    for name in _VALIDATION_FOLDERS:
        if (root / name).is_dir():
            return root / "train", root / name
    return root / "train", None


def _class_folders(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise ValueError(
            f"data folder {folder} does not exist: {_LAYOUT}; correct the path"
        )
    entries = [e for e in folder.iterdir() if not e.name.startswith(".")]
    if not entries:
        raise ValueError(f"data folder {folder} is empty: {_LAYOUT}")
    folders = sorted(entry for entry in entries if entry.is_dir())
    if len(folders) < 2:
        raise ValueError(
            f"data folder {folder}: {_LAYOUT}, at least 2, received "
            f"{len(folders)} folders and {len(entries) - len(folders)} files"
        )
    return folders


def _check_same_classes(train: Path, validation: Path) -> None:
    names = [{f.name for f in _class_folders(x)} for x in (train, validation)]
    differences = [
        f"{name} only in {folder}"
        for folder, only in (
            (train, names[0] - names[1]),
            (validation, names[1] - names[0]),
        )
        for name in sorted(only)
    ]
    if differences:
        raise ValueError(
            f"{train} and {validation}: expected the same class folders, "
            f"received {len(differences)} that differ ("
            f"{', '.join(differences[:3])}): rename, add or remove them"
        )


def _check_divisible(folder: Path, classes: dict[str, list[str]]) -> None:
    for name, files in classes.items():
        if len(files) < 2:
            raise ValueError(
                f"class folder {folder / name} holds 1 picture: expected at "
                "least 2 to hold one out; add more, or a validation folder"
            )


def file_source(
    files: list[str],
    labels: np.ndarray,
    class_names: tuple[str, ...],
    num_bad_files: int = 0,
    name: str = "folder",
) -> ImageSource:
    """Makes a data set of picture files, which are not looked at here.

    Args:
        files: Their paths; the folder that holds one is part of its id.
        labels: int64 [files].
        class_names: One name per class.
        num_bad_files: Files that were left out as unreadable.
        name: What the data set is called.
    """
    all_files = tf.constant(files)
    all_labels = tf.constant(labels, tf.int64)

    def decode(element):
        index = element["index"]
        return {
            "index": index,
            "image": decode_rgb(tf.io.read_file(tf.gather(all_files, index))),
            "label": tf.gather(all_labels, index),
        }

    return ImageSource(
        name=name,
        num_examples=len(files),
        class_names=class_names,
        elements=lambda seed=None: index_elements(len(files), seed),
        decode=decode,
        num_bad_files=num_bad_files,
        files=tuple(files),
    )
