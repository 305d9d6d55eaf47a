"""Every shipped flagfile is recognised as the rows that its header names."""

import dataclasses
import json
import pathlib
import re

import pytest

from qualnet_tf import corruptions, invertible
from qualnet_tf.config import TrainConfig
from qualnet_tf.reports import published
from qualnet_tf.reports.paper_rows import find_row, setting_of

CONFIGS = pathlib.Path(__file__).parents[2] / "configs"
PAPERS = ("imagenet", "imagenet200")
FLAGFILES = [
    path
    for folder in (*PAPERS, "cifar10")
    for path in sorted((CONFIGS / folder).glob("*.flags"))
]
# Headers that name a table, of runs that only prepare or accompany its rows.
PREPARES = re.compile(
    r"^stage 1|, stage 1|, first (of|stage)|is fine-tuned from:|^beside"
)
# At CIFAR's scale these headers name the method alone.
BY_METHOD = {
    "qualnet18": {2},
    "resnet18_naive": {1, 2, 6},
    "resnet18_vanilla": {2},
}

ROWS = {
    "imagenet/qualnet18": {(2, "QualNet18")},
    "imagenet/qualnet18_auxtraining": {
        (1, "QualNet18, corruptions of AuxTraining")
    },
    "imagenet/qualnet18_deepcorrect_blur": {
        (1, "QualNet18, blur of DeepCorrect")
    },
    "imagenet/qualnet18_deepcorrect_noise": {
        (1, "QualNet18, noise of DeepCorrect")
    },
    "imagenet/qualnet18_finetuned": {(2, "QualNet18*")},
    "imagenet/qualnet50": {(2, "QualNet50")},
    "imagenet/qualnet50_finetuned": {(2, "QualNet50*")},
    "imagenet/qualnext101": {(2, "QualNeXt101")},
    "imagenet/resnet18_auxtraining": {(1, "ResNet18, AuxTraining")},
    "imagenet/resnet18_deepcorrect_blur": {(1, "ResNet18, DeepCorrect, blur")},
    "imagenet/resnet18_deepcorrect_noise": {
        (1, "ResNet18, DeepCorrect, noise")
    },
    "imagenet/resnet18_naive": {(2, "ResNet18, naive augmentation")},
    "imagenet/resnet18_vanilla": {(2, "ResNet18, vanilla")},
    "imagenet/resnet50_ant": {(3, "ResNet50, ANT 3x3")},
    "imagenet/resnet50_augmix": {(3, "ResNet50, AugMix")},
    "imagenet/resnet50_fitnet": {(1, "ResNet50, FitNet")},
    "imagenet/resnet50_kd": {(1, "ResNet50, Original KD")},
    "imagenet/resnet50_naive": {
        (1, "ResNet50, naive augmentation"),
        (2, "ResNet50, naive augmentation"),
    },
    "imagenet/resnet50_pkt": {(1, "ResNet50, PKT")},
    "imagenet/resnet50_sp": {(1, "ResNet50, SP")},
    "imagenet/resnet50_vanilla": {(2, "ResNet50, vanilla")},
    "imagenet/resnet50_vid": {(1, "ResNet50, VID")},
    "imagenet/resnext101_naive": {(2, "ResNeXt101, naive augmentation")},
    "imagenet/resnext101_vanilla": {(2, "ResNeXt101, vanilla")},
    "imagenet200/encoder_decoder50": {(6, "decoder trained end to end")},
    "imagenet200/qualnet50": {(6, "invertible decoder (QualNet50)")},
    "imagenet200/resnet50_naive": {(6, "naive augmentation, no decoder")},
    "imagenet200/two_stage50": {(6, "decoder in two stages, not invertible")},
    "cifar10/encoder_decoder18": {(6, "decoder trained end to end")},
    "cifar10/qualnet18": {(2, "QualNet18")},
    "cifar10/qualnet18_ablation": {(6, "invertible decoder (QualNet50)")},
    "cifar10/qualnet18_finetuned": {(2, "QualNet18*")},
    "cifar10/resnet18_ant": {(3, "ResNet50, ANT 3x3")},
    "cifar10/resnet18_augmix": {(3, "ResNet50, AugMix")},
    "cifar10/resnet18_auxtraining": {(1, "ResNet18, AuxTraining")},
    "cifar10/resnet18_deepcorrect_blur": {(1, "ResNet18, DeepCorrect, blur")},
    "cifar10/resnet18_deepcorrect_noise": {(1, "ResNet18, DeepCorrect, noise")},
    "cifar10/resnet18_fitnet": {(1, "ResNet50, FitNet")},
    "cifar10/resnet18_kd": {(1, "ResNet50, Original KD")},
    "cifar10/resnet18_naive": {
        (1, "ResNet50, naive augmentation"),
        (2, "ResNet18, naive augmentation"),
        (6, "naive augmentation, no decoder"),
    },
    "cifar10/resnet18_pkt": {(1, "ResNet50, PKT")},
    "cifar10/resnet18_sp": {(1, "ResNet50, SP")},
    "cifar10/resnet18_vanilla": {(2, "ResNet18, vanilla")},
    "cifar10/resnet18_vid": {(1, "ResNet50, VID")},
    "cifar10/two_stage18": {(6, "decoder in two stages, not invertible")},
}


def _name(path):
    return f"{path.parent.name}/{path.stem}"


def _config(path):
    """What config.json holds of a run of this flagfile."""
    given = dict(
        line[2:].split("=", 1)
        for line in path.read_text().splitlines()
        if line.startswith("--")
    )
    values = {
        field.name: _value(field, given[field.name])
        for field in dataclasses.fields(TrainConfig)
        if field.name in given
    }
    # Programs write out the members of groups.
    values["corruptions"] = corruptions.expand(values["corruptions"])
    return json.loads(TrainConfig(**values).to_json())


def _value(field, text):
    if isinstance(field.default, bool):
        return text == "true"
    if isinstance(field.default, tuple):
        kind = int if "int" in str(field.type) else str
        return tuple(kind(item) for item in text.split(","))
    return type(field.default)(text)


def _found(config):
    rows = [find_row(table, config) for table in published.TABLES.values()]
    return [row for row in rows if row]


def _names(config):
    return {(row.table, row.name) for row in _found(config)}


def _header(path, name):
    (line,) = re.findall(rf"^# {name}: (.*)$", path.read_text(), re.MULTILINE)
    return line


def test_expected_rows_are_of_shipped_flagfiles():
    assert set(ROWS) <= {_name(path) for path in FLAGFILES}


@pytest.mark.parametrize("path", FLAGFILES, ids=_name)
def test_a_flagfile_is_its_rows_and_no_other(path):
    assert _names(_config(path)) == ROWS.get(_name(path), set())


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("vanilla", {"ResNet18, vanilla"}),
        ("naive", {"ResNet18, naive augmentation"}),
        ("qualnet", {"QualNet18"}),
        ("stage1", set()),
    ],
)
def test_the_quickstart_stands_in_for_the_main_table(name, rows):
    config = _config(CONFIGS / f"quickstart/{name}.flags")
    assert {row for table, row in _names(config) if table == 2} == rows


@pytest.mark.parametrize("path", FLAGFILES, ids=_name)
def test_its_tables_are_those_of_its_header(path):
    header = _header(path, "paper")
    named = {
        int(digit)
        for numbers in re.findall(r"Tables? ([\d, and]+)", header)
        for digit in re.findall(r"\d", numbers)
    }
    if PREPARES.search(header):
        named = set()
    elif path.parent.name == "cifar10":
        named = BY_METHOD.get(path.stem, named)
    assert {row.table for row in _found(_config(path))} == named


@pytest.mark.parametrize(
    "path", [p for p in FLAGFILES if p.parent.name in PAPERS], ids=_name
)
def test_its_published_numbers_are_those_of_its_header(path):
    header = _header(path, "published")
    numbers = re.match(
        r"clean (\S+) %, (?:mCE|corruption accuracy) ([\d.]+)", header
    )
    for row in _found(_config(path)):
        expected = numbers.groups() if numbers else (None, None)
        assert (row.clean_accuracy, row.number) == expected


def test_every_row_has_a_flagfile_of_the_papers_data():
    found = [
        (row.table, row.name)
        for path in FLAGFILES
        if path.parent.name in PAPERS
        for row in _found(_config(path))
    ]
    rows = [
        (row.table, row.name)
        for table in published.TABLES.values()
        for row in table.rows
    ]
    assert sorted(found) == sorted(rows)


@pytest.mark.parametrize("path", FLAGFILES, ids=_name)
def test_only_the_papers_data_has_the_papers_setting(path):
    setting = setting_of(_config(path))
    if path.parent.name in PAPERS and "irevnet" not in path.stem:
        assert setting == ""
    elif path.parent.name == "cifar10":
        assert setting.startswith("cifar10 at 32 pixels, ")


@pytest.mark.parametrize("backbone", invertible.names())
def test_stage_1_is_not_the_vanilla_network(backbone):
    config = _config(CONFIGS / "cifar10/resnet18_vanilla.flags")
    assert _names(config | {"backbone": backbone}) == set()


NAIVE = _config(CONFIGS / "imagenet/resnet50_naive.flags")
QUALNET = _config(CONFIGS / "imagenet/qualnet50.flags")
QUICKSTART = _config(CONFIGS / "quickstart/qualnet.flags")


@pytest.mark.parametrize(
    "change",
    [
        {"clean_fraction": 0.3},
        {"corruptions": ["all"]},
        {"severities": [1]},
        {"corruption_weights": ["noise:2"]},
        {"initial_weights": "imagenet"},
        {"initial_run_dir": "runs/vanilla"},
        {"method": "another"},
    ],
    ids=str,
)
def test_another_recipe_is_no_row(change):
    assert len(_found(NAIVE)) == 2
    assert _found(NAIVE | change) == []


@pytest.mark.parametrize(
    ("change", "setting"),
    [
        ({"image_size": 112}, "imagenet2012 at 112 pixels, resnet50"),
        (
            {"max_train_images": 50000},
            "imagenet2012 at 224 pixels, 50,000 images, resnet50",
        ),
        ({"num_epochs": 5}, "imagenet2012 at 224 pixels, resnet50"),
        ({"stem": "original"}, "imagenet2012 at 224 pixels, resnet50"),
        (
            {"backbone": "resnet50_v1"},
            "imagenet2012 at 224 pixels, resnet50_v1",
        ),
        (
            {"dataset": "folder", "data_dir": "/data/birds"},
            "folder birds at 224 pixels, resnet50",
        ),
        (
            {"dataset": "folder", "class_list": "mine/classes.txt"},
            "folder at 224 pixels, resnet50",
        ),
    ],
    ids=str,
)
def test_a_stand_in_is_labelled_and_fills_rows_by_method(change, setting):
    assert setting_of(NAIVE | change) == setting
    assert _names(NAIVE | change) == {
        (1, "ResNet50, naive augmentation"),
        (2, "ResNet50, naive augmentation"),
        (6, "naive augmentation, no decoder"),
    }


def test_a_network_of_no_row_fills_the_first_of_its_method():
    assert _names(QUICKSTART) == {(2, "QualNet18")}
    assert (
        setting_of(QUICKSTART) == "digits at 32 pixels, 64 images, resnet_small"
    )


def test_the_quality_weight_tells_the_ablation_from_the_rest():
    ablation = {(6, "invertible decoder (QualNet50)")}
    assert _names(QUICKSTART | {"quality_weight": 0.6}) == ablation
    # On the paper's data only its own weight is its row.
    assert _names(QUALNET) == {(2, "QualNet50")}
    assert _names(QUALNET | {"quality_weight": 0.3}) == set()
    own = _config(CONFIGS / "imagenet200/qualnet50.flags")
    assert _names(own | {"quality_weight": 0.1}) == set()


def test_two_stages_are_not_qualnet_at_any_weight():
    two_stage = _config(CONFIGS / "cifar10/two_stage18.flags")
    assert _names(two_stage | {"quality_weight": 0.1}) == set()


@pytest.mark.parametrize(
    ("name", "change"),
    [
        # Half of the images would have the 15 test corruptions.
        ("resnet18_augmix", {"clean_fraction": 0.5}),
        # No image would have noise.
        ("resnet18_ant", {"clean_fraction": 1.0}),
        ("resnet18_auxtraining", {"corruptions": ["test"]}),
    ],
)
def test_methods_with_images_of_their_own_on_others(name, change):
    assert _names(_config(CONFIGS / f"cifar10/{name}.flags") | change) == set()


def test_another_place_of_the_class_list_is_still_imagenet200():
    own = _config(CONFIGS / "imagenet200/qualnet50.flags")
    moved = own | {"class_list": "/code/configs/imagenet200/classes.txt"}
    assert setting_of(moved) == ""


def test_an_empty_configuration_is_no_row():
    assert _found({}) == []
