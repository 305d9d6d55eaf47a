"""What some methods need of an image beside itself, for `training_batches`.

Every function here returns functions of (clean image, seed [2], epoch) by
their name in the batch, which the pipeline calls for each image with a seed of
its own.
"""

from collections.abc import Callable, Sequence

import tensorflow as tf

from qualnet_tf import corruptions
from qualnet_tf.corruptions import Options, sampling, seeds
from qualnet_tf.datasets import augmix

Extras = dict[str, Callable]

_NUM_AUGMIX_VIEWS = 2
# The noise is this much higher and wider than the image, for a 3x3 kernel.
_NOISE_BORDER = 2


def augmix_views(**options) -> Extras:
    """`views` float32 [2, height, width, 3]: the image under `augmix.mix`.

    Args:
        **options: Of `augmix.mix`.
    """

    def views(image, seed, epoch):
        del epoch
        return tf.stack(
            [
                augmix.mix(image, sampling.fold_seed(seed, number), **options)
                for number in range(_NUM_AUGMIX_VIEWS)
            ]
        )

    return {"views": views}


def noise(shares: dict[int, float]) -> Extras:
    """`noise`, float32 [height + 2, width + 2, 3], and `noise_kind`, int32.

    Args:
        shares: Kind -> how often it is drawn; the shares sum to 1.
    """
    kinds = list(shares)
    ends = tf.cumsum(tf.constant(list(shares.values()), tf.float32))[:-1]

    def standard_normal(image, seed, epoch):
        del epoch
        height, width, channels = image.shape
        border = _NOISE_BORDER
        return seeds.normal(seed, [height + border, width + border, channels])

    def kind(image, seed, epoch):
        del image, epoch
        place = tf.reduce_sum(
            tf.cast(seeds.uniform(seed, []) >= ends, tf.int32)
        )
        return tf.gather(tf.constant(kinds, tf.int32), place)

    return {"noise": standard_normal, "noise_kind": kind}


def corrupted_views(
    names: Sequence[str], severities: Sequence[int], options: Options
) -> Extras:
    """`views` [corruptions, height, width, 3], one of each; and `epoch`.

    Args:
        names: The corruptions, or groups of them.
        severities: The severities to draw from, for each view.
        options: Of the corruptions.
    """

    def views(image, seed, epoch):
        del epoch
        found = [
            sampling.corrupt_or_keep(
                image,
                sampling.fold_seed(seed, number),
                clean_fraction=0.0,
                names=(name,),
                severities=tuple(severities),
                options=options,
            )
            for number, name in enumerate(corruptions.expand(names))
        ]
        return tf.stack([view for view, _, _ in found])

    def current_epoch(image, seed, epoch):
        del image, seed
        return tf.cast(epoch, tf.int32)

    return {"views": views, "epoch": current_epoch}


def num_corrupted_views(names: Sequence[str]) -> int:
    """Returns how many views `corrupted_views` gives."""
    return len(corruptions.expand(names))
