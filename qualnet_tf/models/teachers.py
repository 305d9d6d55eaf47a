"""The teacher of the distillation baselines: a frozen stage-1 classifier."""

import os

import keras

from qualnet_tf.models import saving
from qualnet_tf.models.classifier import split_classifier


def load_teacher(
    path: str | os.PathLike, image_size: int, num_classes: int
) -> keras.Model:
    """Loads a trained classifier and freezes it.

    Args:
        path: A stage-1 run's `classifier.keras`.
        image_size: Side of the student's images, pixels.
        num_classes: Number of the student's classes.

    Returns:
        The classifier, images in [0, 1] -> logits.

    Raises:
        ValueError: If the file cannot be read, is no classifier of ours, or
            was trained for another image size or number of classes.
    """
    teacher = saving.load_model(path)
    split_classifier(teacher)
    side, classes = teacher.input_shape[1], teacher.output_shape[-1]
    if side != image_size:
        raise ValueError(
            f"{path}: expected a teacher for {image_size}x{image_size} "
            f"images, received {side}x{side}; train stage 1 with --image_size="
            f"{image_size}"
        )
    if classes != num_classes:
        raise ValueError(
            f"{path}: expected a teacher for {num_classes} classes, received "
            f"{classes}; train stage 1 on the same data set"
        )
    teacher.trainable = False
    return teacher
