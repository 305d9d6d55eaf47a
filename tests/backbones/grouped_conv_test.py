"""GroupedConv2D against NumPy and Keras, and free of compiled functions."""

import keras
import numpy as np
import pytest

from qualnet_tf.backbones.grouped_conv import GroupedConv2D


def _input(shape=(2, 5, 6, 6)):
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def _convolve(x, kernel, groups, strides):
    """Valid grouped convolution, by its definition, in NumPy."""
    size, _, inputs, filters = kernel.shape
    outputs = filters // groups
    windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), (1, 2))
    windows = windows[:, ::strides, ::strides]
    return np.concatenate(
        [
            np.einsum(
                "bhwcij,ijco->bhwo",
                windows[:, :, :, group * inputs : (group + 1) * inputs],
                kernel[..., group * outputs : (group + 1) * outputs],
            )
            for group in range(groups)
        ],
        axis=-1,
    )


@pytest.mark.parametrize(
    ("groups", "size", "strides"), [(2, 3, 1), (3, 3, 2), (6, 1, 2), (1, 3, 1)]
)
def test_equals_numpy(groups, size, strides):
    layer, x = GroupedConv2D(12, size, groups, strides), _input()
    y = layer(x)
    kernel = np.asarray(layer.kernel)
    assert kernel.shape == (size, size, 6 // groups, 12)
    assert tuple(y.shape) == layer.compute_output_shape(x.shape)
    np.testing.assert_allclose(
        y, _convolve(x, kernel, groups, strides), atol=1e-5
    )


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("strides", [1, 2])
def test_equals_keras_given_the_same_kernel(padding, strides):
    x = _input()
    layer = GroupedConv2D(4, 3, 2, strides, padding)
    reference = keras.layers.Conv2D(
        4, 3, strides, padding, groups=2, use_bias=False
    )
    reference.build(x.shape)
    layer.build(x.shape)
    layer.kernel.assign(reference.kernel)
    y = layer(x)
    np.testing.assert_allclose(y, reference(x), atol=1e-5)
    assert tuple(y.shape) == layer.compute_output_shape(x.shape)


def test_unknown_sides_stay_unknown():
    layer = GroupedConv2D(4, 3, 2)
    shape = layer.compute_output_shape((None, None, 6, 4))
    assert shape == (None, None, 4, 4)


def test_multiply_adds_are_positions_times_window_times_filters():
    layer = GroupedConv2D(12, 3, 2)
    assert layer.multiply_adds((None, 5, 6, 6)) == 3 * 4 * (3 * 3 * 3) * 12


def test_config_round_trip():
    layer = GroupedConv2D(4, 3, 2, 2, "same", "he_normal", name="grouped")
    copy = GroupedConv2D.from_config(layer.get_config())
    assert copy.get_config() == layer.get_config()
    assert isinstance(copy.kernel_initializer, keras.initializers.HeNormal)


def test_computes_in_the_policy_of_the_layer():
    layer = GroupedConv2D(4, 3, 2, dtype="mixed_bfloat16")
    y = layer(_input((1, 4, 4, 4)))
    assert keras.backend.standardize_dtype(y.dtype) == "bfloat16"
    assert layer.kernel.dtype == "float32"


def _compiled_functions(layer):
    """Names of the functions in the layer's graph that XLA must compile."""
    tf = pytest.importorskip("tensorflow")
    if keras.backend.backend() != "tensorflow":
        pytest.skip("only the TensorFlow backend writes such graphs")
    layer.build((None, 5, 6, 6))
    function = tf.function(layer).get_concrete_function(
        tf.TensorSpec((None, 5, 6, 6))
    )
    library = function.graph.as_graph_def().library.function
    return [
        f.signature.name
        for f in library
        if "_XlaMustCompile" in f.attr and f.attr["_XlaMustCompile"].b
    ]


def test_graph_needs_no_compiler():
    assert _compiled_functions(GroupedConv2D(12, 3, 2)) == []


def test_keras_layer_needs_one():
    # If this fails, Keras no longer compiles grouped convolutions: the test
    # above proves nothing then, and GroupedConv2D may not be needed any more.
    assert _compiled_functions(keras.layers.Conv2D(12, 3, groups=2))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"filters": 5}, "filters: expected a multiple of groups = 2"),
        ({"padding": "causal"}, "padding: expected 'valid' or 'same'"),
    ],
)
def test_refuses_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        GroupedConv2D(
            **{"filters": 4, "kernel_size": 3, "groups": 2, **arguments}
        )


def test_refuses_channels_that_do_not_divide():
    with pytest.raises(ValueError, match="divisible by groups = 4, received 6"):
        GroupedConv2D(4, 3, 4).build((None, 5, 6, 6))
