"""A run's parts: what they cost, and how well the network runs backwards."""

import dataclasses
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from qualnet_tf.config import InspectConfig, TrainConfig
from qualnet_tf.datasets import open_source, pipeline
from qualnet_tf.evaluation import conditioning
from qualnet_tf.invertible import diagnostics
from qualnet_tf.invertible.diagnostics import BlockError
from qualnet_tf.invertible.sequence import InvertibleSequence
from qualnet_tf.models import cost
from qualnet_tf.models.activation_memory import (
    ActivationBytes,
    activation_bytes,
)
from qualnet_tf.models.classifier import split_classifier
from qualnet_tf.models.decoders import load_decoder
from qualnet_tf.models.saving import load_model
from qualnet_tf.models.training_cost import part_cost
from qualnet_tf.run_dir import RunDir

# The derivative of a derivative takes a minute for 100 blocks at 224 pixels.
LIPSCHITZ_IMAGES = 2


@dataclasses.dataclass(frozen=True)
class Part:
    """Costs of one part of a run.

    Attributes:
        name: Backbone, head, connector or decoder.
        kind: What stands there.
        parameters: Its numbers.
        multiply_adds: Per image.
        weight_bytes: Of all its weights.
        deployed: Whether it is exported.
    """

    name: str
    kind: str
    parameters: cost.ParameterCounts
    multiply_adds: int
    weight_bytes: int
    deployed: bool


@dataclasses.dataclass(frozen=True)
class Block:
    """One layer of an invertible network.

    Attributes:
        output_shape: Of its forward pass, (height, width, channels).
        parameters: Its numbers, moving statistics included.
        error: See `BlockError`.
        lipschitz: Estimate, or None where it has no residual function.
    """

    output_shape: tuple[int, int, int]
    parameters: int
    error: BlockError
    lipschitz: float | None


@dataclasses.dataclass(frozen=True)
class Inversion:
    """How well a network runs backwards.

    Attributes:
        images: What it was measured at, in words.
        check: What the errors are those of, in words.
        blocks: In the order of the pass whose inputs are rebuilt.
        memory: Per image, estimated.
        memory_saving: Whether the run trains with it.
    """

    images: str
    check: str
    blocks: tuple[Block, ...]
    memory: ActivationBytes
    memory_saving: bool


@dataclasses.dataclass(frozen=True)
class Inspection:
    """What is known about a run.

    Attributes:
        inversion: None where no part of the run is invertible.
        warnings: One line each.
    """

    run: str
    config: TrainConfig
    parts: tuple[Part, ...]
    inversion: Inversion | None
    warnings: tuple[str, ...]


def inspect_run(
    config: InspectConfig, announce: Callable[[str], None] | None = None
) -> Inspection:
    """Inspects a finished run.

    Args:
        config: Which run, and how.
        announce: Called with a line before each thing that takes long.

    Raises:
        ValueError: If the run does not exist, has not finished, or lacks a
            file.
    """
    run = RunDir(config.run_dir)
    run.read_finished_info()
    train = TrainConfig.from_json(run.config.read_text())
    classifier = load_model(run.classifier)
    side, num_classes = classifier.input_shape[1], classifier.output_shape[-1]
    backbone, head = split_classifier(classifier)
    parts = [_part("backbone", backbone, side), _part("head", head, side)]
    network, encode, shrink = backbone, None, np.asarray
    if run.connector.is_file():
        connector = load_model(run.connector)
        decoder = load_decoder(
            run.find_decoding_network(),
            side,
            num_classes,
            downscale=train.decoder_downscale,
        )
        network, shrink = decoder.network, decoder.shrink
        parts += [
            _part("connector", connector, side),
            _part("decoder", decoder, side // decoder.downscale),
        ]

        def encode(images):
            return connector(backbone(images, training=False))

    inversion, warnings = None, []
    if isinstance(network, InvertibleSequence):
        images, described = _images(config, train, side)
        features = None if encode is None else encode(images)
        measured, warnings = _measure(
            network,
            shrink(images),
            features,
            config.backward_pass,
            announce or (lambda _: None),
        )
        inversion = Inversion(
            images=described, memory_saving=train.memory_saving, **measured
        )
    return Inspection(
        str(run.path), train, tuple(parts), inversion, tuple(warnings)
    )


def _part(name: str, layer: keras.layers.Layer, side: int) -> Part:
    network = getattr(layer, "network", layer)
    found = part_cost(name, layer, side)
    return Part(
        name=name,
        kind=layer.name if network is layer else f"inverse of {network.name}",
        parameters=found.parameters,
        multiply_adds=found.multiply_adds,
        weight_bytes=found.weight_bytes,
        deployed=name in ("backbone", "head"),
    )


def _measure(network, images, features, backward_pass: bool, announce) -> tuple:
    """Measures a network; what `Inversion` holds of it, and warnings.

    Args:
        network: Built network.
        images: At its side.
        features: What it decodes, where it is a decoder; else None.
        backward_pass: Whether to check the memory-saving backward pass.
        announce: See `inspect_run`.
    """
    side = images.shape[1]
    num_blocks = len(diagnostics.single_blocks(network))
    announce(f"{network.name}: Lipschitz estimates of {num_blocks} layers ...")
    lipschitz = diagnostics.lipschitz_estimates(
        network, images[:LIPSCHITZ_IMAGES]
    )
    announce(f"{network.name}: errors of {num_blocks} layers ...")
    errors, check, warnings = _errors(network, images, features, backward_pass)
    warnings += conditioning.block_warnings(
        lipschitz, diagnostics.norm_scales(network)
    )
    shapes, parameters = _by_name(network, side)
    blocks = tuple(
        Block(
            output_shape=shapes[error.name],
            parameters=parameters[error.name],
            error=error,
            lipschitz=lipschitz.get(error.name),
        )
        for error in errors
    )
    memory = activation_bytes(network, side)
    return {"check": check, "blocks": blocks, "memory": memory}, warnings


def _errors(network, images, features, backward_pass: bool) -> tuple:
    """Returns errors per block, what they are those of, and warnings."""
    if not backward_pass:
        errors = diagnostics.reconstruction_errors(network, images)
        check = "round trip of the inverse, image to features and back"
        return errors, check, conditioning.round_trip_warnings(errors)
    if features is None:
        errors = diagnostics.reconstruction_errors(network, images, True)
        check = (
            "memory-saving backward pass, with the statistics of the batch; "
            "from the features back to the image"
        )
    else:
        errors = diagnostics.decoding_errors(network, features)
        check = (
            "memory-saving backward pass of the decoder; from the "
            "reconstruction back to the features"
        )
    return errors, check, conditioning.backward_pass_warnings(errors)


def _by_name(network: InvertibleSequence, side: int) -> tuple[dict, dict]:
    """Output shapes and numbers of parameters of the single blocks."""
    shapes, parameters = {}, {}
    shape = (1, side, side, 3)
    for layer in diagnostics.single_blocks(network):
        shape = tuple(layer.compute_output_shape(shape))
        shapes[layer.name] = shape[1:]
        parameters[layer.name] = sum(cost.parameter_counts(layer))
    return shapes, parameters


def _images(
    config: InspectConfig, train: TrainConfig, side: int
) -> tuple[np.ndarray, str]:
    """Returns images and what they are; noise where the data are gone."""
    try:
        source = open_source(
            train.dataset,
            "validation",
            data_dir=train.data_dir or None,
            validation_fraction=train.validation_fraction,
            skip_bad_files=train.skip_bad_files,
            class_list=train.class_list or None,
            seed=0,
        )
        batches = pipeline.evaluation_batches(
            source, batch_size=config.num_images, image_size=side
        )
        images = next(iter(batches))["image"].numpy()
    except (ValueError, OSError, tf.errors.OpError) as error:
        shape = (config.num_images, side, side, 3)
        noise = np.random.default_rng(0).uniform(size=shape)
        reason = " ".join(str(error).split())
        return noise.astype(np.float32), (
            f"{config.num_images} of seeded noise, since the run's data cannot "
            f"be read ({reason})"
        )
    return images, f"{len(images)} validation images of {source.name}"
