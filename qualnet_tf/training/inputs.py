"""A run's data: its splits, and its training batches with all they need."""

import tensorflow as tf

from qualnet_tf.config import TrainConfig
from qualnet_tf.datasets import extras, open_source, pipeline
from qualnet_tf.datasets.source import ImageSource
from qualnet_tf.methods import ant

# Share of ant's noisy images whose noise does not pass the generator.
_GAUSSIAN_SHARE = 0.2


def open_split(config: TrainConfig, split: str) -> ImageSource:
    """Opens the run's data set.

    Args:
        config: The run.
        split: "train" or "validation".
    """
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
    )


def training_batches(
    config: TrainConfig,
    source: ImageSource,
    start_step: int,
    clean_fraction: float | None = None,
) -> tf.data.Dataset:
    """Returns the training batches from a step on.

    Args:
        config: The run.
        source: Its training split.
        start_step: Batches of the run that were already used.
        clean_fraction: Instead of the run's own.
    """
    if clean_fraction is None:
        # Ant degrades its images itself.
        clean_fraction = (
            1.0 if config.method == "ant" else config.clean_fraction
        )
    return pipeline.training_batches(
        source,
        batch_size=config.batch_size,
        image_size=config.image_size,
        num_epochs=config.passes(source.num_examples // config.batch_size),
        start_step=start_step,
        seed=config.seed,
        clean_fraction=clean_fraction,
        corruption_names=config.corruptions,
        severities=config.severities,
        options=corruption_options(config),
        corruption_weights=config.corruption_weights,
        augmentation=config.augmentation,
        extras=_EXTRAS.get(config.method, lambda config: {})(config),
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
