"""Every validation image once, in equally many pieces for every replica."""

import tensorflow as tf

from qualnet_tf.datasets.augmentation import evaluation_crop
from qualnet_tf.datasets.shares import Share
from qualnet_tf.datasets.source import ImageSource
from qualnet_tf.datasets.training_stream import checked_label


def validation_batches(
    source: ImageSource,
    *,
    batch_size: int,
    image_size: int,
    share: Share | None = None,
    joined_replicas: int = 1,
) -> tf.data.Dataset:
    """Returns the clean validation images for the replicas of a worker.

    No replica may be without an image, and none has more pieces than another.
    So full batches are cut evenly; of the rest as many images as the replicas
    can share; and the last few, fewer than replicas, are given to each of
    them, where each counts one share of an image.

    Args:
        source: The data set.
        batch_size: Images of a whole batch.
        image_size: Side of the images, pixels.
        share: What of each batch this worker takes; all of it by default.
        joined_replicas: Replicas that take one batch together, cut later; the
            images given to each of them stand in it as many times.

    Returns:
        Batches {"image", "clean_image": float32 [n, image_size, image_size,
        3] in [0, 1], "label": int32 [n], "weight": float32 [n]}, the last
        being what an image counts.

    Raises:
        ValueError: If the batch cannot be divided among the replicas.
        tf.errors.InvalidArgumentError: While iterating, if a label has no
            class.
    """
    share = share or Share()
    piece = share.piece_size(batch_size)
    num_replicas = share.num_replicas * joined_replicas
    num_full, rest = divmod(source.num_examples, batch_size)
    last = rest % num_replicas
    even = rest - last
    local = share.local_replicas

    elements = source.elements()
    start = num_full * batch_size
    full = share.keep(elements.take(start), batch_size).batch(piece)
    parts, num_pieces = [_weighted(full, 1.0)], num_full * local
    if even:
        shared = share.keep(elements.skip(start).take(even), even)
        shared = shared.batch(even // share.num_replicas)
        parts.append(_weighted(shared, 1.0))
        num_pieces += local
    if last:
        common = elements.skip(start + even).repeat(joined_replicas)
        common = common.batch(last * joined_replicas).repeat(local)
        parts.append(_weighted(common, 1.0 / num_replicas))
        num_pieces += local

    def prepare(group, weights):
        def one(element):
            example = source.decode(element)
            image = evaluation_crop(example["image"], image_size)
            return image, checked_label(source, example["label"])

        image, label = tf.map_fn(
            one,
            group,
            fn_output_signature=(
                tf.TensorSpec((image_size, image_size, 3), tf.float32),
                tf.TensorSpec((), tf.int32),
            ),
        )
        return {
            "image": image,
            "clean_image": image,
            "label": label,
            "weight": weights,
        }

    groups = parts[0]
    for part in parts[1:]:
        groups = groups.concatenate(part)
    batches = groups.map(prepare, num_parallel_calls=tf.data.AUTOTUNE)
    batches = batches.apply(tf.data.experimental.assert_cardinality(num_pieces))
    return batches.prefetch(tf.data.AUTOTUNE)


def _weighted(groups: tf.data.Dataset, weight: float) -> tf.data.Dataset:
    """Adds what each image of a group counts."""

    def add(group):
        size = tf.shape(tf.nest.flatten(group)[0])[:1]
        return group, tf.fill(size, weight)

    return groups.map(add)
