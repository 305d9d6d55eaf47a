"""The ablation in one stage and in two, through configurations."""

import numpy as np
import pytest

from qualnet_tf.config import InspectConfig
from qualnet_tf.evaluation import inspection
from qualnet_tf.models.decoders import load_decoder
from qualnet_tf.models.saving import load_model
from tests.training.tiny_runs import train

ONE_EPOCH = {"num_epochs": 1, "decay_epochs": ()}
ENCODER_DECODER = {
    "method": "encoder_decoder",
    "decoder_network": "irevnet_tiny",
    "quality_weight": 0.5,
    "learning_rate": 0.01,
    **ONE_EPOCH,
}


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "saving"])
def run(request, tmp_path_factory):
    root = tmp_path_factory.mktemp("runs")
    return train(root / "first", memory_saving=request.param, **ENCODER_DECODER)


def test_classifier_is_the_plain_backbone(run, tmp_path):
    plain = train(tmp_path / "plain", **ONE_EPOCH)
    paths, expected = (
        sorted(weight.path for weight in load_model(each.classifier).weights)
        for each in (run, plain)
    )
    assert paths == expected


def test_its_decoder_is_the_second_stages(run, tmp_path):
    first = load_decoder(run.decoder, 16, 10)
    assert not first.trainable_weights
    assert (
        run.find_stage1_network() == run.decoder == run.find_decoding_network()
    )
    second = train(
        tmp_path / "second",
        method="qualnet",
        stage1_run_dir=str(run.path),
        quality_weight=0.5,
        **ONE_EPOCH,
    )
    assert not second.decoder.is_file()
    frozen = load_decoder(second.find_decoding_network(), 16, 10)
    features = np.random.default_rng(0).normal(size=(2, 4, 4, 48))
    features = features.astype("float32")
    np.testing.assert_array_equal(frozen(features), first(features))
    moved = [
        np.asarray(weight)
        for weight in first.weights
        if "moving_mean" in weight.path
    ]
    # Trained in the direction that it decodes in.
    assert all(np.abs(mean).max() > 0 for mean in moved)


def test_a_run_goes_on_with_its_decoder(run):
    """The checkpoint holds the decoder: a restart ends with equal weights."""
    before = load_model(run.decoder).get_weights()
    info = run.run_info.read_text()
    run.run_info.write_text(info.replace('"finished"', '"training"'))
    run.decoder.unlink()
    saving = "true" in run.flags.read_text().split("--memory_saving=")[1][:5]
    train(run.path, memory_saving=saving, **ENCODER_DECODER)
    for old, new in zip(
        before, load_model(run.decoder).get_weights(), strict=True
    ):
        np.testing.assert_array_equal(old, new)


def test_inspection_finds_the_decoder(run):
    found = inspection.inspect_run(
        InspectConfig(run_dir=str(run.path), num_images=2)
    )
    assert [part.name for part in found.parts][2:] == ["connector", "decoder"]
    assert found.inversion is not None


def test_a_size_that_does_not_divide_is_refused(tmp_path):
    with pytest.raises(ValueError, match="divisible"):
        train(tmp_path / "run", **{**ENCODER_DECODER, "image_size": 18})
    assert not (tmp_path / "run").exists()
