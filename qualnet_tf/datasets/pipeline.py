"""The steps from a data set to batches, in order.

elements -> skip what was used -> decode -> crop and flip -> corrupt -> batch

Training is one stream over all epochs, and the pixels of an image depend on
(seed, epoch, index) only: not on the batch size, the shuffle, the number of
threads, or whether the run was interrupted.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import tensorflow as tf

from qualnet_tf import corruptions
from qualnet_tf.corruptions import Options, checks, sampling
from qualnet_tf.datasets import blocks, get_augmentation
from qualnet_tf.datasets.augmentation import evaluation_crop
from qualnet_tf.datasets.data_service import served_batches
from qualnet_tf.datasets.shares import Share
from qualnet_tf.datasets.source import ImageSource
from qualnet_tf.datasets.training_stream import TrainingStream, checked_label

# The condition that keeps an image as it is.
CLEAN = (None, 0)


def training_batches(
    source: ImageSource,
    *,
    batch_size: int,
    image_size: int,
    num_epochs: int,
    seed: int,
    augmentation: str,
    clean_fraction: float,
    corruption_names: Sequence[str] = corruptions.TEST_CORRUPTIONS,
    severities: Sequence[int] = (1, 2, 3, 4, 5),
    options: Options | None = None,
    corruption_weights: Sequence[str] = (),
    extras: Mapping[str, Callable] | None = None,
    start_step: int = 0,
    deterministic: bool = True,
    share: Share | None = None,
    data_service: str = "",
) -> tf.data.Dataset:
    """Returns the batches of a whole training run, or of the rest of one.

    An epoch has `source.num_examples // batch_size` steps; the images that do
    not fill a batch are left out, different ones in each epoch.

    Args:
        source: The data set.
        batch_size: Images per batch, over all replicas.
        image_size: Side of the images, pixels.
        num_epochs: Epochs of the whole run, those before `start_step` included.
        seed: Of the order, the crops and the corruptions.
        augmentation: One of `datasets.augmentation_names()`.
        clean_fraction: Probability that an image stays clean, in [0, 1].
        corruption_names: The corruptions, or groups of them, to draw from.
        severities: The severities to draw from, uniformly.
        options: Of the corruptions, see `corruptions.apply`.
        corruption_weights: See `sampling.corrupt_or_keep`.
        extras: What a method needs beside that, by its name in the batch:
            functions of (clean image, seed [2], epoch) of one image that
            return a tensor of static shape. Each has a seed of its own.
        start_step: Batches of the run that were already used. Their elements
            are passed over undecoded.
        deterministic: Whether batches come in a fixed order; False lets a slow
            image be overtaken by a later one.
        share: What of each batch is made here, and in how many pieces; by
            default all of it in one.
        data_service: grpc://HOST:PORT of the dispatcher of a data service that
            decodes and corrupts, see `served_batches`; the batches, and their
            order, are the same.

    Returns:
        Batches {"image", "clean_image": float32 [batch_size, image_size,
        image_size, 3] in [0, 1], "label": int32 [batch_size]}. "clean_image"
        is the cropped and flipped image before corruption. Extras stand
        beside them. Its length is the number of steps left.

    Raises:
        ValueError: If the data set does not fill one batch, or the batch or
            the data service does not fit.
        tf.errors.InvalidArgumentError: While iterating, if a label has no
            class.
    """
    stream = TrainingStream(
        source=source,
        batch_size=batch_size,
        image_size=image_size,
        num_epochs=num_epochs,
        seed=seed,
        augment=get_augmentation(augmentation),
        clean_fraction=clean_fraction,
        corruption_names=corruptions.expand(corruption_names),
        severities=tuple(severities),
        options=options,
        corruption_weights=tuple(corruption_weights),
        extras=extras or {},
        share=share or Share(),
    )
    if data_service:
        batches = served_batches(stream, start_step, data_service)
    else:
        batches = _to_batches(
            stream.elements(start_step),
            stream.prepare,
            stream.piece_size,
            drop_remainder=True,
            deterministic=deterministic,
        )
    num_left = stream.num_steps_from(start_step) * stream.share.local_replicas
    return batches.apply(tf.data.experimental.assert_cardinality(num_left))


def evaluation_batches(
    source: ImageSource,
    *,
    batch_size: int,
    image_size: int,
    conditions: Sequence[tuple[str | None, int]] = (CLEAN,),
    max_images: int | None = None,
    seed: int = 0,
    options: Options | None = None,
    wanted: np.ndarray | None = None,
    output_size: int | None = None,
) -> tf.data.Dataset:
    """Returns every image in index order, under one condition after another.

    All conditions are one graph and one stream, so that nothing is traced or
    started again between them, and an image is decoded once for all of them
    (see `blocks`).

    Args:
        source: The data set.
        batch_size: Images per batch; only the very last batch may be smaller.
        image_size: Side of the images, pixels, at which they are corrupted.
        conditions: (corruption, severity) pairs; `CLEAN` keeps the images.
        max_images: Use only the first so many; None uses all.
        seed: Of the corruptions; folded with the image's index.
        options: Of the corruptions, see `corruptions.apply`.
        wanted: bool [blocks, conditions], which of them to return; None
            returns all. Blocks are those of `image_size`.
        output_size: Side to which images are resized after corruption; None
            keeps them at `image_size`.

    Returns:
        Batches {"image", "clean_image": float32 [n, side, side, 3] in [0, 1],
        "label": int32 [n], "index": int64 [n], "condition": int32 [n], the
        place in `conditions`}.

    Raises:
        ValueError: If there is no condition, or one is not legal.
        tf.errors.InvalidArgumentError: While iterating, if a label has no
            class.
    """
    names, places, severities = _condition_tables(conditions)
    num_images = min(max_images or source.num_examples, source.num_examples)
    size = blocks.block_size(image_size)
    if wanted is None:
        wanted = blocks.every_condition(num_images, image_size, len(conditions))

    def decode(element):
        example = source.decode(element)
        return {
            "clean_image": evaluation_crop(example["image"], image_size),
            "label": checked_label(source, example["label"]),
            "index": example["index"],
        }

    def prepare(condition, example):
        clean_image = image = example["clean_image"]
        if names:
            image = sampling.apply_at(
                clean_image,
                tf.gather(places, condition),
                tf.gather(severities, condition),
                sampling.fold_seed(seed, example["index"]),
                names,
                options,
            )
        return {
            **example,
            "image": _resize(image, output_size),
            "clean_image": _resize(clean_image, output_size),
            "condition": tf.cast(condition, tf.int32),
        }

    elements = source.elements().take(num_images)
    images = blocks.only_wanted(elements, wanted, size).map(
        decode, num_parallel_calls=tf.data.AUTOTUNE
    )
    if len(conditions) == 1:  # nothing to hold in memory for
        pairs = images.map(lambda image: (0, image))
    else:
        pairs = blocks.repeat_in_blocks(images, wanted, size)
    batches = _to_batches(pairs, prepare, batch_size, drop_remainder=False)
    # flat_map hides the length, by which Keras tells an end from a failure.
    num_wanted = blocks.num_wanted(wanted, num_images, image_size)
    return batches.apply(
        tf.data.experimental.assert_cardinality(-(-num_wanted // batch_size))
    )


def _resize(image: tf.Tensor, side: int | None) -> tf.Tensor:
    if side is None or side == image.shape[0]:
        return image
    return tf.image.resize(image, (side, side), antialias=True)


def _condition_tables(
    conditions: Sequence[tuple[str | None, int]],
) -> tuple[tuple[str, ...], tf.Tensor, tf.Tensor]:
    """Returns the names that occur, and per condition its name and severity.

    The place of `CLEAN` is -1.
    """
    if not conditions:
        raise ValueError(
            "conditions is empty: expected (corruption, severity) pairs, or "
            "CLEAN"
        )
    for name, severity in conditions:
        if (name, severity) != CLEAN:
            corruptions.get(name)
            checks.check_severity(
                severity, corruptions.num_severities(name), name
            )
    names = tuple(
        dict.fromkeys(name for name, _ in conditions if name is not None)
    )
    places = [-1 if n is None else names.index(n) for n, _ in conditions]
    severities = [severity for _, severity in conditions]
    return names, tf.constant(places), tf.constant(severities)


def _to_batches(
    elements: tf.data.Dataset,
    prepare: Callable,
    batch_size: int,
    *,
    drop_remainder: bool,
    deterministic: bool = True,
) -> tf.data.Dataset:
    images = elements.map(
        prepare,
        num_parallel_calls=tf.data.AUTOTUNE,
        deterministic=deterministic,
    )
    batches = images.batch(batch_size, drop_remainder=drop_remainder)
    return batches.prefetch(tf.data.AUTOTUNE)
