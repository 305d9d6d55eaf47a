"""What candidates are asked, and all that their answers depend on."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from qualnet_tf import corruptions
from qualnet_tf.config import EvaluateConfig
from qualnet_tf.corruptions import severities
from qualnet_tf.datasets import pipeline
from qualnet_tf.datasets.imagenet_classes import imagenet_classes
from qualnet_tf.datasets.released_sets import open_released
from qualnet_tf.datasets.source import ImageSource
from qualnet_tf.evaluation.candidates import Candidate, TestData
from qualnet_tf.evaluation.preprocessing_check import check_stored
from qualnet_tf.evaluation.shown_images import (
    Condition,
    MadeImages,
    ReadImages,
    View,
)

# The released files of these tables are JPEGs of the size networks are fed.
_JPEG_TABLES = ("imagenet_c", "imagenet_c_299")


@dataclasses.dataclass(frozen=True)
class Question:
    """Which images candidates with the same data are shown.

    Attributes:
        images: Clean images and all conditions.
        options: Of the corruptions.
        conditions_from: See `ClassificationResults`.
        left_out: Corruptions asked for that the corrupted set lacks.
    """

    images: MadeImages | ReadImages
    options: corruptions.Options
    conditions_from: str
    left_out: tuple[str, ...] = ()

    def recorded_options(self) -> dict[str, str]:
        """Returns what results say of the corruptions.

        Of stored ones the side tells the table, and nobody the textures.
        """
        options = self.options
        if self.conditions_from != "made":
            side = self.images.view.stored_size
            options = corruptions.Options(
                severity_table=severities.table_for(side, side, "auto"),
                frost_textures="stored",
                imagenet_c_jpeg=options.imagenet_c_jpeg,
            )
        return {
            "severity_table": options.severity_table,
            "corruption_variant": options.variant,
            "frost_textures": options.frost_textures,
            "imagenet_c_jpeg": "on" if options.imagenet_c_jpeg else "off",
        }


def view_of(config: EvaluateConfig, image_size: int) -> View:
    """Returns how pictures are seen by a network of that side."""
    return View(
        stored_size=config.stored_size or image_size,
        image_size=image_size,
        batch_size=config.batch_size,
    )


def made_conditions(config: EvaluateConfig) -> tuple[Condition, ...]:
    """Returns the conditions of images that are made here, clean first."""
    return (
        pipeline.CLEAN,
        *(
            (name, severity)
            for name in corruptions.expand(config.corruptions)
            for severity in config.severities
        ),
    )


def settled_options(
    config: EvaluateConfig, data: TestData, image_size: int
) -> corruptions.Options:
    """Returns the options of the data, with table and JPEG step settled."""
    side = view_of(config, image_size).stored_size
    table = severities.table_for(side, side, data.severity_table)
    return corruptions.Options(
        severity_table=table,
        variant=data.corruption_variant,
        frost_textures=data.frost_textures,
        imagenet_c_jpeg=config.imagenet_c_jpeg == "on"
        or (config.imagenet_c_jpeg == "auto" and table in _JPEG_TABLES),
    )


def open_question(
    config: EvaluateConfig,
    data: TestData,
    image_size: int,
    source: ImageSource,
) -> Question:
    """Opens the images.

    Args:
        config: What was asked.
        data: Of the candidates.
        image_size: Of the candidates, pixels.
        source: The clean images.

    Raises:
        ValueError: If a corrupted set is incomplete, or its pictures would be
            prepared otherwise than the clean ones.
    """
    view = view_of(config, image_size)
    options = settled_options(config, data, image_size)
    count = config.num_images or None
    if not config.corrupted_set:
        images = MadeImages(
            source,
            made_conditions(config),
            view,
            max_images=count,
            seed=config.seed,
            options=options,
        )
        return Question(images, options, "made")
    released = open_released(
        config.corrupted_set,
        source.class_names,
        config.data_dir or data.data_dir or None,
    )
    chosen, left_out = released.choose(
        corruptions.expand(config.corruptions), config.severities
    )

    check_stored(source, released.open(*chosen[0]), view)
    images = ReadImages(
        source,
        (pipeline.CLEAN, *chosen),
        view,
        released.open,
        max_images=count,
    )
    return Question(images, options, released.name, left_out)


def protocol(
    config: EvaluateConfig,
    candidate: Candidate,
    options: corruptions.Options,
    num_images: int,
) -> dict[str, Any]:
    """Returns everything that a candidate's answers depend on.

    The conditions do not belong to it: answers to each are kept apart.
    """
    view = view_of(config, candidate.image_size)
    found = {
        "model": candidate.fingerprint,
        "data": dataclasses.asdict(candidate.data),
        "num_images": num_images,
        "image_size": view.image_size,
        "stored_size": view.stored_size,
        "conditions_from": config.corrupted_set or "made",
        "options": dataclasses.asdict(options),
    }
    if not config.corrupted_set:
        found["seed"] = config.seed
    if candidate.adaptation != "none":
        found["adaptation"] = candidate.adaptation
        found["batch_size"] = config.batch_size
    if not candidate.is_run:
        found["reading"] = [
            config.pixel_range,
            config.model_outputs,
            config.output_name,
            config.class_names,
        ]
    return found


def dataset_name(data: TestData, class_names: Sequence[str]) -> str:
    """Returns the set's name; a folder of ImageNet-1K's classes is ImageNet."""
    if sorted(class_names) == list(imagenet_classes()):
        return "imagenet"
    return data.dataset


def group_candidates(
    candidates: Sequence[Candidate],
) -> list[list[Candidate]]:
    """Returns candidates that see the same images together, in order."""
    groups: dict[tuple, list[Candidate]] = {}
    for each in candidates:
        key = (each.data, each.image_size, each.class_names)
        groups.setdefault(key, []).append(each)
    return list(groups.values())
