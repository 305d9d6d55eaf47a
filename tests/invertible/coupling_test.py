"""AdditiveCoupling: its algebra, its residual function, bad arguments."""

import keras
import numpy as np
import pytest

from qualnet_tf.invertible.coupling import AdditiveCoupling


def _randomized(layer, shape, seed=0):
    """Builds the layer and gives it statistics of a trained network."""
    layer.build((None, *shape[1:]))
    generator = np.random.default_rng(seed)
    for variable in layer.variables:
        values = generator.uniform(0.5, 1.5, size=variable.shape)
        if "kernel" in variable.path:
            values = 4 * (values - 1) / np.sqrt(values[..., 0].size)
        variable.assign(values)
    return layer


def _convolve(x, kernel, strides):
    """3x3 convolution with one zero pixel around, in NumPy."""
    x = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(x, (3, 3), (1, 2))
    windows = windows[:, ::strides, ::strides]
    return np.einsum("bhwcij,ijco->bhwo", windows, kernel)


def _residual(layer, x):
    """F in NumPy, from the layer's variables by path."""
    values = {v.path.split("/", 1)[1]: np.asarray(v) for v in layer.variables}
    for number in (1, 2, 3):
        norm = f"norm{number}"
        if f"{norm}/gamma" in values:
            scale = values[f"{norm}/gamma"] / np.sqrt(
                values[f"{norm}/moving_variance"] + 1e-5
            )
            x = (x - values[f"{norm}/moving_mean"]) * scale
            x = np.maximum(x + values[f"{norm}/beta"], 0)
        kernel = values[f"convolution{number}/kernel"]
        x = _convolve(x, kernel, layer.strides if number == 1 else 1)
    return x


def _squeeze(x, size):
    batch, height, width, channels = x.shape
    x = x.reshape(
        batch, height // size, size, width // size, size, channels
    ).transpose(0, 1, 3, 2, 4, 5)
    return x.reshape(batch, height // size, width // size, -1)


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("strides", [1, 2])
def test_equals_its_algebra_in_numpy(strides, first):
    layer = AdditiveCoupling(8, strides, bottleneck_ratio=2, first=first)
    channels = 16 // strides**2
    x = np.random.default_rng(0).normal(size=(2, 6, 4, channels))
    x = x.astype("float32")
    _randomized(layer, x.shape)
    x1, x2 = np.split(x, 2, axis=-1)
    y1 = _squeeze(x2, strides)
    y2 = _squeeze(x1, strides) + _residual(layer, x2)
    y = np.concatenate([y1, y2], axis=-1)
    np.testing.assert_allclose(layer(x, training=False), y, atol=1e-5)
    np.testing.assert_allclose(layer.inverse(y), x, atol=1e-5)


@pytest.mark.parametrize(
    ("half_width", "ratio", "inner"), [(8, 4, 2), (8, 1, 8), (3, 4, 1)]
)
def test_widths_and_names_of_the_residual_function(half_width, ratio, inner):
    layer = AdditiveCoupling(half_width, bottleneck_ratio=ratio, name="block")
    layer.build((None, 4, 4, 2 * half_width))
    kernels = {v.path: v.shape for v in layer.variables if "kernel" in v.path}
    assert kernels == {
        "block/convolution1/kernel": (3, 3, half_width, inner),
        "block/convolution2/kernel": (3, 3, inner, inner),
        "block/convolution3/kernel": (3, 3, inner, half_width),
    }
    assert not any("bias" in v.path for v in layer.variables)


def test_kernels_start_with_a_third_over_fan_in():
    layer = AdditiveCoupling(64, bottleneck_ratio=1)
    layer.build((None, 4, 4, 128))
    for kernel in layer.trainable_variables:
        if "kernel" in kernel.path:
            variance = float(np.var(np.asarray(kernel)))
            assert variance == pytest.approx(1 / (3 * 9 * 64), rel=0.03)


def test_first_block_has_no_leading_norm():
    for first, expected in ((True, 2), (False, 3)):
        layer = AdditiveCoupling(4, first=first)
        layer.build((None, 4, 4, 8))
        assert sum("gamma" in v.path for v in layer.variables) == expected


def test_training_moves_statistics_and_inverse_does_not():
    layer = AdditiveCoupling(4)
    x = np.random.default_rng(0).normal(size=(4, 4, 4, 8)).astype("float32")
    layer.build(x.shape)
    names = ("moving_mean", "moving_variance")
    statistics = [v for v in layer.variables if v.path.endswith(names)]
    before = [np.asarray(v) for v in statistics]
    layer.inverse(x)
    layer(x, training=False)
    for variable, value in zip(statistics, before, strict=True):
        np.testing.assert_array_equal(variable, value)
    layer(x, training=True)
    mean = x[..., 4:].mean(axis=(0, 1, 2))
    np.testing.assert_allclose(statistics[0], 0.1 * mean, atol=1e-6)


def test_batch_statistics_break_the_inverse():
    layer = AdditiveCoupling(4, bottleneck_ratio=1)
    x = 3 + 2 * np.random.default_rng(0).normal(size=(4, 4, 4, 8))
    z = layer(x.astype("float32"), training=True)
    assert np.max(np.abs(layer.inverse(z) - x)) > 1e-2


def test_gradients_reach_the_input_of_the_inverse():
    tf = pytest.importorskip("tensorflow")
    if keras.backend.backend() != "tensorflow":
        pytest.skip("a gradient by hand needs the TensorFlow backend")
    shape = (1, 2, 2, 8)
    layer = AdditiveCoupling(4, bottleneck_ratio=1, dtype="float64")
    _randomized(layer, shape)
    weights = np.random.default_rng(1).normal(size=shape)

    def loss(z):
        return tf.reduce_sum(layer.inverse(z) * weights)

    z = tf.constant(np.random.default_rng(0).normal(size=shape))
    with tf.GradientTape() as tape:
        tape.watch(z)
        value = loss(z)
    gradient = tape.gradient(value, z).numpy()
    step = 1e-6
    for position in [(0, 0, 0, 0), (0, 1, 1, 3), (0, 1, 0, 6)]:
        moved = z.numpy()
        moved[position] += step
        slope = (loss(tf.constant(moved)) - value) / step
        assert gradient[position] == pytest.approx(float(slope), abs=1e-4)
    # F(y1) makes the gradient of the first half differ from plain copying.
    assert np.max(np.abs(gradient[..., :4] - weights[..., 4:])) > 0.1


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_stays_inside_the_residual_function(dtype):
    x = np.random.default_rng(0).normal(size=(2, 4, 4, 8)).astype("float32")
    exact = _randomized(AdditiveCoupling(4, bottleneck_ratio=1), x.shape)
    half = AdditiveCoupling(4, bottleneck_ratio=1, residual_dtype=dtype)
    half.build(x.shape)
    half.set_weights(exact.get_weights())
    z, reference = half(x), np.asarray(exact(x))
    assert keras.backend.standardize_dtype(z.dtype) == "float32"
    np.testing.assert_array_equal(z[..., :4], x[..., 4:])
    difference = np.max(np.abs(z - reference))
    assert 1e-4 < difference < 0.1
    # F sees the same input on the way back, so nothing of that is an error.
    np.testing.assert_allclose(half.inverse(z), x, atol=1e-6)
    assert all(v.dtype == "float32" for v in half.variables)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"half_width": 0}, "half_width: expected a whole number"),
        ({"half_width": 4, "strides": 0}, "strides: expected a whole number"),
        (
            {"half_width": 4, "bottleneck_ratio": 1.5},
            "bottleneck_ratio: expected a whole number",
        ),
        ({"half_width": 6, "strides": 2}, "multiple of strides..2 = 4"),
    ],
)
def test_refuses_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        AdditiveCoupling(**arguments)


def test_refuses_channels_that_do_not_match():
    with pytest.raises(
        ValueError, match="expected 8 channels .two halves of 4., received 6"
    ):
        AdditiveCoupling(4).build((None, 4, 4, 6))


def test_refuses_sides_that_do_not_divide():
    layer = AdditiveCoupling(8, strides=2)
    with pytest.raises(ValueError, match="divisible by 2, received 5x4"):
        layer.build((None, 5, 4, 4))
