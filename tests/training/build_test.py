"""Every network name builds into a trainable method."""

import pytest

from qualnet_tf.config import TrainConfig
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
