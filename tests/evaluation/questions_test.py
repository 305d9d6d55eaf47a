"""A protocol names all that answers depend on, and nothing else."""

import dataclasses

import pytest

from qualnet_tf.config import EvaluateConfig
from qualnet_tf.datasets.imagenet_classes import imagenet_classes
from qualnet_tf.evaluation import questions
from qualnet_tf.evaluation.candidates import Candidate, TestData
from qualnet_tf.run_dir import RunDir

DATA = TestData(
    dataset="digits",
    data_dir="",
    class_list="",
    validation_fraction=0.1,
    skip_bad_files=False,
    severity_table="auto",
    corruption_variant="imagenet_c",
    frost_textures="procedural",
)
CANDIDATE = Candidate(
    run=RunDir("runs/one"),
    data=DATA,
    method="supervised",
    architecture="resnet18",
    image_size=224,
    fingerprint="abc",
    open=None,
    is_run=True,
)


def _protocol(candidate=CANDIDATE, num_images=100, **values):
    config = EvaluateConfig(run_dir=("one",), **values)
    options = questions.settled_options(
        config, candidate.data, candidate.image_size
    )
    return questions.protocol(config, candidate, options, num_images)


@pytest.mark.parametrize(
    "values",
    [
        {"seed": 1},
        {"imagenet_c_jpeg": "off"},
        {"stored_size": 256},
        {"corrupted_set": "imagenet-c"},
        {"num_images": 7},
    ],
    ids=lambda values: next(iter(values)),
)
def test_another_question_is_another_protocol(values):
    assert _protocol(**values) != _protocol()


@pytest.mark.parametrize(
    "changes",
    [
        {"fingerprint": "other"},
        {"image_size": 299},
        {"data": dataclasses.replace(DATA, data_dir="elsewhere")},
        {"data": dataclasses.replace(DATA, severity_table="cifar_c")},
        {"adaptation": "batch_norm"},
        {"is_run": False},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_another_candidate_is_another_protocol(changes):
    other = dataclasses.replace(CANDIDATE, **changes)
    assert _protocol(other) != _protocol()


def test_conditions_and_batches_do_not_matter():
    others = {
        "corruptions": ("fog",),
        "severities": (2,),
        "batch_size": 7,
        "num_pictures": 3,
        "adapt_batch_norm": True,
    }
    assert _protocol(**others) == _protocol()
    # Statistics of a batch depend on its length.
    adapted = dataclasses.replace(CANDIDATE, adaptation="batch_norm")
    assert _protocol(adapted, batch_size=7) != _protocol(adapted)
    # The seed of corruptions says nothing of stored ones.
    stored = {"corrupted_set": "imagenet-c"}
    assert _protocol(**stored, seed=3) == _protocol(**stored)


def test_the_table_is_that_of_the_side_at_which_images_are_corrupted():
    config = EvaluateConfig(run_dir=("one",), stored_size=32)
    found = questions.settled_options(config, DATA, 224)
    assert (found.severity_table, found.imagenet_c_jpeg) == ("cifar_c", False)
    config = EvaluateConfig(run_dir=("one",))
    found = questions.settled_options(config, DATA, 224)
    assert (found.severity_table, found.imagenet_c_jpeg) == ("imagenet_c", True)


def test_a_folder_of_imagenets_classes_is_imagenet():
    folder = dataclasses.replace(DATA, dataset="folder")
    names = imagenet_classes()
    assert questions.dataset_name(folder, names) == "imagenet"
    assert questions.dataset_name(folder, names[:200]) == "folder"
    assert questions.dataset_name(DATA, "0123456789") == "digits"


def test_those_who_see_the_same_are_grouped():
    other_data = dataclasses.replace(
        CANDIDATE, data=dataclasses.replace(DATA, dataset="synthetic")
    )
    other_side = dataclasses.replace(CANDIDATE, image_size=64)
    adapted = dataclasses.replace(CANDIDATE, adaptation="batch_norm")
    groups = questions.group_candidates(
        [CANDIDATE, other_data, adapted, other_side]
    )
    assert groups == [[CANDIDATE, adapted], [other_data], [other_side]]
