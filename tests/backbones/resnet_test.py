"""Every named backbone keeps the room's contract; published sizes hold."""

import math

import keras
import numpy as np
import pytest

from qualnet_tf import backbones, invertible

# name: (image size in the tests, grid at that size, features)
MEMBERS = {
    "resnet18": (64, 2, 512),
    "resnet50": (64, 2, 2048),
    "resnet50_v1": (64, 2, 2048),
    "resnext101_32x8d": (64, 2, 2048),
    "cifar_resnet18": (32, 4, 512),
    "resnet_small": (32, 4, 128),
    "resnet_tiny": (16, 4, 16),
    "lresnet50a_ir": (32, 2, 512),
    "lresnet_ir_small": (32, 2, 128),
    "lresnet_ir_tiny": (16, 4, 16),
}
SLOW = ("resnet50", "resnet50_v1", "resnext101_32x8d", "lresnet50a_ir")
CASES = [
    pytest.param(name, marks=pytest.mark.slow if name in SLOW else ())
    for name in MEMBERS
]


def _images(size, batch=2):
    generator = np.random.default_rng(0)
    return generator.uniform(size=(batch, size, size, 3)).astype("float32")


def _trainable_parameters(model):
    return sum(math.prod(v.shape) for v in model.trainable_variables)


def _with_head(model, num_classes):
    """Parameters with a linear classifier on the pooled features."""
    features = model.output_shape[-1]
    return _trainable_parameters(model) + (features + 1) * num_classes


def test_every_member_is_tested():
    assert set(MEMBERS) == set(backbones.names())


@pytest.mark.parametrize("name", CASES)
def test_contract(name, tmp_path):
    size, grid, features = MEMBERS[name]
    model = backbones.get(name)(size)
    assert isinstance(model, keras.Model) and model.name == name
    assert model.input_shape == (None, size, size, 3)
    assert model.output_shape == (None, grid, grid, features)
    paths = [variable.path for variable in model.variables]
    assert len(set(paths)) == len(paths)
    assert "stage2_block01_conv1/kernel" in paths
    # Batch statistics make the moving ones differ from their start values.
    x = _images(size)
    model(x, training=True)
    y = model(x)
    assert tuple(y.shape) == (2, grid, grid, features)
    assert np.all(np.isfinite(y))
    model.save(tmp_path / "backbone.keras")
    loaded = keras.models.load_model(tmp_path / "backbone.keras")
    np.testing.assert_array_equal(loaded(x), y)
    assert [variable.path for variable in loaded.variables] == paths


@pytest.mark.parametrize(
    ("name", "network", "size"),
    [
        ("resnet_tiny", "irevnet_tiny", 16),
        ("resnet_small", "irevnet_small", 32),
        ("cifar_resnet18", "irevnet_cifar", 32),
        ("resnet18", "irevnet300", 224),
    ],
)
def test_grid_is_that_of_the_decoder(name, network, size):
    shape = invertible.get(network)().compute_output_shape((1, size, size, 3))
    assert backbones.get(name)(size).output_shape[1:3] == shape[1:3]


def test_pixels_are_normalised_inside():
    model = backbones.get("resnet_tiny")(8)
    normalised = model.get_layer("pixel_normalization").output
    x = np.full((1, 8, 8, 3), 0.5, "float32")
    z = keras.Model(model.input, normalised)(x)
    np.testing.assert_allclose(z[0, 0, 0, 0], (0.5 - 0.485) / 0.229, rtol=1e-5)


# Parameters as printed in the documentation of torchvision's networks.
@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("resnet18", 11_689_512),
        ("resnet50", 25_557_032),
        pytest.param("resnext101_32x8d", 88_791_336, marks=pytest.mark.slow),
    ],
)
def test_published_parameters(name, published):
    original = backbones.get(name)(64, stem="original")
    assert _with_head(original, 1000) == published
    # Only ResNet18's first block had no projection for a stride to use.
    projection = 64 * 64 + 2 * 64 if name == "resnet18" else 0
    ours = backbones.get(name)(64)
    assert _with_head(ours, 1000) == published + projection
    assert ours.output_shape == original.output_shape


@pytest.mark.parametrize(
    ("name", "strided"), [("resnet50", "conv2"), ("resnet50_v1", "conv1")]
)
@pytest.mark.parametrize("stem", ["qualnet", "original"])
def test_place_of_the_strides(name, strided, stem):
    model = backbones.get(name)(64, stem=stem)
    received = {
        layer.name
        for layer in model.layers
        if layer.name.startswith("stage")
        and getattr(layer, "strides", (1, 1)) != (1, 1)
    }
    stages = (1, 2, 3, 4) if stem == "qualnet" else (2, 3, 4)
    assert received == {
        f"stage{stage}_block01_{part}"
        for stage in stages
        for part in (strided, "shortcut")
    }


def test_cifar_parameters():
    # kuangliu/pytorch-cifar's ResNet18, 10 classes.
    model = backbones.get("cifar_resnet18")(32)
    assert _with_head(model, 10) == 11_173_962


def test_stems_differ_in_the_place_of_one_stride():
    ours = backbones.get("resnet18")(64)
    original = backbones.get("resnet18")(64, stem="original")
    assert "stem_pool" not in {layer.name for layer in ours.layers}
    assert original.get_layer("stem_pool").output.shape[1:3] == (16, 16)
    for model, before in ((ours, 32), (original, 16)):
        block = model.get_layer("stage1_block01_conv1")
        assert block.output.shape[1:3] == (16, 16)
        shortcut = model.get_layer("stage1_block01_add").input[0]
        assert shortcut.shape[1:3] == (16, 16)
        entrance = model.layers[model.layers.index(block) - 1].output
        assert entrance.shape[1] in (before, before + 2)


def test_original_stem_pools_like_the_published_one():
    # Max pooling with one pixel of padding around: rows 2i-1 to 2i+1.
    model = backbones.get("resnet18")(16, stem="original")
    tap = keras.Model(
        model.get_layer("stem_conv_relu").output,
        model.get_layer("stem_pool").output,
    )
    x = np.abs(np.random.default_rng(0).normal(size=(1, 8, 8, 64)))
    padded = np.pad(
        x, ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=-np.inf
    )
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (1, 2))
    expected = windows.max((-2, -1))[:, ::2, ::2]
    np.testing.assert_allclose(tap(x), expected, rtol=1e-6)


@pytest.mark.slow
def test_resnext_graph_needs_no_compiler():
    tf = pytest.importorskip("tensorflow")
    if keras.backend.backend() != "tensorflow":
        pytest.skip("only the TensorFlow backend writes such graphs")
    model = backbones.get("resnext101_32x8d")(32)
    function = tf.function(model).get_concrete_function(
        tf.TensorSpec((None, 32, 32, 3))
    )
    library = function.graph.as_graph_def().library.function
    assert not [f for f in library if "_XlaMustCompile" in f.attr]


@pytest.mark.parametrize("image_size", [0, -32, 32.0, None])
def test_refuses_bad_image_sizes(image_size):
    with pytest.raises(ValueError, match="image_size: expected a positive"):
        backbones.get("resnet_tiny")(image_size)


def test_refuses_unknown_stems():
    with pytest.raises(ValueError, match="'original', received 'modern'"):
        backbones.get("resnet18")(32, stem="modern")


def test_unknown_name_lists_the_members():
    with pytest.raises(ValueError, match="expected one of resnet18, "):
        backbones.get("resnet")
