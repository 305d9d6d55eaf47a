"""Runs of equal coupling blocks joined into loops, and taken apart again."""

import itertools

from qualnet_tf.invertible.coupling import AdditiveCoupling
from qualnet_tf.invertible.coupling_run import CouplingRun
from qualnet_tf.invertible.invertible_layer import InvertibleLayer
from qualnet_tf.invertible.sequence import InvertibleSequence


def roll(network: InvertibleSequence) -> InvertibleSequence:
    """Returns the network with equal neighbouring blocks as `CouplingRun`s.

    Both give the same numbers. Weights are copied where the network is built;
    nothing is shared.

    Args:
        network: A sequence; blocks that are rolled already stay so.
    """
    layers = []
    for (key, _), group in itertools.groupby(network.layers, key=_group):
        blocks = list(group)
        if key is None or len(blocks) == 1:
            layers += [_copy(layer) for layer in blocks]
        else:
            layers.append(_joined(blocks))
    return _with_weights(network, layers)


def unroll(network: InvertibleSequence) -> InvertibleSequence:
    """Returns the network with every `CouplingRun` as single blocks.

    Args:
        network: A sequence; blocks that are single already stay so.
    """
    layers = []
    for layer in network.layers:
        if isinstance(layer, CouplingRun):
            layers += _parted(layer)
        else:
            layers.append(_copy(layer))
    return _with_weights(network, layers)


def values_by_block(network: InvertibleSequence) -> list[list]:
    """Returns the weights, one list of arrays per layer or rolled block."""
    values = []
    for layer in network.layers:
        if isinstance(layer, CouplingRun):
            values += [layer.block_values(i) for i in range(layer.num_blocks)]
        else:
            values.append(layer.get_weights())
    return values


def set_values_by_block(network: InvertibleSequence, values: list) -> None:
    """Sets the weights from what `values_by_block` returned.

    Args:
        network: A built network of the same blocks, rolled or not.
        values: One list of arrays per layer or rolled block.
    """
    values = iter(values)
    for layer in network.layers:
        if isinstance(layer, CouplingRun):
            layer.set_block_values(
                [next(values) for _ in range(layer.num_blocks)]
            )
        else:
            layer.set_weights(next(values))


def _group(layer: InvertibleLayer):
    """Settings and stage: a run's name counts the blocks of one stage."""
    return _settings(layer), layer.name.partition("_block")[0]


def _settings(layer: InvertibleLayer):
    """What equal blocks have in common; None for what cannot be rolled."""
    if not isinstance(layer, AdditiveCoupling) or layer.first:
        return None
    if layer.strides != 1:
        return None
    config = layer.get_config()
    return {key: config[key] for key in _SETTINGS}


_SETTINGS = ("half_width", "bottleneck_ratio", "residual_dtype", "step")


def _joined(blocks: list) -> CouplingRun:
    first, last = blocks[0].name, blocks[-1].name
    return CouplingRun(
        len(blocks),
        **_settings(blocks[0]),
        dtype=blocks[0].dtype_policy,
        name=f"{first}_to_{last.split('_')[-1]}",
    )


def _parted(run: CouplingRun) -> list[AdditiveCoupling]:
    """Single blocks, named as those that `_joined` made the run of."""
    first, _, last = run.name.rpartition("_to_")
    stem, _, number = first.rpartition("block")
    counted = last.startswith("block") and number.isdigit()
    names = (
        f"{stem}block{int(number) + index:02d}"
        if counted
        else f"{run.name}_block{index + 1:02d}"
        for index in range(run.num_blocks)
    )
    return [
        AdditiveCoupling(
            **_settings(run.block), dtype=run.dtype_policy, name=name
        )
        for name in names
    ]


def _copy(layer: InvertibleLayer) -> InvertibleLayer:
    return type(layer).from_config(layer.get_config())


def _with_weights(network: InvertibleSequence, layers: list):
    copy = InvertibleSequence(
        layers,
        memory_saving=network.memory_saving,
        dtype=network.dtype_policy,
        name=network.name,
    )
    if network.built:
        copy.build((None, None, None, network.input_spec.axes[-1]))
        set_values_by_block(copy, values_by_block(network))
    return copy
