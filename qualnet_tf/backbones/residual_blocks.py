"""The residual blocks that the ResNets are made of.

Each block is a function on symbolic tensors: feature map in, feature map out.
Convolutions have no bias; kernels start normal with variance 2 / fan_out (He
et al., "Delving Deep into Rectifiers", ICCV 2015), as in the published
PyTorch networks. Batch norm has momentum 0.9 and epsilon 1e-5.
"""

import keras

from qualnet_tf.backbones.grouped_conv import GroupedConv2D

# Below it oneDNN, which TensorFlow computes with on Intel CPUs, writes past its
# memory in the gradient of a strided 1x1 kernel and ends the process:
# https://github.com/uxlfoundation/oneDNN/issues/6035. Leaving pixels out first
# is the same function.
_SAFE_CHANNELS = 16


def basic_block(inputs, width: int, strides: int, name: str):
    """Two 3x3 convolutions around a shortcut (He et al., CVPR 2016, Fig. 2).

    Args:
        inputs: Feature map `[batch, height, width, channels]`.
        width: Channels of both convolutions.
        strides: Stride of the first convolution and of the shortcut.
        name: Prefix of the names of the block's layers.

    Returns:
        Feature map `[batch, height / strides, width / strides, width]`.
    """
    shortcut = _shortcut(inputs, width, strides, name)
    outputs = convolution(inputs, width, 3, strides, f"{name}_conv1")
    outputs = norm_relu(outputs, f"{name}_conv1")
    outputs = convolution(outputs, width, 3, 1, f"{name}_conv2")
    return _join(shortcut, outputs, f"{name}_conv2", name)


def bottleneck_block(
    inputs,
    width: int,
    strides: int,
    name: str,
    *,
    groups: int = 1,
    width_per_group: int = 64,
    stride_in_first: bool = False,
):
    """1x1, 3x3, 1x1 convolutions around a shortcut, four times as wide.

    The stride is in the 3x3 convolution ("v1.5"), which gains about half a
    per cent on ImageNet over the original place in the first 1x1 ("v1"). With
    groups it is the block of Xie et al., "Aggregated Residual
    Transformations" (CVPR 2017).

    Args:
        inputs: Feature map `[batch, height, width, channels]`.
        width: Channels of the inner convolutions of a plain ResNet.
        strides: Stride of one convolution and of the shortcut.
        name: Prefix of the names of the block's layers.
        groups: Groups of the 3x3 convolution.
        width_per_group: Channels of a group in the stage of width 64; the
            inner width is `width * width_per_group / 64 * groups`.
        stride_in_first: Whether the first 1x1 convolution takes the stride
            instead of the 3x3 convolution.

    Returns:
        Feature map `[batch, height / strides, width / strides, 4 * width]`.
    """
    inner = width * width_per_group // 64 * groups
    first, second = (strides, 1) if stride_in_first else (1, strides)
    shortcut = _shortcut(inputs, 4 * width, strides, name)
    outputs = convolution(inputs, inner, 1, first, f"{name}_conv1")
    outputs = norm_relu(outputs, f"{name}_conv1")
    outputs = convolution(outputs, inner, 3, second, f"{name}_conv2", groups)
    outputs = norm_relu(outputs, f"{name}_conv2")
    outputs = convolution(outputs, 4 * width, 1, 1, f"{name}_conv3")
    return _join(shortcut, outputs, f"{name}_conv3", name)


def convolution(
    inputs, filters: int, size: int, strides: int, name: str, groups: int = 1
):
    """Convolves with `size // 2` zeros on every side of the map.

    Args:
        inputs: Feature map `[batch, height, width, channels]`.
        filters: Output channels.
        size: Side of the kernel, odd.
        strides: Step along height and width.
        name: Name of the layer.
        groups: Groups of channels that do not see each other.

    Returns:
        Feature map `[batch, ceil(height / strides), ceil(width / strides),
        filters]`.
    """
    # padding="same" would pad the far side alone where the stride is 2 and
    # the side even; the published networks pad both sides.
    if strides > 1 and size > 1:
        inputs = keras.layers.ZeroPadding2D(
            size // 2, data_format="channels_last", name=f"{name}_pad"
        )(inputs)
    if strides > 1 and size == 1 and inputs.shape[-1] < _SAFE_CHANNELS:
        inputs = keras.layers.MaxPooling2D(
            1, strides, data_format="channels_last", name=f"{name}_subsample"
        )(inputs)
        strides = 1
    arguments = {
        "strides": strides,
        "padding": "same" if strides == 1 else "valid",
        "kernel_initializer": keras.initializers.VarianceScaling(
            2.0, "fan_out", "untruncated_normal"
        ),
        "name": name,
    }
    if groups > 1:
        return GroupedConv2D(filters, size, groups, **arguments)(inputs)
    return keras.layers.Conv2D(
        filters,
        size,
        use_bias=False,
        data_format="channels_last",
        **arguments,
    )(inputs)


def norm_relu(inputs, name: str):
    """Batch norm and ReLU behind the convolution called `name`."""
    return keras.layers.ReLU(name=f"{name}_relu")(_norm(inputs, name))


def _norm(inputs, name: str):
    return keras.layers.BatchNormalization(
        axis=-1, momentum=0.9, epsilon=1e-5, name=f"{name}_norm"
    )(inputs)


def _shortcut(inputs, filters: int, strides: int, name: str):
    """The inputs, projected where the block changes their shape."""
    if strides == 1 and inputs.shape[-1] == filters:
        return inputs
    name = f"{name}_shortcut"
    return _norm(convolution(inputs, filters, 1, strides, name), name)


def _join(shortcut, outputs, last: str, name: str):
    outputs = _norm(outputs, last)
    outputs = keras.layers.Add(name=f"{name}_add")([shortcut, outputs])
    return keras.layers.ReLU(name=f"{name}_relu")(outputs)
