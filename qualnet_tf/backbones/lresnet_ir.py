"""Face networks by name: LResNet-IR, for aligned faces of 112x112 pixels.

Source: Deng et al., "ArcFace: Additive Angular Margin Loss for Deep Face
Recognition" (arXiv 1801.07698, version 1), whose names say what differs from
a plain ResNet:

    L   the first convolution is 3x3 with stride 1, and there is no pooling
        behind it, so that a small picture keeps its detail.
    IR  the unit is BN - conv - BN - PReLU - conv - BN around a shortcut, with
        the stride in its second convolution and nothing behind the sum.
    A   the embedding is the pooled last map itself. What stands between the
        last map and the pool belongs to the head: `models.heads.margin_head`.

Batch norm has momentum 0.9 and epsilon 2e-5, PReLU one slope per channel that
starts at 0.25, and no convolution has a bias, as in the authors' code of 2018.
"""

import keras

from qualnet_tf.backbones.residual_blocks import convolution
from qualnet_tf.invertible.pixel_normalization import PixelNormalization

# The authors' (x - 127.5) * 0.0078125 of pixels up to 255, for ours up to 1:
# the divisor is 128, not 127.5.
_FACE_MEAN = (0.5, 0.5, 0.5)
_FACE_STD = (128 / 255, 128 / 255, 128 / 255)
NORM_EPSILON = 2e-5
PRELU_SLOPE = 0.25


def lresnet50a_ir(image_size: int) -> keras.Model:
    """30.74 M parameters with the norm and PReLU of its head; 112 -> 7x7x512.

    The backbone of QualNet50-LM (QualNet, CVPR 2021, section 4.1).
    """
    return _lresnet_ir(
        image_size,
        "lresnet50a_ir",
        num_units=(3, 4, 14, 3),
        widths=(64, 128, 256, 512),
        strides=(2, 2, 2, 2),
    )


def lresnet_ir_small(image_size: int) -> keras.Model:
    """One thin unit per stage for CPUs; 112 -> 7x7x128."""
    return _lresnet_ir(
        image_size,
        "lresnet_ir_small",
        num_units=(1, 1, 1, 1),
        widths=(16, 32, 64, 128),
        strides=(2, 2, 2, 2),
    )


def lresnet_ir_tiny(image_size: int) -> keras.Model:
    """Two very thin units for tests; 8 -> 2x2x16, as irevnet_tiny's grid."""
    return _lresnet_ir(
        image_size,
        "lresnet_ir_tiny",
        num_units=(1, 1),
        widths=(8, 16),
        strides=(2, 2),
    )


def prelu(name: str, **kwargs) -> keras.layers.PReLU:
    """A PReLU with one slope per channel, which starts at 0.25.

    Keras's own would start at 0 and have a slope per pixel.
    """
    return keras.layers.PReLU(
        alpha_initializer=keras.initializers.Constant(PRELU_SLOPE),
        shared_axes=[1, 2],
        name=name,
        **kwargs,
    )


def norm(name: str, **kwargs) -> keras.layers.BatchNormalization:
    """The batch norm of these networks."""
    return keras.layers.BatchNormalization(
        axis=-1, momentum=0.9, epsilon=NORM_EPSILON, name=name, **kwargs
    )


def _lresnet_ir(
    image_size: int,
    name: str,
    *,
    num_units: tuple[int, ...],
    widths: tuple[int, ...],
    strides: tuple[int, ...],
) -> keras.Model:
    """Joins normalisation, stem and stages.

    Args:
        image_size: Side of the faces in pixels.
        name: Name of the model.
        num_units: Units per stage.
        widths: Channels of the units, per stage; the stem has the first.
        strides: Stride of a stage's first unit.

    Returns:
        Functional model `[batch, image_size, image_size, 3]` in [0, 1] ->
        feature map `[batch, height, width, widths[-1]]`.

    Raises:
        ValueError: If `image_size` is no positive whole number.
    """
    if not isinstance(image_size, int) or image_size < 1:
        raise ValueError(
            "image_size: expected a positive whole number of pixels, received "
            f"{image_size!r}; give the side of the faces"
        )
    inputs = keras.Input((image_size, image_size, 3), name="image")
    outputs = PixelNormalization(
        _FACE_MEAN, _FACE_STD, name="pixel_normalization"
    )(inputs)
    outputs = convolution(outputs, widths[0], 3, 1, "stem_conv")
    outputs = prelu("stem_conv_prelu")(norm("stem_conv_norm")(outputs))
    stages = zip(num_units, widths, strides, strict=True)
    for stage, (units, width, stride) in enumerate(stages, start=1):
        for number in range(1, units + 1):
            outputs = _unit(
                outputs,
                width,
                stride if number == 1 else 1,
                is_first=number == 1,
                name=f"stage{stage}_block{number:02d}",
            )
    return keras.Model(inputs, outputs, name=name)


def _unit(inputs, width: int, strides: int, is_first: bool, name: str):
    """BN - conv - BN - PReLU - conv - BN, added to the shortcut.

    The first unit of a stage projects its shortcut even where the width stays
    the same.
    """
    shortcut = inputs
    if is_first:
        shortcut = convolution(inputs, width, 1, strides, f"{name}_shortcut")
        shortcut = norm(f"{name}_shortcut_norm")(shortcut)
    outputs = norm(f"{name}_norm")(inputs)
    outputs = convolution(outputs, width, 3, 1, f"{name}_conv1")
    outputs = prelu(f"{name}_prelu")(norm(f"{name}_conv1_norm")(outputs))
    outputs = convolution(outputs, width, 3, strides, f"{name}_conv2")
    outputs = norm(f"{name}_conv2_norm")(outputs)
    return keras.layers.Add(name=f"{name}_add")([shortcut, outputs])
