"""Bytes to batches: data sets by name, training augmentations, the pipeline.

Importing this room does not load TensorFlow, so `--help` can list its names.
"""

from qualnet_tf.datasets.source import SPLITS, ImageSource, SourceOptions
from qualnet_tf.registry import Registry

_SOURCES = Registry(
    "data set",
    {
        "digits": "qualnet_tf.datasets.digits:open_digits",
        "synthetic": "qualnet_tf.datasets.synthetic:open_synthetic",
        "folder": "qualnet_tf.datasets.image_folder:open_folder",
        "orl_faces": "qualnet_tf.datasets.orl_faces:open_orl_faces",
        "face_records": "qualnet_tf.datasets.face_records:open_face_records",
    },
)
names, get = _SOURCES.names, _SOURCES.get

_AUGMENTATIONS = Registry(
    "augmentation",
    {
        "none": "qualnet_tf.datasets.augmentation:keep",
        "flip": "qualnet_tf.datasets.augmentation:flip",
        "shift": "qualnet_tf.datasets.augmentation:shift",
        "shift_flip": "qualnet_tf.datasets.augmentation:shift_flip",
        "imagenet": "qualnet_tf.datasets.augmentation:resized_crop_flip",
    },
)
augmentation_names, get_augmentation = _AUGMENTATIONS.names, _AUGMENTATIONS.get


def open_source(
    dataset: str,
    split: str,
    *,
    data_dir: str | None = None,
    max_images: int | None = None,
    validation_fraction: float = 0.1,
    download: bool = False,
    skip_bad_files: bool = False,
    class_list: str | None = None,
    seed: int = 0,
    shard: tuple[int, int] | None = None,
) -> ImageSource:
    """Opens one split of a data set.

    Args:
        dataset: One of `names()`, or the name of a TensorFlow Datasets
            classification set such as "cifar10".
        split: "train" or "validation".
        data_dir: Folder of class folders ("folder"), of train.rec and
            train.idx ("face_records"), of s1 to s40 ("orl_faces") or of
            prepared TensorFlow Datasets; None or "" is their default.
        max_images: Use at most so many images; None or 0 uses all.
        validation_fraction: Share of the training images held out where the
            set brings no validation split, in (0, 1).
        download: Whether a TensorFlow Datasets set may be downloaded.
        skip_bad_files: Leave unreadable files out, and count them, instead of
            stopping ("folder" only).
        class_list: Text file that names the classes to use, one to a line
            ("folder" only); None or "" uses all.
        seed: Of the hold-out and of the choice under `max_images`. Train and
            validation are disjoint only under the same seed, and runs are
            comparable only then: it is not the seed of the training run.
        shard: (place, number of parts): open this part alone. All have equally
            many images, which keep their indexes. Of TensorFlow Datasets a
            part is a range, whose files alone are read; of other sets every
            so many-th image.

    Returns:
        The opened `ImageSource`.

    Raises:
        ValueError: If an argument is out of range, or the data is missing,
            damaged or no image classification set.
    """
    if split not in SPLITS:
        raise ValueError(
            f"unknown split {split!r}: expected one of {', '.join(SPLITS)}"
        )
    if class_list and dataset != "folder":
        raise ValueError(
            f"class_list={class_list}: expected data set folder, whose class "
            f"folders it names, received {dataset}; leave it out"
        )
    options = SourceOptions(
        data_dir=data_dir or None,
        max_images=max_images or None,
        validation_fraction=validation_fraction,
        download=download,
        skip_bad_files=skip_bad_files,
        class_list=class_list or None,
        seed=seed,
        shard=shard,
    )
    if dataset in names():
        source = get(dataset)(split, options)
        if shard is None:
            return source
        from qualnet_tf.datasets.shares import every_nth

        return every_nth(source, *shard)
    from qualnet_tf.datasets.tfds_images import open_tfds

    return open_tfds(dataset, split, options)


__all__ = [
    "SPLITS",
    "ImageSource",
    "SourceOptions",
    "augmentation_names",
    "get",
    "get_augmentation",
    "names",
    "open_source",
]
