"""One batch of a run that is not started, and what the run would cost."""

import dataclasses
import math

import keras

from qualnet_tf.config import TrainConfig
from qualnet_tf.datasets.shares import Share
from qualnet_tf.methods.method import Method
from qualnet_tf.models.cost import ParameterCounts
from qualnet_tf.models.training_cost import PartCost, part_cost
from qualnet_tf.run_dir import RunDir
from qualnet_tf.training import build, fit, inputs
from qualnet_tf.training.start import start_from_run

_MEBIBYTE = 2**20
# The optimizer keeps a momentum per trained weight, a step its gradient.
_COPIES_PER_TRAINED_WEIGHT = 2


def dry_run(config: TrainConfig) -> dict[str, float]:
    """Builds everything, runs one batch forward and back, writes nothing.

    Prints what the run's parts, a step and its memory would cost. It is one
    device that runs it, whatever the strategy: no other worker is waited for.

    Returns:
        The loss, its terms and the accuracy of that batch.

    Raises:
        ValueError: If data, stage-1 run or the run to start from do not fit.
    """
    with fit.settings(config):
        return _dry_run(config)


def _dry_run(config: TrainConfig) -> dict[str, float]:
    source = inputs.open_split(config, "train")
    steps_per_epoch = inputs.count_steps(config, source.num_examples, Share())
    method = build.build_method(config, len(source.class_names))
    if config.initial_run_dir:
        start_from_run(method, RunDir(config.initial_run_dir))
    alone = dataclasses.replace(config, sync_batch_norm=False)
    build.compile_method(method, alone, steps_per_epoch)
    print(
        f"{config.method} on {source.name}: {config.describe_length()} of "
        f"{steps_per_epoch} steps of {config.batch_size} images"
    )
    print(fit.describe_batch(config))
    print("\n".join(describe_costs(part_costs(method, config), config)))
    batch = next(iter(inputs.training_batches(config, source, 0).take(1)))
    logs = method.train_on_batch(
        {name: value.numpy() for name, value in batch.items()},
        return_dict=True,
    )
    return {name: float(value) for name, value in logs.items()}


def part_costs(method: Method, config: TrainConfig) -> list[PartCost]:
    """Counts every network that a step of the method runs."""
    costs, counted = [], set()
    for name, part in method.parts.items():
        side, share = config.image_size, 1.0
        if name == "decoder":
            side //= config.decoder_downscale
            share = config.decoder_fraction
        elif name == "connector":
            share = config.decoder_fraction
        found = part_cost(name, part, side, share, name != "teacher")
        costs.append(_without_counted(found, part, counted))
        counted |= {id(weight) for weight in part.weights}
    return costs


def _without_counted(
    found: PartCost, part: keras.layers.Layer, counted: set[int]
) -> PartCost:
    """Leaves out weights that an earlier part has, as those of auxtraining."""
    if not any(id(weight) in counted for weight in part.weights):
        return found
    trainable, other = (
        sum(math.prod(w.shape) for w in weights if id(w) not in counted)
        for weights in (part.trainable_weights, part.non_trainable_weights)
    )
    return dataclasses.replace(
        found,
        parameters=ParameterCounts(trainable, other),
        # All weights are float32, whatever they compute in.
        weight_bytes=4 * (trainable + other),
    )


def describe_costs(costs: list[PartCost], config: TrainConfig) -> list[str]:
    """Returns the table of the parts and the sums, as lines."""
    lines = [
        f"{'part':<10} {'trainable':>12} {'other':>12} {'multiply-adds':>15} "
        f"{'in a step':>15} {'weights':>11} {'activations':>12}"
    ]
    lines += [
        f"{one.name:<10} {one.parameters.trainable:>12,} "
        f"{one.parameters.non_trainable:>12,} {one.multiply_adds:>15,} "
        f"{one.step_multiply_adds:>15,} {_mebibytes(one.weight_bytes):>11} "
        f"{_mebibytes(one.activation_bytes):>12}"
        for one in costs
    ]
    deployed = sum(one.multiply_adds for one in costs[:2])
    step = sum(one.step_multiply_adds for one in costs)
    extra = sum(one.step_multiply_adds for one in costs[2:])
    lines.append(
        f"per image: {deployed:,} multiply-adds deployed, {step:,} in a step, "
        f"{extra / step:.0%} of them beside the classifier"
    )
    weights = sum(one.weight_bytes for one in costs)
    # All weights are float32, whatever they compute in.
    trained = 4 * sum(one.parameters.trainable for one in costs)
    activations = config.batch_size * sum(one.activation_bytes for one in costs)
    total = weights + _COPIES_PER_TRAINED_WEIGHT * trained + activations
    lines.append(
        f"memory, estimated from shapes: {_mebibytes(total)}, of which weights "
        f"{_mebibytes(weights)}, gradients and momentum "
        f"{_mebibytes(_COPIES_PER_TRAINED_WEIGHT * trained)}, activations of "
        f"{config.batch_size} images {_mebibytes(activations)}"
    )
    return lines


def _mebibytes(size: int) -> str:
    return f"{size / _MEBIBYTE:,.1f} MiB"
