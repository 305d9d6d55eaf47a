"""i-RevNets by name: the published ones and small ones.

Source: Jacobsen et al., "i-RevNet: Deep Invertible Networks" (ICLR 2018). The
number in `irevnet300` counts convolutions: 100 blocks of three.
"""

import keras

from qualnet_tf.invertible.coupling import AdditiveCoupling
from qualnet_tf.invertible.fixed_point import DEFAULT_STEP, FixedPoint
from qualnet_tf.invertible.injective_padding import InjectivePadding
from qualnet_tf.invertible.invertible_layer import InvertibleLayer
from qualnet_tf.invertible.pixel_normalization import PixelNormalization
from qualnet_tf.invertible.sequence import InvertibleSequence
from qualnet_tf.invertible.squeeze import Squeeze


def irevnet300() -> InvertibleSequence:
    """The ImageNet network, bijective: 224x224x3 -> 7x7x3072.

    The configuration the authors publish as bijective, 74.0 % top-1 on
    ImageNet's validation set; the decoder of our experiments at 224.
    """
    return make_irevnet300((6, 16, 72, 6))


def make_irevnet300(num_blocks: tuple[int, ...]) -> InvertibleSequence:
    """`irevnet300` with other numbers of blocks, for tests and benchmarks.

    Args:
        num_blocks: Coupling blocks in each of the four stages.
    """
    return _irevnet(
        "irevnet300",
        num_blocks=num_blocks,
        half_widths=(24, 96, 384, 1536),
        strides=(2, 2, 2, 2),
    )


def irevnet300_half() -> InvertibleSequence:
    """A decoder to half the side, bijective: 112x112x3 -> 7x7x768.

    The first three stages of `irevnet300`, as published: for an image of half
    the side they end on the grid of the backbones at 224. A stage without its
    stride instead would have halves of 6 channels. 19 % of the multiply-adds
    and 44 % of the parameters of `irevnet300`.
    """
    return _irevnet(
        "irevnet300_half",
        num_blocks=(6, 16, 72),
        half_widths=(24, 96, 384),
        strides=(2, 2, 2),
    )


def irevnet300_lm() -> InvertibleSequence:
    """The decoder of QualNet50-LM, bijective: 112x112x3 -> 7x7x768.

    The blocks of `irevnet300` on faces of half its side: the last stage keeps
    grid and width, so the map from features to images stays one to one.
    """
    return _irevnet(
        "irevnet300_lm",
        num_blocks=(6, 16, 72, 6),
        half_widths=(24, 96, 384, 384),
        strides=(2, 2, 2, 1),
    )


def irevnet300_lm_wide() -> InvertibleSequence:
    """The same with `irevnet300`'s last width, injective: -> 7x7x3072.

    As in the code for faces that its first author helped with
    (github.com/tjdhg456/QualNet-Pytorch). Three quarters of the features that
    the inverse reads are padding, which it drops: as a decoder it is many to
    one, and the paper's argument from injectivity does not hold for it.
    """
    return _irevnet(
        "irevnet300_lm_wide",
        num_blocks=(6, 16, 72, 6),
        half_widths=(24, 96, 384, 1536),
        strides=(2, 2, 2, 1),
        padding=(4, 3072),
    )


def irevnet_lm_small() -> InvertibleSequence:
    """A decoder of faces for CPUs, bijective: 112x112x3 -> 7x7x768.

    The widths of `irevnet300_lm` with five blocks.
    """
    return _irevnet(
        "irevnet_lm_small",
        num_blocks=(1, 1, 2, 1),
        half_widths=(24, 96, 384, 384),
        strides=(2, 2, 2, 1),
    )


def irevnet96() -> InvertibleSequence:
    """A third of `irevnet300`, bijective: 224x224x3 -> 7x7x3072.

    Its widths, which the bijection fixes, with a third of its blocks in each
    stage: 32 blocks, 31 % of its multiply-adds and 30 % of its parameters.
    """
    return _irevnet(
        "irevnet96",
        num_blocks=(2, 5, 23, 2),
        half_widths=(24, 96, 384, 1536),
        strides=(2, 2, 2, 2),
    )


def irevnet_cifar() -> InvertibleSequence:
    """The CIFAR-10 network, injective: 32x32x3 -> 4x4x512.

    The authors report about 94.5 % top-1 on CIFAR-10. The twelve channels
    behind the first squeeze are padded to the first width.
    """
    return _irevnet(
        "irevnet_cifar",
        num_blocks=(18, 18, 18),
        half_widths=(16, 64, 256),
        strides=(1, 2, 2),
        padding=(1, 32),
    )


def irevnet_small() -> InvertibleSequence:
    """A thin bijective network for CPUs: 32x32x3 -> 4x4x192.

    Measured on 10,000 CIFAR-10 images for three epochs: 52 % top-1 at 81 CPU
    milliseconds per step of 64. Six blocks, a stage on the 16x16 grid or a
    bottleneck ratio of 1 gave 51 to 55 % at 1.5 to 2.3 times that cost.
    """
    return _irevnet(
        "irevnet_small",
        num_blocks=(2, 2),
        half_widths=(24, 96),
        strides=(2, 2),
        bottleneck_ratio=2,
    )


def irevnet_small_half() -> InvertibleSequence:
    """A decoder to half the side for CPUs, bijective: 16x16x3 -> 4x4x48.

    The first stage of `irevnet_small`, with the blocks of both of its stages.
    """
    return _irevnet(
        "irevnet_small_half",
        num_blocks=(4,),
        half_widths=(24,),
        strides=(2,),
        bottleneck_ratio=2,
    )


def irevnet_mini() -> InvertibleSequence:
    """`irevnet_small` made smaller, bijective: 32x32x3 -> 4x4x192.

    Three blocks instead of four and half their inner width: 23 % of its
    multiply-adds.
    """
    return _irevnet(
        "irevnet_mini",
        num_blocks=(2, 1),
        half_widths=(24, 96),
        strides=(2, 2),
    )


def irevnet_tiny() -> InvertibleSequence:
    """Three very thin blocks for tests, bijective: 8x8x3 -> 2x2x48."""
    return _irevnet(
        "irevnet_tiny", num_blocks=(3,), half_widths=(24,), strides=(2,)
    )


def _irevnet(
    name: str,
    *,
    num_blocks: tuple[int, ...],
    half_widths: tuple[int, ...],
    strides: tuple[int, ...],
    padding: tuple[int, int] | None = None,
    bottleneck_ratio: int = 4,
) -> InvertibleSequence:
    """Joins normalisation, the initial squeeze by 2 and the stages.

    All of it on the grid of `fixed_point`, which the published networks do
    not have: it is what makes 100 blocks exactly invertible.

    Args:
        name: Name of the network, the first part of its variables' paths.
        num_blocks: Coupling blocks per stage.
        half_widths: Channels of each half, per stage.
        strides: Factor by which the grid shrinks in a stage's first block.
        padding: (stage, channels): pad to so many in front of that stage.
        bottleneck_ratio: See `AdditiveCoupling`.
    """
    layers: list[InvertibleLayer] = [
        PixelNormalization(name="pixel_normalization"),
        FixedPoint(name="fixed_point"),
        Squeeze(2, name="squeeze"),
    ]
    padded_stage, channels = padding or (0, 0)
    stages = zip(num_blocks, half_widths, strides, strict=True)
    for stage, (blocks, half_width, stride) in enumerate(stages, start=1):
        if stage == padded_stage:
            layers.append(InjectivePadding(channels, name="injective_padding"))
        for block in range(1, blocks + 1):
            layers.append(
                AdditiveCoupling(
                    half_width,
                    strides=stride if block == 1 else 1,
                    bottleneck_ratio=bottleneck_ratio,
                    first=stage == 1 and block == 1,
                    residual_dtype=_residual_dtype(),
                    step=DEFAULT_STEP,
                    name=f"stage{stage}_block{block:02d}",
                )
            )
    layers.append(FixedPoint(name="features_fixed_point"))
    return InvertibleSequence(layers, name=name)


def _residual_dtype() -> str | None:
    """The half type of a mixed policy, which the residual functions may use."""
    compute_dtype = keras.config.dtype_policy().compute_dtype
    return compute_dtype if compute_dtype in ("float16", "bfloat16") else None
