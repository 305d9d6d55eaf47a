"""What one evaluation found: its schema, its files and its averages.

The JSON file is the contract between `evaluate` and every reader. It carries
`schema_version`, which rises when a reader of the old form would be misled.
Accuracies are fractions in [0, 1]. No TensorFlow.
"""

import dataclasses
import json
import os
import pathlib
from typing import Self

from qualnet_tf import run_dir
from qualnet_tf.corruptions.catalogue import DEEPCORRECT_CORRUPTIONS
from qualnet_tf.evaluation import schema
from qualnet_tf.evaluation.measured import (
    AccuracyInterval,
    ConditionQuality,
    ConditionResult,
    check_fraction,
)
from qualnet_tf.evaluation.pictures import (
    ConditionPictures,
    Pictures,
    load_condition_pictures,
    load_pictures,
    save_condition_pictures,
    save_pictures,
)
from qualnet_tf.metrics import alexnet_errors, corruption_error
from qualnet_tf.metrics.level_mean import level_mean

# The example pictures are part of what an evaluation leaves behind, and the
# results are made of measured numbers: readers find all of it here.
__all__ = [
    "SCHEMA_VERSION",
    "AccuracyInterval",
    "ClassificationResults",
    "ConditionPictures",
    "ConditionQuality",
    "ConditionResult",
    "Pictures",
    "Summary",
    "load",
    "load_condition_pictures",
    "load_pictures",
    "save",
    "save_condition_pictures",
    "save_pictures",
    "summarize",
]

SCHEMA_VERSION = 3
_IMPLIED_IN_VERSION_1 = {
    "corruption_variant": "imagenet_c",
    "imagenet_c_jpeg": "off",
}

# mCE exists only where AlexNet was measured: the 1000 classes of ImageNet with
# the severities made for 224 pixels.
_MCE_CLASSES = 1000
_MCE_MIN_SIDE = 160
_MCE_TABLE = "imagenet_c"


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
    intervals: tuple[AccuracyInterval, ...] = ()
    qualities: tuple[ConditionQuality, ...] = ()

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
    "intervals": AccuracyInterval,
    "qualities": ConditionQuality,
}


@dataclasses.dataclass(frozen=True)
class Summary:
    """The averages of one run; None where a condition is missing.

    Attributes:
        clean_accuracy: In [0, 1].
        mean_corruption_accuracy: Mean over the 15 test corruptions.
        holdout_accuracy: Mean over the 4 hold-out corruptions.
        mce: AlexNet-normalised mean corruption error (a fraction; may exceed
            1), or None where AlexNet was not measured.
        relative_mce: The same of the error that corruption adds to the clean.
        missing_test: What is absent of the 15: "fog", or "fog 3".
        missing_holdout: What is absent of the 4.
        intervals: Name of a mean of these -> ends of its 95 % interval over
            images, where there is one.
        level_means: Of DeepCorrect's distortions, the mean over all seven
            levels where all were evaluated.
    """

    clean_accuracy: float
    mean_corruption_accuracy: float | None
    holdout_accuracy: float | None
    mce: float | None
    relative_mce: float | None
    missing_test: tuple[str, ...]
    missing_holdout: tuple[str, ...]
    intervals: dict[str, tuple[float, float]]
    level_means: dict[str, float]


def summarize(results: ClassificationResults) -> Summary:
    """Returns the averages that tables print."""
    test = alexnet_errors.TEST_CORRUPTIONS
    holdout = alexnet_errors.HOLDOUT_CORRUPTIONS
    accuracies = results.accuracies()
    mce, relative_mce = _alexnet_errors(results, accuracies)
    return Summary(
        clean_accuracy=results.clean_accuracy,
        mean_corruption_accuracy=_mean_or_none(accuracies, test),
        holdout_accuracy=_mean_or_none(accuracies, holdout),
        mce=mce,
        relative_mce=relative_mce,
        missing_test=corruption_error.missing_conditions(accuracies, test),
        missing_holdout=corruption_error.missing_conditions(
            accuracies, holdout
        ),
        intervals={
            each.measure: (each.low, each.high) for each in results.intervals
        },
        level_means=_level_means(results, accuracies),
    )


def _level_means(results: ClassificationResults, accuracies) -> dict:
    means = {
        name: level_mean(results.clean_accuracy, accuracies.get(name, {}))
        for name in DEEPCORRECT_CORRUPTIONS
    }
    return {name: mean for name, mean in means.items() if mean is not None}


def save(results: ClassificationResults, path: str | os.PathLike) -> None:
    """Writes the results to `path`, all or nothing."""
    run_dir.write_text(pathlib.Path(path), results.to_json())


def load(path: str | os.PathLike) -> ClassificationResults:
    """Reads what `save` wrote.

    Raises:
        ValueError: If the file is missing, damaged, something else, or of a
            newer schema.
    """
    path = pathlib.Path(path)
    if not path.is_file():
        raise ValueError(
            f"{path}: no results; expected the file that qualnet_tf.evaluate "
            "writes: evaluate the run first"
        )
    text = path.read_text(encoding="utf-8", errors="replace")
    return ClassificationResults.from_json(text, str(path))


def _mean_or_none(accuracies, names) -> float | None:
    if corruption_error.missing_conditions(accuracies, names):
        return None
    return corruption_error.mean_corruption_accuracy(accuracies, names)


def _alexnet_errors(
    results: ClassificationResults, accuracies
) -> tuple[float | None, float | None]:
    """Returns mCE and relative mCE, or None where AlexNet was not measured."""
    alexnet_was_measured = (
        results.dataset.startswith("imagenet")
        and results.num_classes == _MCE_CLASSES
        and results.image_size >= _MCE_MIN_SIDE
        and results.severity_table == _MCE_TABLE
        and results.corruption_variant == _MCE_TABLE
    )
    test = alexnet_errors.TEST_CORRUPTIONS
    if not alexnet_was_measured or corruption_error.missing_conditions(
        accuracies, test
    ):
        return None, None
    errors = {
        name: {s: 1 - accuracy for s, accuracy in accuracies[name].items()}
        for name in test
    }
    return corruption_error.mce(errors), corruption_error.relative_mce(
        errors, 1 - results.clean_accuracy
    )
