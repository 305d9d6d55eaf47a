"""Results with made-up numbers for tests of their files and averages."""

from qualnet_tf.evaluation.results import (
    ClassificationResults,
    ConditionResult,
)
from qualnet_tf.metrics.alexnet_errors import TEST_CORRUPTIONS


def make_conditions(names, accuracy):
    """Every name at every severity with `accuracy(name, severity)`."""
    return tuple(
        ConditionResult(name, severity, accuracy(name, severity))
        for name in names
        for severity in range(1, 6)
    )


def make_results(**changes):
    values = {
        "run": "qualnet",
        "method": "qualnet",
        "dataset": "digits",
        "split": "validation",
        "num_images": 500,
        "num_classes": 10,
        "image_size": 32,
        "seed": 0,
        "severity_table": "cifar_c",
        "frost_textures": "procedural",
        "corruption_variant": "imagenet_c",
        "imagenet_c_jpeg": "off",
        "clean_accuracy": 0.97,
        "conditions": make_conditions(
            TEST_CORRUPTIONS, lambda name, severity: 1 - 0.1 * severity
        ),
        "left_out": (),
    }
    return ClassificationResults(**(values | changes))
