"""Parameters and multiply-adds: by hand, and as published."""

import importlib.util
import os
import pathlib
import subprocess
import sys

import keras
import pytest

from qualnet_tf import backbones
from qualnet_tf.backbones.grouped_conv import GroupedConv2D
from qualnet_tf.models.classifier import build_classifier
from qualnet_tf.models.connector import build_connector
from qualnet_tf.models.cost import multiply_adds, parameter_counts

ROOT = pathlib.Path(__file__).parent.parent.parent

# name: (parameters, multiply-adds at 224) with 1000 classes, as printed in the
# documentation of torchvision's networks. Its ResNet50 has its strides where
# ours has them; that of He et al., "Deep Residual Learning for Image
# Recognition" (CVPR 2016), Table 1, where resnet50_v1 has them.
PUBLISHED = {
    "resnet18": (11_689_512, 1.814e9),
    "resnet50": (25_557_032, 4.089e9),
    "resnet50_v1": (25_557_032, 3.8e9),
    "resnext101_32x8d": (88_791_336, 16.414e9),
}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.slow if "x" in name else ())
        for name in PUBLISHED
    ],
)
def test_published_costs(name):
    parameters, operations = PUBLISHED[name]
    backbone = backbones.get(name)(224, stem="original")
    model = build_classifier(backbone, 224, 1000)
    assert parameter_counts(model).trainable == parameters
    # Table 1 rounds to two digits.
    tolerance = 0.02 if name == "resnet50_v1" else 0.001
    assert multiply_adds(model) == pytest.approx(operations, rel=tolerance)


def test_face_network_and_its_head():
    """LResNet50A-IR: 6.3 billion at 112, as its unit's convolutions say."""
    backbone = backbones.get("lresnet50a_ir")(112)
    model = build_classifier(backbone, 112, 10_572, cosine_scale=30.0)
    head = parameter_counts(model.layers[2]).trainable
    assert head == 512 * 10_572 + 3 * 512
    stem = 112 * 112 * 27 * 64
    expected, side, width = stem, 112, 64
    for units, wide in ((3, 64), (4, 128), (14, 256), (3, 512)):
        for unit in range(units):
            expected += side**2 * 9 * width * wide
            side //= 2 if unit == 0 else 1
            expected += side**2 * 9 * wide * wide
            expected += side**2 * width * wide * (unit == 0)
            width = wide
    assert multiply_adds(model) == expected + 512 * 10_572
    assert parameter_counts(model).trainable == 30_744_768 + 512 * 10_572


def test_connector_of_the_paper():
    connector = build_connector((7, 7, 512), (7, 7, 3072))
    kernel = 3 * 3 * 512 * 3072
    assert parameter_counts(connector) == (kernel + 3072, 0)
    assert multiply_adds(connector) == 7 * 7 * kernel


@pytest.mark.parametrize(
    ("layer", "shape", "expected"),
    [
        (keras.layers.Conv2D(5, 3), (8, 7, 4), 6 * 5 * (3 * 3 * 4) * 5),
        (
            keras.layers.Conv2D(6, 3, strides=2, padding="same", groups=2),
            (8, 7, 4),
            4 * 4 * (3 * 3 * 2) * 6,
        ),
        (
            GroupedConv2D(6, 3, 2, strides=2, padding="same"),
            (8, 7, 4),
            4 * 4 * (3 * 3 * 2) * 6,
        ),
        (keras.layers.Dense(3), (8,), 8 * 3),
        (keras.layers.Dense(3), (5, 8), 5 * 8 * 3),
        (keras.layers.BatchNormalization(), (8, 8, 4), 0),
        (keras.layers.MaxPooling2D(2), (8, 8, 4), 0),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_layers_by_hand(layer, shape, expected):
    inputs = keras.Input(shape)
    assert multiply_adds(keras.Model(inputs, layer(inputs))) == expected


def test_channels_first_convolution_is_counted_on_its_grid():
    inputs = keras.Input((4, 8, 7))
    layer = keras.layers.Conv2D(2, 3, data_format="channels_first")
    model = keras.Model(inputs, layer(inputs))
    assert model.output_shape == (None, 2, 6, 5)
    assert multiply_adds(model) == 6 * 5 * (3 * 3 * 4) * 2


class _Asked(keras.layers.Layer):
    """A layer that knows its own cost."""

    def build(self, input_shape):
        self.scale = self.add_weight(shape=(input_shape[-1],))

    def call(self, inputs):
        return inputs * self.scale

    def multiply_adds(self, input_shape):
        return 1000 * input_shape[-1]


class _Silent(_Asked):
    multiply_adds = None


def test_layers_with_the_method_are_asked():
    model = keras.Sequential([keras.Input((8, 8, 4)), _Asked()])
    assert multiply_adds(model) == 4000


def test_layers_called_twice_count_twice_and_only_in_their_model():
    layer = keras.layers.Conv2D(4, 1)
    inputs = keras.Input((8, 8, 4))
    pooled = keras.layers.MaxPooling2D(2)(layer(inputs))
    twice = keras.Model(inputs, layer(pooled))
    inputs = keras.Input((2, 2, 4))
    once = keras.Model(inputs, layer(inputs))
    assert multiply_adds(twice) == (8 * 8 + 4 * 4) * 4 * 4
    assert multiply_adds(once) == 2 * 2 * 4 * 4


def test_models_inside_models_are_counted_where_they_are_called():
    inner = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
    inputs = keras.Input((4,))
    outer = keras.Model(inputs, inner(inner(inputs)))
    assert multiply_adds(outer) == 2 * 16


def test_frozen_weights_and_statistics_are_not_trainable():
    model = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(3),
            keras.layers.BatchNormalization(),
        ]
    )
    assert parameter_counts(model) == (4 * 3 + 3 + 2 * 3, 2 * 3)
    model.layers[0].trainable = False
    assert parameter_counts(model) == (2 * 3, 2 * 3 + 4 * 3 + 3)


def test_refuses_unknown_layers_with_weights():
    model = keras.Sequential(
        [keras.Input((8, 8, 4)), keras.layers.DepthwiseConv2D(3, name="d")]
    )
    with pytest.raises(
        ValueError, match="layer 'd': .* received a DepthwiseConv2D; give it"
    ):
        multiply_adds(model)


@pytest.mark.parametrize(
    "layer", [keras.layers.Conv2D(2, 3), GroupedConv2D(2, 3, 2)]
)
def test_refuses_open_sizes(layer):
    model = keras.Sequential([keras.Input((None, 8, 4)), layer])
    with pytest.raises(ValueError, match="known size, .*; build the model for"):
        multiply_adds(model)


def test_refuses_models_without_a_graph():
    class Subclassed(keras.Model):
        def call(self, inputs):
            return inputs

    with pytest.raises(ValueError, match="expected a functional or sequential"):
        multiply_adds(Subclassed())


_JAX_PROGRAM = """
import keras
from qualnet_tf import backbones
from qualnet_tf.models.classifier import build_classifier
from qualnet_tf.models.cost import multiply_adds, parameter_counts
assert keras.backend.backend() == "jax"
model = build_classifier(backbones.get("resnet_tiny")(16), 16, 5)
print(multiply_adds(model), *parameter_counts(model))
"""


@pytest.mark.slow
@pytest.mark.skipif(
    importlib.util.find_spec("jax") is None, reason="JAX is not installed"
)
def test_counts_agree_on_the_jax_backend():
    model = build_classifier(backbones.get("resnet_tiny")(16), 16, 5)
    done = subprocess.run(
        [sys.executable, "-c", _JAX_PROGRAM],
        cwd=ROOT,
        env={
            **os.environ,
            "KERAS_BACKEND": "jax",
            "JAX_PLATFORMS": "cpu",
            # Optimised code for each random kernel takes a second to compile.
            "XLA_FLAGS": "--xla_backend_optimization_level=0",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    expected = [multiply_adds(model), *parameter_counts(model)]
    assert [int(word) for word in done.stdout.split()] == expected
