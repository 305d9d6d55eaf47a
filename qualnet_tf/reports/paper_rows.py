"""Which row of the paper a run is, by its configuration.

A recipe is a mapping from knobs to what they must be, as the flagfiles of
`configs/` set them. The paper's own data sets fill their own tables, network by
network; a run on other data or of another size is a stand-in: it fills the row
of its method in every table, and `setting_of` says how to label it.
"""

import operator
import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from qualnet_tf.metrics.alexnet_errors import TEST_CORRUPTIONS
from qualnet_tf.reports import published
from qualnet_tf.reports.published import PublishedRow, PublishedTable

Config = Mapping[str, Any]

# Of the recipes at ImageNet's size; DeepCorrect's is the shortest.
_FEWEST_EPOCHS = 50


def _is_plain(backbone: str) -> bool:
    """Stage 1 is supervised training too, of an invertible network."""
    return not backbone.startswith("irevnet")


def _has_trained_decoder(stage1_run_dir: str) -> bool:
    """Whether stage 1 trained its decoder along, as its folder's name says.

    A run's configuration knows its stage 1 by folder alone; the flagfiles call
    such a one encoder_decoder*.
    """
    return pathlib.PurePath(stage1_run_dir).name.startswith("encoder_decoder")


def _is_invertible(stage1_run_dir: str) -> bool:
    return bool(stage1_run_dir) and not _has_trained_decoder(stage1_run_dir)


def _is_imagenet200(class_list: str) -> bool:
    return pathlib.PurePath(class_list).parts[-2:] == (
        "imagenet200",
        "classes.txt",
    )


def _is_full_length(num_epochs: int) -> bool:
    return bool(num_epochs) and num_epochs >= _FEWEST_EPOCHS


# Groups of corruptions -> their members, which config.json holds.
_GROUPS = {
    "test": TEST_CORRUPTIONS,
    "auxtraining": (
        "auxtraining_noise",
        "auxtraining_blur",
        "auxtraining_jitter",
        "auxtraining_rotation",
    ),
    "deepcorrect_noise": ("deepcorrect_noise",),
    "deepcorrect_blur": ("deepcorrect_blur",),
}


def _are(group: str) -> Callable[[Sequence[str]], bool]:
    """Returns a test for corruptions that are a group, in any order."""
    return lambda names: set(names) in ({group}, set(_GROUPS[group]))


_is_empty = operator.not_

_PLAIN = {
    "backbone": _is_plain,
    "initial_run_dir": _is_empty,
    "initial_weights": _is_empty,
}
_MIXED = {**_PLAIN, "clean_fraction": 0.5, "corruption_weights": _is_empty}
_TEST = {**_MIXED, "corruptions": _are("test"), "severities": (1, 2, 3, 4, 5)}
_NOISE = {**_MIXED, "corruptions": _are("deepcorrect_noise")}
_BLUR = {**_MIXED, "corruptions": _are("deepcorrect_blur")}
_QUALNET = {"method": "qualnet", "stage1_run_dir": _is_invertible}

# Recipe -> knob -> its value, or a condition on it.
_RECIPES = {
    "vanilla": {**_PLAIN, "method": "supervised", "clean_fraction": 1.0},
    "naive": {**_TEST, "method": "supervised"},
    "kd": {**_TEST, "method": "kd"},
    "fitnet": {**_TEST, "method": "fitnet"},
    "pkt": {**_TEST, "method": "pkt"},
    "vid": {**_TEST, "method": "vid"},
    "sp": {**_TEST, "method": "sp"},
    "auxtraining": {
        **_PLAIN,
        "method": "auxtraining",
        "corruptions": _are("auxtraining"),
    },
    "deepcorrect_noise": {**_NOISE, "method": "deepcorrect"},
    "deepcorrect_blur": {**_BLUR, "method": "deepcorrect"},
    "augmix": {**_PLAIN, "method": "augmix", "clean_fraction": 1.0},
    "ant": {**_PLAIN, "method": "ant", "clean_fraction": 0.5},
    "qualnet": {**_TEST, **_QUALNET},
    "qualnet_finetuned": {**_TEST, **_QUALNET, "initial_run_dir": bool},
    "qualnet_auxtraining": {
        **_MIXED,
        **_QUALNET,
        "corruptions": _are("auxtraining"),
    },
    "qualnet_deepcorrect_noise": {**_NOISE, **_QUALNET},
    "qualnet_deepcorrect_blur": {**_BLUR, **_QUALNET},
    "end_to_end": {**_TEST, "method": "encoder_decoder"},
    "two_stage": {
        **_TEST,
        "method": "qualnet",
        "stage1_run_dir": _has_trained_decoder,
    },
}

_PAPERS_SIZE = {
    "image_size": 224,
    "max_train_images": _is_empty,
    "num_epochs": _is_full_length,
    "stem": "qualnet",
    "backbone": ("resnet18", "resnet50", "resnext101_32x8d").__contains__,
}
_DATASETS = {
    "ImageNet": {**_PAPERS_SIZE, "dataset": "imagenet2012"},
    "ImageNet-200": {
        **_PAPERS_SIZE,
        "dataset": "folder",
        "class_list": _is_imagenet200,
    },
}
_NETWORKS = {
    "resnet18": "ResNet18",
    "cifar_resnet18": "ResNet18",
    "resnet50": "ResNet50",
    "resnet50_v1": "ResNet50",
    "resnext101_32x8d": "ResNeXt101-32x8d",
}


def find_row(table: PublishedTable, config: Config) -> PublishedRow | None:
    """Returns the row of the table that a run is, or None.

    Args:
        table: A table of the paper.
        config: Every knob of the run, from its config.json.

    Returns:
        On the paper's data set, the row of the run's method and network. For a
        stand-in, that row, or the first of its method where the table has no
        such network.
    """
    dataset = _papers_dataset(config)
    if dataset not in (None, table.dataset):
        return None
    rows = [
        row
        for row in table.rows
        if _fits(_RECIPES[row.recipe], config)
        and _weight_fits(row, table, config, dataset is not None)
    ]
    network = _NETWORKS.get(config.get("backbone", ""))
    own = [row for row in rows if row.network == network]
    candidates = own if dataset else own or rows
    return candidates[0] if candidates else None


def setting_of(config: Config) -> str:
    """Returns "cifar10 at 32 pixels, resnet_small"; "" if it is the paper's."""
    if _papers_dataset(config):
        return ""
    dataset = config.get("dataset", "")
    if dataset == "folder":
        folder = pathlib.PurePath(config.get("data_dir", "")).name
        dataset = f"folder {folder}".strip()
    images = config.get("max_train_images")
    parts = [
        f"{dataset} at {config.get('image_size')} pixels",
        *([f"{images:,} images"] if images else []),
        config.get("backbone", ""),
    ]
    return ", ".join(parts)


def _papers_dataset(config: Config) -> str | None:
    """Returns the paper's data set that the run is at full size on, if any."""
    for name, conditions in _DATASETS.items():
        if _fits(conditions, config):
            return name
    return None


def _weight_fits(
    row: PublishedRow, table: PublishedTable, config: Config, is_papers: bool
) -> bool:
    """Whether the quality weight is the table's.

    A stand-in may have one of its own, but that of the ablation (Table 6) is
    what tells its QualNet from the other tables'.
    """
    if _RECIPES[row.recipe]["method"] not in ("qualnet", "encoder_decoder"):
        return True
    weight = config.get("quality_weight")
    ablation = published.get(6).quality_weight
    if is_papers or table.quality_weight == ablation:
        return weight == table.quality_weight
    return weight != ablation


def _fits(conditions: Mapping[str, Any], config: Config) -> bool:
    return all(
        condition(value) if callable(condition) else value == condition
        for knob, condition in conditions.items()
        for value in [_value(config, knob)]
    )


def _value(config: Config, knob: str) -> Any:
    """JSON has lists for tuples; a knob of a later version is not there."""
    value = config.get(knob, "")
    return tuple(value) if isinstance(value, list) else value
