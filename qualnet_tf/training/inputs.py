"""A run's data: its splits, and its training batches with all they need."""

import tensorflow as tf

from qualnet_tf.config import TrainConfig
from qualnet_tf.datasets import extras, open_source, pipeline
from qualnet_tf.datasets.shares import Share
from qualnet_tf.datasets.source import ImageSource
from qualnet_tf.methods import ant

# Share of ant's noisy images whose noise does not pass the generator.
_GAUSSIAN_SHARE = 0.2


def open_split(
    config: TrainConfig, split: str, share: Share | None = None
) -> ImageSource:
    """Opens the run's data set.

    Args:
        config: The run.
        split: "train" or "validation".
        share: Of a training split that is sharded by file: whose files.
    """
    by_file = share is not None and config.sharding == "file"
    return open_source(
        config.dataset,
        split,
        data_dir=config.data_dir or None,
        max_images=(config.max_train_images or None)
        if split == "train"
        else None,
        validation_fraction=config.validation_fraction,
        download=config.download,
        skip_bad_files=config.skip_bad_files,
        class_list=config.class_list or None,
        seed=0,
        shard=(share.worker, share.num_workers) if by_file else None,
    )


def count_steps(config: TrainConfig, num_images: int, share: Share) -> int:
    """Returns the full batches in one pass over the training images.

    Args:
        config: The run.
        num_images: Images of the opened training split, which is a part of
            it where workers read files of their own.
        share: What this worker makes of each batch.

    Raises:
        ValueError: If there is not even one.
    """
    size = _read_batch(config, share)[0]
    if num_images < size:
        raise ValueError(
            f"expected at least {size} training images for one batch, "
            f"received {num_images}; lower --batch_size"
        )
    return num_images // size


def _read_batch(config: TrainConfig, share: Share) -> tuple[int, Share]:
    """Returns the batch that is read here, and what is used of it."""
    if config.sharding == "example":
        return config.batch_size, share
    own = Share(local_replicas=share.local_replicas)
    return config.batch_size // share.num_workers, own


def training_batches(
    config: TrainConfig,
    source: ImageSource,
    start_step: int,
    clean_fraction: float | None = None,
    share: Share | None = None,
) -> tf.data.Dataset:
    """Returns the training batches from a step on, in pieces for replicas.

    Args:
        config: The run.
        source: Its training split.
        start_step: Batches of the run that were already used.
        clean_fraction: Instead of the run's own.
        share: What this worker makes of each batch; all of it by default.
    """
    batch_size, own = _read_batch(config, share or Share())
    if clean_fraction is None:
        # Ant degrades its images itself.
        clean_fraction = (
            1.0 if config.method == "ant" else config.clean_fraction
        )
    return pipeline.training_batches(
        source,
        batch_size=batch_size,
        image_size=config.image_size,
        num_epochs=config.passes(source.num_examples // batch_size),
        start_step=start_step,
        seed=config.seed,
        clean_fraction=clean_fraction,
        corruption_names=config.corruptions,
        severities=config.severities,
        options=corruption_options(config),
        corruption_weights=config.corruption_weights,
        augmentation=config.augmentation,
        extras=_EXTRAS.get(config.method, lambda config: {})(config),
        share=own,
        deterministic=config.fixed_order,
        data_service=config.data_service,
    )


def corruption_options(config: TrainConfig) -> pipeline.Options:
    """Returns how the run's images are corrupted."""
    return pipeline.Options(
        severity_table=config.severity_table,
        variant=config.corruption_variant,
        frost_textures=config.frost_textures,
        imagenet_c_jpeg=config.imagenet_c_jpeg,
    )


def _augmix_extras(config: TrainConfig) -> extras.Extras:
    return extras.augmix_views(
        severity=config.augmix_severity,
        width=config.augmix_width,
        depth=config.augmix_depth,
    )


def _ant_extras(config: TrainConfig) -> extras.Extras:
    noisy = 1.0 - config.clean_fraction
    return extras.noise(
        {
            ant.CLEAN: config.clean_fraction,
            ant.GENERATED: (1.0 - _GAUSSIAN_SHARE) * noisy,
            ant.GAUSSIAN: _GAUSSIAN_SHARE * noisy,
        }
    )


def _auxtraining_extras(config: TrainConfig) -> extras.Extras:
    return extras.corrupted_views(
        config.corruptions, config.severities, corruption_options(config)
    )


_EXTRAS = {
    "augmix": _augmix_extras,
    "ant": _ant_extras,
    "auxtraining": _auxtraining_extras,
}
