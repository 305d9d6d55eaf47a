"""ResNets by name: the paper's, the published ones and small ones.

Sources: He et al., "Deep Residual Learning for Image Recognition" (CVPR 2016);
Xie et al., "Aggregated Residual Transformations for Deep Neural Networks"
(CVPR 2017); QualNet (CVPR 2021), section 4, for the stem.

The stems:
    "original"  7x7 convolution with stride 2, then 3x3 max pooling, stride 2.
    "qualnet"   The same without the pooling; the first block of the first
                stage takes its stride of 2 instead (where the blocks of the
                other stages have theirs), so that the grids behind it stay
                the same.
    "3x3"       3x3 convolution with stride 1, for images of about 32 pixels.
"""

import functools
from collections.abc import Callable

import keras

from qualnet_tf.backbones.residual_blocks import (
    basic_block,
    bottleneck_block,
    convolution,
    norm_relu,
)
from qualnet_tf.invertible.pixel_normalization import PixelNormalization

_WIDTHS = (64, 128, 256, 512)


def resnet18(image_size: int, *, stem: str = "qualnet") -> keras.Model:
    """11.69 M parameters with 1000 classes; 224 -> 7x7x512.

    With the "qualnet" stem the first shortcut becomes a projection, 4,224
    trainable parameters more.
    """
    return _imagenet_resnet(
        image_size, "resnet18", stem, basic_block, (2, 2, 2, 2)
    )


def resnet50(image_size: int, *, stem: str = "qualnet") -> keras.Model:
    """25.56 M parameters with 1000 classes; 224 -> 7x7x2048."""
    return _imagenet_resnet(
        image_size, "resnet50", stem, bottleneck_block, (3, 4, 6, 3)
    )


def resnet50_v1(image_size: int, *, stem: str = "qualnet") -> keras.Model:
    """resnet50 with the stride of a block in its first 1x1 convolution.

    The network as first published, and as keras.applications.ResNet50 has it:
    with the original stem and its weights (`pretrained.py`) both agree.
    """
    block = functools.partial(bottleneck_block, stride_in_first=True)
    return _imagenet_resnet(
        image_size, "resnet50_v1", stem, block, (3, 4, 6, 3)
    )


def resnext101_32x8d(image_size: int, *, stem: str = "qualnet") -> keras.Model:
    """88.79 M parameters with 1000 classes; 224 -> 7x7x2048."""
    block = functools.partial(bottleneck_block, groups=32, width_per_group=8)
    return _imagenet_resnet(
        image_size, "resnext101_32x8d", stem, block, (3, 4, 23, 3)
    )


def cifar_resnet18(image_size: int) -> keras.Model:
    """ResNet18 with a 3x3 stem, 11.17 M parameters; 32 -> 4x4x512."""
    return _resnet(
        image_size,
        "cifar_resnet18",
        stem="3x3",
        block=basic_block,
        num_blocks=(2, 2, 2, 2),
        widths=_WIDTHS,
        strides=(1, 2, 2, 2),
    )


def resnet_small(image_size: int) -> keras.Model:
    """A thin ResNet for CPUs; 32 -> 4x4x128, the grid of irevnet_small.

    The first block halves the grid at once: blocks on 32x32 would make a step
    2.4 times as expensive (356 against 146 CPU milliseconds, batch 64).
    """
    return _resnet(
        image_size,
        "resnet_small",
        stem="3x3",
        block=basic_block,
        num_blocks=(1, 1, 1, 1),
        widths=(16, 32, 64, 128),
        strides=(2, 2, 2, 1),
    )


def resnet_tiny(image_size: int) -> keras.Model:
    """Two very thin blocks for tests; 8 -> 2x2x16, as irevnet_tiny's grid."""
    return _resnet(
        image_size,
        "resnet_tiny",
        stem="3x3",
        block=basic_block,
        num_blocks=(1, 1),
        widths=(8, 16),
        strides=(2, 2),
    )


def _imagenet_resnet(
    image_size: int,
    name: str,
    stem: str,
    block: Callable,
    num_blocks: tuple[int, ...],
) -> keras.Model:
    """A network of four stages with one of the two large stems."""
    if stem not in ("qualnet", "original"):
        raise ValueError(
            f"stem: expected 'qualnet' or 'original', received {stem!r}; see "
            "qualnet_tf/backbones/resnet.py for what they do"
        )
    first_stride = 2 if stem == "qualnet" else 1
    return _resnet(
        image_size,
        name,
        stem=stem,
        block=block,
        num_blocks=num_blocks,
        widths=_WIDTHS,
        strides=(first_stride, 2, 2, 2),
    )


def _resnet(
    image_size: int,
    name: str,
    *,
    stem: str,
    block: Callable,
    num_blocks: tuple[int, ...],
    widths: tuple[int, ...],
    strides: tuple[int, ...],
) -> keras.Model:
    """Joins normalisation, stem and stages.

    Args:
        image_size: Side of the images in pixels.
        name: Name of the model.
        stem: "original", "qualnet" or "3x3".
        block: Function `(inputs, width, strides, name) -> outputs`.
        num_blocks: Blocks per stage.
        widths: Width of the blocks, per stage.
        strides: Stride of a stage's first block.

    Returns:
        Functional model `[batch, image_size, image_size, 3]` in [0, 1] ->
        feature map `[batch, height, width, channels]`.

    Raises:
        ValueError: If `image_size` is no positive whole number.
    """
    if not isinstance(image_size, int) or image_size < 1:
        raise ValueError(
            "image_size: expected a positive whole number of pixels, received "
            f"{image_size!r}; give the side of the images"
        )
    inputs = keras.Input((image_size, image_size, 3), name="image")
    outputs = PixelNormalization(name="pixel_normalization")(inputs)
    outputs = _stem(outputs, stem, widths[0])
    stages = zip(num_blocks, widths, strides, strict=True)
    for stage, (blocks, width, stride) in enumerate(stages, start=1):
        for number in range(1, blocks + 1):
            outputs = block(
                outputs,
                width,
                stride if number == 1 else 1,
                name=f"stage{stage}_block{number:02d}",
            )
    return keras.Model(inputs, outputs, name=name)


def _stem(inputs, stem: str, width: int):
    """The layers in front of the stages; see the module's docstring."""
    if stem == "3x3":
        return norm_relu(
            convolution(inputs, width, 3, 1, "stem_conv"), "stem_conv"
        )
    outputs = convolution(inputs, width, 7, 2, "stem_conv")
    outputs = norm_relu(outputs, "stem_conv")
    if stem == "qualnet":
        return outputs
    # Zeros are as good as minus infinity here: the maximum is behind a ReLU.
    outputs = keras.layers.ZeroPadding2D(
        1, data_format="channels_last", name="stem_pool_pad"
    )(outputs)
    return keras.layers.MaxPooling2D(
        3, strides=2, data_format="channels_last", name="stem_pool"
    )(outputs)
