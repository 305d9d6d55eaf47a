"""Any classification set of TensorFlow Datasets (TFDS), by name.

Nothing is downloaded unless asked for: a set is often some hundred MiB, and
without a network TFDS retries for minutes.
"""

from logging import LogRecord
from types import ModuleType
from typing import Any

import tensorflow as tf
from absl import logging

from qualnet_tf.datasets.encoded import decode_rgb
from qualnet_tf.datasets.shares import part_size
from qualnet_tf.datasets.source import ImageSource, SourceOptions

_VALIDATION_SPLITS = ("validation", "test")
# Undecoded images held for shuffling; CIFAR-10 fits whole, of ImageNet some
# 9,500, which is enough since TFDS stores its examples shuffled.
_SHUFFLE_BYTES = 1 << 30
# TFDS warns its own code of a deprecation four times per data set; that a set
# is missing we say ourselves, with the remedy.
_NOT_FOR_USERS = (
    "`FeatureConnector.dtype` is deprecated",
    "has no dataset_info.json",
)


def open_tfds(dataset: str, split: str, options: SourceOptions) -> ImageSource:
    """Opens a prepared set, or prepares it when `options.download` is set.

    Validation is the set's validation split, else its test split, else the
    end of its training split.

    Args:
        dataset: TFDS name, optionally "name/config" or "name:version".
        split: "train" or "validation".
        options: `data_dir`, `max_images`, `validation_fraction` and `download`
            apply.

    Raises:
        ValueError: If no set has that name, it is not prepared, its features
            are not "image" and "label", or it lacks the split.
    """
    tfds = _import_tfds()
    builder = _find_builder(tfds, dataset, options.data_dir)
    _check_features(tfds, builder)
    _check_prepared(builder, options)
    name, first, stop = _choose_range(builder, split, options)
    start = first
    if options.shard:
        place, count = options.shard
        size = part_size(dataset, stop - first, count)
        start, stop = first + place * size, first + (place + 1) * size
    instruction = tfds.core.ReadInstruction(
        name, from_=start, to=stop, unit="abs"
    )
    stored = builder.as_dataset(
        split=instruction,
        decoders=tfds.decode.PartialDecoding(
            {"image": True, "label": True},
            decoders={"image": tfds.decode.SkipDecoding()},
        ),
        read_config=tfds.ReadConfig(try_autocache=False, skip_prefetch=True),
    )
    examples = stored.enumerate(start - first).map(_keep_image_and_label)
    split_info = builder.info.splits[name]
    example_bytes = split_info.num_bytes / max(split_info.num_examples, 1)
    buffer_size = int(_SHUFFLE_BYTES / max(example_bytes, 1.0))

    def elements(seed=None):
        if seed is None:
            return examples
        return _shuffle(examples, min(buffer_size, stop - start), seed)

    return ImageSource(
        name=dataset,
        num_examples=stop - start,
        class_names=tuple(builder.info.features["label"].names),
        elements=elements,
        decode=lambda element: {
            **element,
            "image": decode_rgb(element["image"]),
        },
    )


def is_prepared(dataset: str, data_dir: str | None) -> bool:
    """Returns whether a set of that name exists and can be read.

    Args:
        dataset: TFDS name, optionally "name/config".
        data_dir: Folder of prepared sets; None is TFDS's default.
    """
    tfds = _import_tfds()
    try:
        return tfds.builder(dataset, data_dir=data_dir).is_prepared()
    except (tfds.core.registered.DatasetNotFoundError, ValueError):
        return False


def _import_tfds() -> ModuleType:
    # Costs most of a second, and only these sets need it.
    import tensorflow_datasets as tfds

    logging.get_absl_logger().addFilter(_is_for_users)
    return tfds


def _is_for_users(record: LogRecord) -> bool:
    message = record.getMessage()
    return not any(words in message for words in _NOT_FOR_USERS)


def _find_builder(tfds: ModuleType, dataset: str, data_dir: str | None) -> Any:
    try:
        return tfds.builder(dataset, data_dir=data_dir)
    except tfds.core.registered.DatasetNotFoundError:
        raise ValueError(
            f"unknown data set {dataset!r}: expected digits, synthetic, "
            "folder, orl_faces, face_records or the name of a TensorFlow "
            "Datasets set; correct --dataset"
        ) from None


def _check_features(tfds: ModuleType, builder: Any) -> None:
    features = builder.info.features or {}
    wanted = {"image": tfds.features.Image, "label": tfds.features.ClassLabel}
    for name, kind in wanted.items():
        if name not in features or type(features[name]) is not kind:
            raise ValueError(
                f"data set {builder.name!r} is no image classification set: "
                "expected the features 'image' and 'label', received "
                f"{', '.join(sorted(features))}; choose another --dataset"
            )


def _check_prepared(builder: Any, options: SourceOptions) -> None:
    if builder.is_prepared():
        return
    if not options.download:
        raise ValueError(
            f"data set {builder.name!r} is not prepared in "
            f"{builder.data_dir_root}: name the folder that holds it with "
            "--data_dir, or pass --download to fetch it into that folder "
            f"({_download_size(builder)})"
        )
    try:
        builder.download_and_prepare()
    except (OSError, AssertionError) as error:
        raise ValueError(
            f"data set {builder.name!r} could not be prepared in "
            f"{builder.data_dir_root}: {' '.join(str(error).split())}"
        ) from error


def _download_size(builder: Any) -> str:
    if builder.MANUAL_DOWNLOAD_INSTRUCTIONS:
        return "its archives must first be fetched by hand"
    sizes = [info.size or 0 for info in builder.url_infos.values()]
    if not sum(sizes):
        return "of unknown size"
    return f"a download of {sum(sizes) / 2**20:,.0f} MiB"


def _choose_range(
    builder: Any, split: str, options: SourceOptions
) -> tuple[str, int, int]:
    """Returns the TFDS split to read and the first and last example (+ 1)."""
    splits = builder.info.splits
    held_out = [name for name in _VALIDATION_SPLITS if name in splits]
    start = 0
    if split == "validation" and held_out:
        name = held_out[0]
        stop = splits[name].num_examples
    elif "train" not in splits:
        raise ValueError(
            f"data set {builder.name!r} has no training split: expected "
            f"'train', received {', '.join(splits)}; choose another --dataset"
        )
    else:
        name = "train"
        stop = splits[name].num_examples
        if not held_out:
            border = stop - max(1, round(stop * options.validation_fraction))
            start, stop = (0, border) if split == "train" else (border, stop)
    if options.max_images is not None:
        stop = min(stop, start + options.max_images)
    return name, start, stop


def _keep_image_and_label(index, example):
    return {
        "index": index,
        "image": example["image"],
        "label": tf.cast(example["label"], tf.int64),
    }


def _shuffle(
    dataset: tf.data.Dataset, buffer_size: int, seed: tf.Tensor
) -> tf.data.Dataset:
    """`Dataset.shuffle` whose order depends on `seed` (int32 [2]) alone."""

    def shuffle(seed):
        # `Dataset.shuffle` mixes in the global seed of the graph it is traced
        # in, which is copied from the process; here that graph is flat_map's
        # own, so a constant can be set without touching the process.
        tf.compat.v1.set_random_seed(1)
        return dataset.shuffle(
            buffer_size,
            seed=tf.bitcast(seed, tf.int64),
            reshuffle_each_iteration=False,
        )

    return tf.data.Dataset.from_tensors(seed).flat_map(shuffle)
