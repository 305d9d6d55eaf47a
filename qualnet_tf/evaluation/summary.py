"""The averages of one evaluation, and which of them exist."""

import dataclasses

from qualnet_tf.corruptions.catalogue import DEEPCORRECT_CORRUPTIONS
from qualnet_tf.evaluation.classification_results import ClassificationResults
from qualnet_tf.metrics import alexnet_errors, corruption_error
from qualnet_tf.metrics.level_mean import level_mean

# mCE exists only where AlexNet was measured: the 1000 classes of ImageNet with
# the severities made for 224 pixels.
_MCE_CLASSES = 1000
_MCE_MIN_SIDE = 160
_MCE_TABLE = "imagenet_c"


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
        intervals: Name of a mean -> ends of its 95 % interval over images,
            where there is one; see `intervals` for the names.
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


def _mean_or_none(accuracies, names) -> float | None:
    if corruption_error.missing_conditions(accuracies, names):
        return None
    return corruption_error.mean_corruption_accuracy(accuracies, names)


def alexnet_was_measured(results: ClassificationResults) -> bool:
    """Returns whether there are AlexNet's errors to divide by."""
    return (
        results.dataset.startswith("imagenet")
        and results.num_classes == _MCE_CLASSES
        and results.image_size >= _MCE_MIN_SIDE
        and results.severity_table == _MCE_TABLE
        and results.corruption_variant == _MCE_TABLE
    )


def _alexnet_errors(
    results: ClassificationResults, accuracies
) -> tuple[float | None, float | None]:
    """Returns mCE and relative mCE, or None where AlexNet was not measured."""
    test = alexnet_errors.TEST_CORRUPTIONS
    if not alexnet_was_measured(results) or corruption_error.missing_conditions(
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
