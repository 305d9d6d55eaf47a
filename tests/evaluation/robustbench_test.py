"""An entry has the fields of RobustBench's files, and no made-up average."""

import pytest

from qualnet_tf.evaluation.results import ClassificationResults, ConditionResult
from qualnet_tf.evaluation.robustbench import to_robustbench
from qualnet_tf.metrics.alexnet_errors import ALEXNET_ERRORS, TEST_CORRUPTIONS

# Those of model_info/cifar10/corruptions/Hendrycks2020AugMixWRN.json.
FIELDS = {
    "link",
    "name",
    "authors",
    "additional_data",
    "number_forward_passes",
    "dataset",
    "venue",
    "architecture",
    "eps",
    "clean_acc",
    "reported",
    "corruptions_acc",
}


def make_results(names=TEST_CORRUPTIONS, **changes):
    """Accuracies of AlexNet on other images, unless changed."""
    values = {
        "run": "augmix",
        "method": "augmix",
        "dataset": "cifar10",
        "split": "validation",
        "num_images": 10000,
        "num_classes": 10,
        "image_size": 32,
        "seed": 0,
        "severity_table": "cifar_c",
        "corruption_variant": "imagenet_c",
        "frost_textures": "procedural",
        "imagenet_c_jpeg": "off",
        "clean_accuracy": 0.9508,
        "conditions": tuple(
            ConditionResult(name, severity, 1 - ALEXNET_ERRORS[name][severity])
            for name in names
            for severity in range(1, 6)
        ),
    }
    return ClassificationResults(**{**values, **changes})


def test_the_fields_of_the_published_files():
    entry = to_robustbench(make_results(), "cifar_resnet18")
    assert set(entry) == FIELDS
    assert entry["name"] == "augmix"
    assert entry["architecture"] == "cifar_resnet18"
    assert entry["clean_acc"] == "95.08"
    # RobustBench's own entry of AlexNet has 21.12, over 5,000 images.
    assert float(entry["corruptions_acc"]) == pytest.approx(21.12, abs=0.3)


def test_holdouts_do_not_count():
    with_holdouts = to_robustbench(make_results(ALEXNET_ERRORS), "net")
    assert with_holdouts == to_robustbench(make_results(), "net")


def test_mce_only_where_alexnet_was_measured():
    imagenet = {
        "dataset": "imagenet2012",
        "num_classes": 1000,
        "image_size": 224,
        "severity_table": "imagenet_c",
    }
    entry = to_robustbench(make_results(**imagenet), "alexnet")
    assert set(entry) == FIELDS | {"corruptions_mce"}
    assert entry["corruptions_mce"] == "100.00"


def test_no_entry_without_all_of_the_fifteen():
    assert to_robustbench(make_results(TEST_CORRUPTIONS[1:]), "net") is None
