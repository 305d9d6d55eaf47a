"""An inspection as text for a terminal."""

import math

from qualnet_tf.evaluation.inspection import (
    LIPSCHITZ_IMAGES,
    Block,
    Inspection,
    Inversion,
    Part,
)
from qualnet_tf.invertible.diagnostics import inverse_amplification

_MEBIBYTE = 2**20


def render(inspection: Inspection) -> str:
    """Returns the whole report, fixed-width tables and lines."""
    config = inspection.config
    lines = [
        f"{inspection.run}: {config.method}, {config.backbone}, "
        f"{config.image_size}x{config.image_size} images of {config.dataset}",
        "",
        *_parts_table(inspection.parts),
        "",
    ]
    if inspection.inversion is None:
        lines.append("nothing is inverted: no part of this run is invertible")
        return "\n".join(lines)
    lines += [
        *_blocks_table(inspection.inversion),
        "",
        *_totals(inspection.inversion),
        "",
        *_memory(inspection.inversion, config.batch_size),
        "",
    ]
    if not inspection.warnings:
        lines.append("no warning: the inversion is well-conditioned here")
    lines += [f"warning: {text}" for text in inspection.warnings]
    return "\n".join(lines)


def _parts_table(parts: tuple[Part, ...]) -> list[str]:
    header = (
        f"{'part':<10} {'what':<24} {'trainable':>12} {'other':>11} "
        f"{'multiply-adds':>15} {'weights':>12}"
    )
    rows = [
        f"{part.name:<10} {part.kind:<24} {part.parameters.trainable:>12,} "
        f"{part.parameters.non_trainable:>11,} {part.multiply_adds:>15,} "
        f"{_mebibytes(part.weight_bytes):>12}"
        for part in parts
    ]
    deployed = [part for part in parts if part.deployed]
    total = (
        f"{'deployed':<10} {'backbone and head':<24} "
        f"{sum(part.parameters.trainable for part in deployed):>12,} "
        f"{sum(part.parameters.non_trainable for part in deployed):>11,} "
        f"{sum(part.multiply_adds for part in deployed):>15,} "
        f"{_mebibytes(sum(part.weight_bytes for part in deployed)):>12}"
    )
    return [
        header,
        *rows,
        total,
        "multiply-adds: per image, of convolutions and dense layers",
    ]


def _blocks_table(inversion: Inversion) -> list[str]:
    header = (
        f"{'block':<20} {'output':>13} {'parameters':>11} {'own':>8} "
        f"{'relative':>9} {'accumulated':>12} {'relative':>9} {'Lipschitz':>10}"
    )
    return [
        f"images: {inversion.images}",
        f"errors: {inversion.check}",
        "own: of the block's exact result; accumulated: with those of the "
        "blocks before it",
        "on the way back; largest, and relative to the root mean square",
        "",
        header,
        *(_block_row(block) for block in inversion.blocks),
    ]


def _block_row(block: Block) -> str:
    error = block.error
    shape = "x".join(map(str, block.output_shape))
    lipschitz = "" if block.lipschitz is None else f"{block.lipschitz:.3g}"
    return (
        f"{error.name:<20} {shape:>13} {block.parameters:>11,} "
        f"{error.own:>8.1e} {error.own_relative:>9.1e} "
        f"{error.accumulated:>12.1e} {error.accumulated_relative:>9.1e} "
        f"{lipschitz:>10}"
    ).rstrip()


def _totals(inversion: Inversion) -> list[str]:
    errors = [block.error for block in inversion.blocks]
    sum_of_own = sum(error.own_relative for error in errors)
    at_the_end = errors[0].accumulated_relative
    constants = [
        block.lipschitz
        for block in inversion.blocks
        if block.lipschitz is not None
    ]
    exponent = sum(math.log10(inverse_amplification(c)) for c in constants)
    return [
        f"total: {errors[0].accumulated:.1e}, {at_the_end:.1e} relative, "
        f"{_ratio(at_the_end, sum_of_own)} times the sum of the blocks' own "
        f"errors ({sum_of_own:.1e})",
        f"Lipschitz estimates: largest {max(constants, default=0.0):.3g}; "
        "lower bounds of the residual functions' constants,",
        f"near the first {LIPSCHITZ_IMAGES} images. An error that is the worst "
        "one for every block would grow",
        f"10^{exponent:.1f} times; what errors do grow is the line above",
    ]


def _memory(inversion: Inversion, batch_size: int) -> list[str]:
    memory = inversion.memory
    saving = memory.kept + memory.rebuilt
    used = "on" if inversion.memory_saving else "off"
    return [
        "activations that training keeps (estimated from shapes):",
        f"{'':<24} {'per image':>14} {f'batch of {batch_size}':>16}",
        f"{'plain backward pass':<24} {_mebibytes(memory.plain):>14} "
        f"{_mebibytes(memory.plain * batch_size):>16}",
        f"{'--memory_saving':<24} {_mebibytes(saving):>14} "
        f"{_mebibytes(saving * batch_size):>16}",
        f"the latter: {_mebibytes(memory.kept)} per image between the passes, "
        "the rest for one block at a time;",
        f"this run has it {used}",
    ]


def _ratio(value: float, of: float) -> str:
    return f"{value / of:.2g}" if of else "no"


def _mebibytes(count: int) -> str:
    return f"{count / _MEBIBYTE:,.2f} MiB"
