"""Every network name builds into a trainable method."""

import numpy as np
import pytest

from qualnet_tf import invertible
from qualnet_tf.config import TrainConfig
from qualnet_tf.models import saving
from qualnet_tf.models.classifier import build_classifier
from qualnet_tf.training import build

SIZE_OF = {"resnet_tiny": 16, "irevnet_tiny": 16, "resnet_small": 32}


def config(**values):
    return TrainConfig(**{"run_dir": "unused", **values})


@pytest.mark.parametrize("name", SIZE_OF)
def test_network_is_built_at_its_size(name):
    made = config(backbone=name, image_size=SIZE_OF[name])
    classifier = build.build_network(made, 7)
    assert classifier.input_shape == (None, SIZE_OF[name], SIZE_OF[name], 3)
    assert classifier.output_shape == (None, 7)


def test_invertible_networks_get_the_normalised_head():
    made = config(backbone="irevnet_tiny", image_size=16)
    head = build.build_network(made, 3).layers[2]
    assert [layer.name for layer in head.layers][1:3] == ["norm", "relu"]


def test_stem_reaches_backbones_that_have_one():
    outputs = {
        stem: build.build_network(
            config(backbone="resnet18", image_size=32, stem=stem), 3
        )
        .layers[1]
        .name
        for stem in ("qualnet", "original")
    }
    assert set(outputs.values()) == {"resnet18"}
    pools = {
        stem: any(
            "pool" in layer.name
            for layer in build.build_network(
                config(backbone="resnet18", image_size=32, stem=stem), 3
            )
            .layers[1]
            .layers
        )
        for stem in ("qualnet", "original")
    }
    assert pools == {"qualnet": False, "original": True}


def test_initial_weights_reach_the_backbone(monkeypatch):
    calls = []
    monkeypatch.setattr(
        build.pretrained, "initialize", lambda *given: calls.append(given)
    )
    values = {"backbone": "resnet50", "image_size": 32}
    build.build_network(config(**values), 3)
    assert calls == []
    made = config(**values, initial_weights="a.weights.h5")
    classifier = build.build_network(made, 3)
    assert calls == [(classifier.layers[1], "a.weights.h5")]


def test_cheaper_decoder_reaches_the_method(tmp_path):
    path = tmp_path / "stage1.keras"
    network = invertible.get("irevnet_tiny")()
    saving.save_model(
        build_classifier(network, 16, 3, normalized_head=True), path
    )
    made = config(
        method="qualnet",
        backbone="resnet_small",
        image_size=32,
        stage1_run_dir="unused",
        decoder_fraction=0.25,
        decoder_downscale=2,
        memory_saving=True,
    )
    method = build.build_method(made, 3, path)
    assert method.decoder_fraction == 0.25
    assert method.decoder.downscale == 2
    assert method.decoder.network.memory_saving
    assert method.connector.output.shape == (None, 4, 4, 48)
    build.compile_method(method, made, steps_per_epoch=1)
    image = np.random.default_rng(0).random((4, 32, 32, 3), dtype=np.float32)
    batch = {
        "image": image,
        "clean_image": image,
        "label": np.array([0, 1, 2, 0]),
    }
    logs = method.train_on_batch(batch, return_dict=True)
    assert np.isfinite(logs["quality_loss"])


def test_schedule_is_counted_in_steps_of_an_epoch():
    made = config(
        backbone="resnet_tiny",
        image_size=16,
        decay_epochs=(2, 3),
        warmup_epochs=0.5,
        learning_rate=0.2,
    )
    method = build.build_method(made, 3)
    build.compile_method(method, made, steps_per_epoch=10)
    optimizer = method.optimizer.get_config()
    schedule = optimizer["learning_rate"]["config"]
    assert list(schedule["boundaries"]) == [20, 30]
    assert schedule["warmup_steps"] == 5
    assert schedule["peak"] == 0.2
    assert optimizer["kernel_decay"] == made.weight_decay


def test_memory_saving_rolls_the_invertible_network():
    plain = build.build_network(
        config(backbone="irevnet_tiny", image_size=16), 3
    ).layers[1]
    small = build.build_network(
        config(backbone="irevnet_tiny", image_size=16, memory_saving=True), 3
    ).layers[1]
    assert small.memory_saving and not plain.memory_saving
    names = [layer.name for layer in small.layers]
    assert "stage1_block02_to_block03" in names


def test_memory_saving_without_an_invertible_network_is_refused():
    made = config(backbone="resnet_tiny", image_size=16, memory_saving=True)
    with pytest.raises(
        ValueError, match="--memory_saving with --backbone=resnet_tiny and"
    ):
        build.build_method(made, 3)


@pytest.mark.parametrize(
    ("backend", "asked", "expected"),
    [
        ("tensorflow", False, False),
        ("tensorflow", True, True),
        ("jax", False, True),
    ],
)
def test_jax_never_runs_operation_by_operation(
    backend, asked, expected, monkeypatch
):
    made = config(backbone="resnet_tiny", image_size=16, jit_compile=asked)
    method = build.build_method(made, 3)
    given = {}
    monkeypatch.setattr(
        method, "compile", lambda **values: given.update(values)
    )
    monkeypatch.setattr(build.keras.backend, "backend", lambda: backend)
    build.compile_method(method, made, steps_per_epoch=1)
    assert given["jit_compile"] == expected


def test_margin_reaches_the_method_and_its_scale_the_head():
    made = config(
        backbone="lresnet_ir_tiny",
        image_size=16,
        margin_loss="arcface",
        logit_scale=64.0,
    )
    method = build.build_method(made, 5)
    assert (method.margin.name, method.margin.margin) == ("arcface", 0.5)
    assert method.margin.scale == 64.0
    assert method.head.get_layer("logits").scale == 64.0
    plain = build.build_method(
        config(backbone="lresnet_ir_tiny", image_size=16), 5
    )
    assert plain.margin is None


def test_a_face_network_survives_a_file(tmp_path):
    made = config(
        backbone="lresnet_ir_tiny", image_size=16, margin_loss="cosface"
    )
    network = build.build_network(made, 5)
    saving.save_model(network, tmp_path / "classifier.keras")
    loaded = saving.load_model(tmp_path / "classifier.keras")
    x = np.random.default_rng(0).random((2, 16, 16, 3), "float32")
    np.testing.assert_array_equal(loaded(x), network(x))


def test_margin_on_an_invertible_network_is_refused():
    made = config(backbone="irevnet_tiny", image_size=16, margin_loss="cosface")
    with pytest.raises(ValueError, match="received an invertible network"):
        build.build_network(made, 5)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"margin": 0.3}, "--margin=0.3: expected --margin_loss beside it"),
        ({"logit_scale": 64.0}, "--logit_scale=64.0: expected --margin_loss"),
        (
            {"margin_loss": "cosface", "method": "augmix"},
            "expected --method=supervised or qualnet or encoder_decoder",
        ),
    ],
)
def test_a_margin_that_is_not_used_is_refused(values, message):
    with pytest.raises(ValueError, match=message):
        config(**values)
