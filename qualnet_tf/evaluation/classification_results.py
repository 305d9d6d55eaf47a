"""The schema of an evaluation's results, and their JSON text.

Accuracies are fractions in [0, 1]. `schema_version` rises when a reader of the
old form would be misled.
"""

import dataclasses
import json
from typing import Self

from qualnet_tf.evaluation import schema
from qualnet_tf.evaluation.measured import (
    ClassAccuracy,
    ConditionQuality,
    ConditionResult,
    MeanInterval,
    ReliabilityBin,
    check_fraction,
)

SCHEMA_VERSION = 4
_IMPLIED_IN_VERSION_1 = {
    "corruption_variant": "imagenet_c",
    "imagenet_c_jpeg": "off",
}

_IMPLIED_BEFORE_VERSION_4 = {
    "conditions_from": "made",
    "adaptation": "none",
    "predictions": "",
    "reliability": [],
    "class_accuracies": [],
}


@dataclasses.dataclass(frozen=True)
class ClassificationResults:
    """Clean accuracy and the accuracy under every condition of one run.

    Attributes:
        run: Name of the run folder.
        method: Name in `methods`.
        dataset: Name of the data set.
        split: "train" or "validation".
        num_images: How many pictures each accuracy is taken over.
        num_classes: How many classes the model tells apart.
        image_size: Side of the model's input in pixels.
        seed: Seed of the corruptions.
        severity_table: Which constants the severities stand for.
        corruption_variant: Whose elastic_transform and frost.
        frost_textures: Where the frost came from.
        imagenet_c_jpeg: "on" if corrupted images went through JPEG q85 as the
            released files did, else "off".
        clean_accuracy: Top-1 accuracy in [0, 1] without corruption.
        conditions: One entry per corruption and severity.
        left_out: Corruptions that were asked for and could not be run.
        intervals: Of the means, where evaluated since schema version 3.
        qualities: Of the probabilities under every condition and without, as
            well.
        conditions_from: "made" where the corrupted images were made here, else
            the folder or data set that they were read from.
        adaptation: "batch_norm" where the batch norms took the statistics of
            the test images, else "none".
        predictions: Name of the folder of the answers that all this was
            measured from; empty before version 4.
        reliability: Reliability diagrams, where evaluated since version 4.
        class_accuracies: As well.

    Raises:
        ValueError: If a value has another type or lies out of range, or a
            condition occurs twice.
    """

    run: str
    method: str
    dataset: str
    split: str
    num_images: int
    num_classes: int
    image_size: int
    seed: int
    severity_table: str
    corruption_variant: str
    frost_textures: str
    imagenet_c_jpeg: str
    clean_accuracy: float
    conditions: tuple[ConditionResult, ...]
    left_out: tuple[str, ...] = ()
    intervals: tuple[MeanInterval, ...] = ()
    qualities: tuple[ConditionQuality, ...] = ()
    conditions_from: str = "made"
    adaptation: str = "none"
    predictions: str = ""
    reliability: tuple[ReliabilityBin, ...] = ()
    class_accuracies: tuple[ClassAccuracy, ...] = ()

    def __post_init__(self):
        schema.set_plain_values(self)
        check_fraction(self.clean_accuracy, "clean_accuracy")
        if not all(isinstance(name, str) for name in self.left_out):
            raise ValueError(f"left_out is {self.left_out}, expected names")
        for name in ("num_images", "num_classes", "image_size"):
            if getattr(self, name) < 1:
                raise ValueError(
                    f"{name} is {getattr(self, name)}, expected at least 1"
                )
        seen = set()
        for each in self.conditions:
            key = (each.corruption, each.severity)
            if key in seen:
                raise ValueError(
                    f"condition {key[0]} {key[1]} occurs twice: keep one"
                )
            seen.add(key)

    def accuracies(self) -> dict[str, dict[int, float]]:
        """Returns corruption -> severity -> accuracy, as the metrics take."""
        nested: dict[str, dict[int, float]] = {}
        for each in self.conditions:
            nested.setdefault(each.corruption, {})[each.severity] = (
                each.accuracy
            )
        return nested

    def to_json(self) -> str:
        """Returns the JSON text of the newest schema version."""
        data = {"schema_version": SCHEMA_VERSION, **dataclasses.asdict(self)}
        return json.dumps(data, indent=2, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str, source: str = "results") -> Self:
        """Returns the results that `to_json` wrote.

        Args:
            text: The JSON text.
            source: What to call it in errors, usually its path.

        Raises:
            ValueError: If the text is damaged, something else, or of a newer
                schema.
        """
        version, data = schema.read(text, source, SCHEMA_VERSION)
        if version == 1:  # knew one variant and no JPEG step
            data = {**_IMPLIED_IN_VERSION_1, **data}
        if version < 3:
            data = {"intervals": [], "qualities": [], **data}
        if version < 4:
            data = {**_IMPLIED_BEFORE_VERSION_4, **data}
        try:
            for name, kind in _PARTS.items():
                if isinstance(data.get(name), list):
                    data[name] = tuple(
                        kind(**schema.fields_of(kind, each))
                        for each in data[name]
                    )
            return cls(**schema.fields_of(cls, data))
        except ValueError as error:
            raise ValueError(
                f"{source}: {error}; evaluate the run again"
            ) from error


# Field -> what its entries are.
_PARTS = {
    "conditions": ConditionResult,
    "intervals": MeanInterval,
    "qualities": ConditionQuality,
    "reliability": ReliabilityBin,
    "class_accuracies": ClassAccuracy,
}
