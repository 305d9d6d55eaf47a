"""Which filters a `deepcorrect` run corrects, found on its training images."""

import dataclasses
import pathlib

import keras
import numpy as np

from qualnet_tf.config import TrainConfig
from qualnet_tf.models.classifier import split_classifier
from qualnet_tf.models.correction import (
    choose_filters,
    correct,
    correction_priorities,
)
from qualnet_tf.models.teachers import load_teacher
from qualnet_tf.training import inputs


def build_corrected(
    config: TrainConfig,
    num_classes: int,
    path: pathlib.Path,
    chosen: dict[str, list[int]] | None = None,
) -> keras.Model:
    """Loads the network that a run corrects and adds the correction units.

    Args:
        config: The run.
        num_classes: Number of classes of its data.
        path: The network's `classifier.keras`.
        chosen: Convolution -> filters; None ranks them on the run's training
            images.

    Raises:
        ValueError: If the network does not fit the run.
    """
    classifier = load_teacher(path, config.image_size, num_classes)
    backbone, _ = split_classifier(classifier)
    if backbone.name != config.backbone:
        raise ValueError(
            f"{path}: expected --backbone={config.backbone}, received "
            f"{backbone.name}; deepcorrect keeps the backbone that it corrects"
        )
    if chosen is None:
        chosen = rank_filters(config, classifier)
    return correct(classifier, chosen, config.correction_width)


def rank_filters(
    config: TrainConfig, classifier: keras.Model
) -> dict[str, list[int]]:
    """Returns the filters that suffer most under the run's corruptions."""
    source = inputs.open_split(config, "train")
    size = min(config.correction_images, source.num_examples)
    # As in training, but every image is degraded.
    drawn = dataclasses.replace(
        config, batch_size=size, recipe_batch_size=0, num_epochs=1, num_steps=0
    )
    batches = inputs.training_batches(drawn, source, 0, clean_fraction=0.0)
    batch = {
        name: np.asarray(value)
        for name, value in next(iter(batches.take(1))).items()
    }
    priorities = correction_priorities(
        classifier, batch["clean_image"], batch["image"], batch["label"]
    )
    return choose_filters(priorities, config.correction_fraction)
