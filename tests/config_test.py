"""Contradicting knobs are refused with a remedy."""

import pytest

from qualnet_tf import backbones, config, knobs, methods
from qualnet_tf.corruptions import resolution
from qualnet_tf.datasets import face_conversion, face_files
from qualnet_tf.metrics import verification

QUALNET = {"method": "qualnet", "stage1_run_dir": "s"}

TAUGHT = {"method": "vid", "stage1_run_dir": "s"}


def test_defaults_are_legal_once_a_run_is_named():
    assert config.TrainConfig(run_dir="r").batch_size == 256


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"run_dir": ""}, "--run_dir is empty: name a folder"),
        (
            {"quality_weight": 0.1},
            "--quality_weight=0.1 needs a decoder: expected --stage1_run_dir",
        ),
        (
            {"quality_weight": 0.1, "stage1_run_dir": "s"},
            "--method=supervised has no decoder",
        ),
        ({"method": "qualnet"}, "--stage1_run_dir is empty"),
        ({"decay_epochs": (60, 30)}, "expected increasing epochs"),
        (
            {"decay_steps": (60, 30), "decay_epochs": ()},
            "--decay_steps=60,30: expected increasing steps",
        ),
        ({"num_steps": 9}, "--num_epochs=90 and --num_steps=9: expected one"),
        ({"num_epochs": 0}, "--num_epochs=0 and --num_steps=0: expected one"),
        (
            {"decay_steps": (9,)},
            "--decay_epochs=30,60 and --decay_steps=9: expected one of them",
        ),
        ({"method": "deepcorrect"}, "--stage1_run_dir is empty: method deepc"),
        (
            {"method": "auxtraining", "clean_fraction": 0.5},
            "--clean_fraction=0.5: expected 1 with --method=auxtraining",
        ),
        (
            {"method": "auxtraining", "clean_fraction": 1.0, "corruptions": ()},
            "--method=auxtraining needs --corruptions",
        ),
        (
            {"consistency_weight": 1.0},
            "--consistency_weight=1.0: expected --method=augmix beside it",
        ),
        (
            {"method": "augmix", "augmix_severity": 0.0},
            "--augmix_severity=0.0: expected at least 0.1",
        ),
        (
            {"method": "ant", "noise_deviation": 0.0},
            "--noise_deviation=0.0: expected at least 0.001",
        ),
        (
            {"method": "ant", "auxiliary_weight": 0.1},
            "--auxiliary_weight=0.1: expected --method=auxtraining beside it",
        ),
        (
            {
                "method": "deepcorrect",
                "stage1_run_dir": "s",
                "correction_fraction": 2.0,
            },
            "--correction_fraction=2.0: expected at most 1",
        ),
        ({"corruptions": ()}, "needs --corruptions"),
        ({"severities": ()}, "--severities is empty"),
        (
            {"severities": (6,)},
            "--severities=6: expected at most 5 with test in --corrup",
        ),
        (
            {"severities": (1, 6), "corruptions": ("deepcorrect_blur", "fog")},
            "--severities=1,6: expected at most 5 with fog in --corrupt",
        ),
        ({"severities": (0,)}, "--severities=0: expected at least 1"),
        ({"clean_fraction": 1.5}, "--clean_fraction=1.5: expected at most 1"),
        (
            {**QUALNET, "decoder_fraction": 0.0},
            "--decoder_fraction=0.0: expected more than 0",
        ),
        (
            {**QUALNET, "decoder_fraction": 1.5},
            "--decoder_fraction=1.5: expected at most 1",
        ),
        (
            {**QUALNET, "decoder_downscale": 3},
            "--decoder_downscale=3: expected a divisor of --image_size=224",
        ),
        (
            {**QUALNET, "decoder_downscale": 0},
            "--decoder_downscale=0: expected at least 1",
        ),
        (
            {"decoder_fraction": 0.25},
            "--decoder_fraction=0.25: expected --method=qualnet or "
            "encoder_decoder beside it",
        ),
        (
            {"decoder_downscale": 2},
            "--decoder_downscale=2: expected --method=qualnet beside it",
        ),
        (
            {"batch_size": 64, "recipe_batch_size": 256},
            "--batch_size=64: expected the recipe's 256, for which its "
            "learning rate is meant; --allow_batch_change trains with it at "
            "--learning_rate=0.025",
        ),
        ({"method": "kd"}, "method kd expects a finished run"),
        (
            {**TAUGHT, "quality_weight": 0.1},
            "--quality_weight=0.1: expected --method=qualnet or "
            "encoder_decoder beside it, received vid",
        ),
        (
            {**QUALNET, "distillation_weight": 0.5},
            "--distillation_weight=0.5: expected --method=kd or fitnet or pkt "
            "or vid or sp beside it, received qualnet",
        ),
        (
            {"method": "encoder_decoder", "stage1_run_dir": "s"},
            "trains its own decoder: expected no --stage1_run_dir",
        ),
        (
            {**QUALNET, "decoder_network": "irevnet_small"},
            "--decoder_network=irevnet_small: expected --method=encoder_decoder"
            " beside it",
        ),
        (
            {**TAUGHT, "temperature": 2.0},
            "--temperature=2.0: expected --method=kd beside it",
        ),
        (
            {**TAUGHT, "hint_norm": "l2"},
            "--hint_norm=l2: expected --method=fitnet beside it",
        ),
        (
            {**TAUGHT, "method": "kd", "temperature": 0.0},
            "--temperature=0.0: expected more than 0",
        ),
        (
            {**TAUGHT, "method": "kd", "distillation_weight": 1.5},
            "--distillation_weight=1.5: expected at most 1 with --method=kd",
        ),
        (
            {**TAUGHT, "distillation_weight": -1.0},
            "--distillation_weight=-1.0: expected at least 0",
        ),
        (
            {"initial_weights": "imagenet", "backbone": "resnet18"},
            "--initial_weights=imagenet: expected --backbone=resnet50 or "
            "resnet50_v1, received resnet18",
        ),
        (
            {"initial_weights": "imagenet", "initial_run_dir": "r"},
            "--initial_run_dir=r: expected one start",
        ),
        (
            {"initial_weights": "resnet50.pth"},
            "--initial_weights=resnet50.pth: expected imagenet or a file "
            "ending in .keras",
        ),
    ],
)
def test_train_config_refuses(values, message):
    with pytest.raises(ValueError, match=message):
        config.TrainConfig(**{"run_dir": "r", **values})


def test_cheaper_decoders_are_off_unless_asked_for():
    made = config.TrainConfig(run_dir="r", **QUALNET)
    assert (made.decoder_fraction, made.decoder_downscale) == (1.0, 1)
    config.TrainConfig(
        run_dir="r", **QUALNET, decoder_fraction=0.25, decoder_downscale=2
    )


@pytest.mark.parametrize("backbone", config.PRETRAINED_BACKBONES)
@pytest.mark.parametrize("weights", ["imagenet", "a.keras", "a.weights.h5"])
def test_initial_weights_fit_these_backbones(backbone, weights):
    made = config.TrainConfig(
        run_dir="r", backbone=backbone, initial_weights=weights
    )
    assert made.backbone in backbones.names()


def test_dry_run_needs_no_folder():
    assert config.TrainConfig(dry_run=True).run_dir == ""


@pytest.mark.parametrize(
    ("config_class", "message"),
    [
        (config.EvaluateConfig, "--run_dir is empty"),
        (config.ReportConfig, "--run_dir is empty"),
        (config.ExportConfig, "--run_dir is empty"),
        (config.PredictConfig, "expected exactly one of --run_dir and --exp"),
        (config.CorruptConfig, "--input_dir is empty"),
        (config.EvaluateFacesConfig, "--run_dir is empty"),
        (config.ConvertFacesConfig, "--data_dir is empty"),
        (config.AlignFacesConfig, "--input_dir is empty"),
    ],
)
def test_programs_say_what_they_need(config_class, message):
    with pytest.raises(ValueError, match=message):
        config_class()


def test_every_knob_has_help():
    for config_class in knobs.Config.__subclasses__():
        for name, field in config_class.__dataclass_fields__.items():
            assert field.metadata.get("help"), (config_class, name)


def test_choices_about_faces_are_those_of_the_rooms():
    """Config imports nothing of ours, so it names them a second time."""
    knob_choices = {
        name: field.metadata["choices"]
        for name, field in (
            config.EvaluateFacesConfig.__dataclass_fields__.items()
        )
    }
    assert knob_choices["interpolation"] == resolution.INTERPOLATIONS
    assert knob_choices["flip"] == verification.FLIPS
    assert knob_choices["conventions"] == verification.CONVENTIONS
    formats = config.ConvertFacesConfig.__dataclass_fields__["format"]
    assert formats.metadata["choices"][:3] == face_conversion.FORMATS
    kinds = config.ConvertFacesConfig.__dataclass_fields__["dataset"]
    assert kinds.metadata["choices"] == face_files.KINDS


def test_methods_that_need_a_stage1_run_are_registered():
    others = {"supervised", "encoder_decoder", "augmix", "ant", "auxtraining"}
    assert set(config.STAGE1_METHODS) == set(methods.names()) - others
