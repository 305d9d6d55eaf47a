"""When an inversion is ill-conditioned: the rules and what to do about it."""

from collections.abc import Sequence

from qualnet_tf.invertible.diagnostics import BlockError

# A fortieth of the step between two of an image's 256 levels; on the grid of
# `fixed_point`, images come back off by 7e-6.
MAX_IMAGE_ERROR = 1e-4
# The largest error is some 20 times the typical one, so that inputs are then
# off by less than a thousandth. Without the grid of `fixed_point`, 100 blocks
# leave 5e-4 in float32, with float16 convolutions 0.2.
MAX_RELATIVE_ERROR = 1e-2
# Times float32's rounding of a number near 1 (6e-8, 1.2e-7 from 1 to 2), one
# such block alone reaches MAX_IMAGE_ERROR.
MAX_LIPSCHITZ = 1000.0
# Epsilon 1e-5 ends the scale of a dead channel at 316 times its gamma; a
# channel of standard deviation 0.01 has 100.
MAX_NORM_SCALE = 100.0


def round_trip_warnings(errors: Sequence[BlockError]) -> list[str]:
    """Warns about an image that does not come back.

    Args:
        errors: Of the inverse, first block to last.
    """
    if errors[0].accumulated <= MAX_IMAGE_ERROR:
        return []
    return [
        f"{errors[0].name}: the image comes back off by "
        f"{errors[0].accumulated:.1e} (expected at most {MAX_IMAGE_ERROR:.0e}"
        f"), most of it from {_steepest(errors)}; train stage 1 again with a "
        "lower --learning_rate or more --weight_decay"
    ]


def backward_pass_warnings(
    errors: Sequence[BlockError],
) -> list[str]:
    """Warns about gradients that are taken at wrong inputs.

    Args:
        errors: Of the memory-saving backward pass, in the order of the pass
            that it follows.
    """
    worst = max(errors, key=lambda error: error.accumulated_relative)
    if worst.accumulated_relative <= MAX_RELATIVE_ERROR:
        return []
    remedy = "train without --memory_saving"
    return [
        f"{worst.name}: its input is rebuilt off by "
        f"{worst.accumulated_relative:.1e} of its root mean square (expected "
        f"at most {MAX_RELATIVE_ERROR:.0e}), so gradients are wrong; {remedy}"
    ]


def block_warnings(
    lipschitz: dict[str, float], norm_scales: dict[str, float]
) -> list[str]:
    """Warns about blocks that enlarge errors, or would.

    Args:
        lipschitz: Estimate per coupling block.
        norm_scales: Largest scale of its batch norms per coupling block.
    """
    found = [
        f"{name}: its residual function stretches differences {value:.0f} "
        f"times (expected at most {MAX_LIPSCHITZ:.0f}), which float32 does not "
        "bear; train stage 1 again with more --weight_decay"
        for name, value in lipschitz.items()
        if not value <= MAX_LIPSCHITZ
    ]
    return found + [
        f"{name}: a batch norm multiplies a channel by {value:.0f} (expected "
        f"at most {MAX_NORM_SCALE:.0f}), whose moving variance is nearly zero; "
        "train stage 1 longer or on more varied images"
        for name, value in norm_scales.items()
        if not value <= MAX_NORM_SCALE
    ]


def _steepest(errors: Sequence[BlockError]) -> str:
    """Where the error grows most on the way from the last block to the first.

    Only its size counts: a block may cancel what another one did.
    """
    before = [*(error.accumulated_relative for error in errors[1:]), 0.0]
    steps = [
        error.accumulated_relative - earlier
        for error, earlier in zip(errors, before, strict=True)
    ]
    return errors[max(range(len(errors)), key=steps.__getitem__)].name
