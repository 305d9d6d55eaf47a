"""A training run's images: their order, and what is made of each.

The halves of the pipeline that may run in different processes: `elements` is
the cheap one, which knows the order; `prepare` decodes, crops and corrupts.
"""

import dataclasses
from collections.abc import Callable, Mapping

import tensorflow as tf

from qualnet_tf.corruptions import Options, sampling
from qualnet_tf.datasets.shares import Share
from qualnet_tf.datasets.source import ImageSource

# Per-image seeds are folded once more, so that crop, corruption and what a
# method asks for beside them differ.
_CROP, _CORRUPTION, _FIRST_EXTRA = 0, 1, 2


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainingStream:
    """See `pipeline.training_batches`, whose arguments these are.

    Raises:
        ValueError: If the data set does not fill one batch, or the batch
            cannot be divided.
    """

    source: ImageSource
    batch_size: int
    image_size: int
    num_epochs: int
    seed: int
    augment: Callable
    clean_fraction: float
    corruption_names: tuple[str, ...]
    severities: tuple[int, ...]
    options: Options | None
    corruption_weights: tuple[str, ...]
    extras: Mapping[str, Callable]
    share: Share

    def __post_init__(self):
        if self.steps_per_epoch == 0:
            raise ValueError(
                f"data set {self.source.name!r} has "
                f"{self.source.num_examples} images: expected at least one "
                f"batch of {self.batch_size}; lower --batch_size or use more "
                "images"
            )
        self.share.piece_size(self.batch_size)

    @property
    def steps_per_epoch(self) -> int:
        """Full batches in one pass."""
        return self.source.num_examples // self.batch_size

    @property
    def piece_size(self) -> int:
        """Images of a batch that one replica takes."""
        return self.share.piece_size(self.batch_size)

    @property
    def part_size(self) -> int:
        """Images of a batch that this worker makes."""
        return self.batch_size // self.share.num_workers

    def num_steps_from(self, start_step: int) -> int:
        """Returns the steps that are left."""
        return max(self.num_epochs * self.steps_per_epoch - start_step, 0)

    def elements(self, start_step: int) -> tf.data.Dataset:
        """Returns (epoch, undecoded element) of this worker's parts, in order.

        Args:
            start_step: Steps of the run that were already used; their elements
                are passed over.
        """
        start_epoch, used_steps = divmod(start_step, self.steps_per_epoch)
        size = self.batch_size

        def read_epoch(epoch):
            used = tf.where(epoch == start_epoch, used_steps * size, 0)
            order = self.source.elements(sampling.fold_seed(self.seed, epoch))
            order = order.take(self.steps_per_epoch * size)
            order = order.skip(tf.cast(used, tf.int64))
            return order.map(lambda element: (epoch, element))

        epochs = tf.data.Dataset.range(start_epoch, self.num_epochs)
        return self.share.keep(epochs.flat_map(read_epoch), size)

    def prepare(self, epoch, element) -> dict[str, tf.Tensor]:
        """Makes one image, its clean version, label and extras."""
        example = self.source.decode(element)
        image_seed = sampling.fold_seed(self.seed, epoch, example["index"])
        clean_image = self.augment(
            example["image"],
            self.image_size,
            sampling.fold_seed(image_seed, _CROP),
        )
        return {
            "image": self._corrupt(
                clean_image, sampling.fold_seed(image_seed, _CORRUPTION)
            ),
            "clean_image": clean_image,
            "label": checked_label(self.source, example["label"]),
            **{
                name: extra(
                    clean_image, sampling.fold_seed(image_seed, place), epoch
                )
                for place, (name, extra) in enumerate(
                    self.extras.items(), _FIRST_EXTRA
                )
            },
        }

    def _corrupt(self, image, image_seed):
        if self.clean_fraction >= 1.0:  # spares tracing every corruption
            return image
        image, _, _ = sampling.corrupt_or_keep(
            image,
            image_seed,
            self.clean_fraction,
            names=self.corruption_names,
            severities=self.severities,
            options=self.options,
            weights=self.corruption_weights,
        )
        return image


def checked_label(source: ImageSource, label: tf.Tensor) -> tf.Tensor:
    """Returns the label as int32, after a check against the classes."""
    is_legal = tf.logical_and(label >= 0, label < source.num_classes)
    tf.debugging.Assert(
        is_legal,
        [
            f"data set {source.name}: expected labels 0 to "
            f"{source.num_classes - 1} ({source.num_classes} classes), "
            "received",
            label,
            "(correct the labels, or choose a split that has them)",
        ],
    )
    return tf.cast(label, tf.int32)
