"""Makes the parts of a run from its configuration."""

import inspect
import pathlib

import keras

from qualnet_tf import backbones, invertible, methods
from qualnet_tf.backbones import pretrained
from qualnet_tf.config import (
    CORRECTED_METHODS,
    DECODER_METHODS,
    QUALITY_METHODS,
    STAGE1_METHODS,
    TEACHER_METHODS,
    TrainConfig,
)
from qualnet_tf.datasets import extras
from qualnet_tf.invertible import rolling
from qualnet_tf.methods import margins
from qualnet_tf.methods.method import Method
from qualnet_tf.models.classifier import build_classifier
from qualnet_tf.models.connector import build_connector
from qualnet_tf.models.decoders import (
    InverseDecoder,
    build_decoder,
    load_decoder,
)
from qualnet_tf.models.teachers import load_teacher
from qualnet_tf.run_dir import RunDir
from qualnet_tf.training.correction import build_corrected
from qualnet_tf.training.optimizers import KernelDecaySGD, StepDecay
from qualnet_tf.training.precision import scaled, set_synchronized


def build_network(config: TrainConfig, num_classes: int) -> keras.Model:
    """Builds the run's classifier with the weights it starts from.

    Raises:
        ValueError: If the file of initial weights does not fit.
    """
    if config.backbone in invertible.names():
        if config.margin_loss != "none":
            raise ValueError(
                f"--margin_loss={config.margin_loss} with --backbone="
                f"{config.backbone}: expected a backbone such as "
                "lresnet50a_ir, received an invertible network, whose head is "
                "linear; leave one of the two flags out"
            )
        network = invertible.get(config.backbone)()
        if config.memory_saving:
            network = rolling.roll(network)
            network.memory_saving = True
        return build_classifier(
            network, config.image_size, num_classes, normalized_head=True
        )
    factory = backbones.get(config.backbone)
    options = {}
    if "stem" in inspect.signature(factory).parameters:
        options["stem"] = config.stem
    backbone = factory(config.image_size, **options)
    if config.initial_weights:
        pretrained.initialize(backbone, config.initial_weights)
    scale = None if config.margin_loss == "none" else config.logit_scale
    return build_classifier(
        backbone, config.image_size, num_classes, cosine_scale=scale
    )


def build_method(
    config: TrainConfig,
    num_classes: int,
    stage1_classifier: pathlib.Path | None = None,
    chosen_filters: dict[str, list[int]] | None = None,
) -> Method:
    """Builds the run's method around a fresh classifier.

    Args:
        config: The run.
        num_classes: Number of classes of its data.
        stage1_classifier: File of the decoder's network, the teacher or the
            network to correct; by default that of `config.stage1_run_dir`,
            which must have finished.
        chosen_filters: Those that `deepcorrect` corrects; by default they are
            found on the training images.
    """
    invertible_parts = config.method in QUALITY_METHODS or (
        config.backbone in invertible.names()
    )
    if config.memory_saving and not invertible_parts:
        raise ValueError(
            f"--memory_saving with --backbone={config.backbone} and --method="
            f"{config.method}: expected an invertible backbone or a decoder; "
            "leave the flag out"
        )
    if config.method in STAGE1_METHODS and stage1_classifier is None:
        stage1 = RunDir(config.stage1_run_dir)
        stage1.read_finished_info()
        stage1_classifier = stage1.find_stage1_network()
    if config.method in CORRECTED_METHODS:
        classifier = build_corrected(
            config, num_classes, stage1_classifier, chosen_filters
        )
    else:
        classifier = build_network(config, num_classes)
    options = {"label_smoothing": config.label_smoothing}
    if config.margin_loss != "none":
        options["margin"] = _margin(config)
    if config.method in DECODER_METHODS:
        options |= _decoding(config, classifier, stage1_classifier)
    elif config.method in TEACHER_METHODS:
        options |= _distillation(config, classifier, stage1_classifier)
    elif config.method in QUALITY_METHODS:
        decoder = build_decoder(
            config.decoder_network, config.image_size, config.memory_saving
        )
        options |= _around(decoder, config, classifier)
    else:
        options |= _OPTIONS.get(config.method, lambda config: {})(config)
    return methods.get(config.method)(classifier, name="method", **options)


def _margin(config: TrainConfig) -> margins.Margin:
    _, usual, _ = margins.MARGINS[config.margin_loss]
    return margins.Margin(
        config.margin_loss, config.margin or usual, config.logit_scale
    )


_OPTIONS = {
    "augmix": lambda config: {"consistency_weight": config.consistency_weight},
    "ant": lambda config: {
        "noise_deviation": config.noise_deviation,
        "generator_rate": config.generator_rate,
    },
    "auxtraining": lambda config: {
        "num_views": extras.num_corrupted_views(config.corruptions),
        "auxiliary_weight": config.auxiliary_weight,
        "merging_epoch": config.merging_epoch,
    },
}


def _decoding(
    config: TrainConfig, classifier: keras.Model, stage1: pathlib.Path
) -> dict:
    """A method's arguments around the inverse of stage 1."""
    num_classes = classifier.output_shape[-1]
    decoder = load_decoder(
        stage1,
        config.image_size,
        num_classes,
        memory_saving=config.memory_saving,
        downscale=config.decoder_downscale,
    )
    return _around(decoder, config, classifier)


def _around(
    decoder: InverseDecoder, config: TrainConfig, classifier: keras.Model
) -> dict:
    """A method's arguments with a decoder and what connects it."""
    return {
        "connector": build_connector(
            classifier.layers[1].output.shape[1:],
            decoder.feature_shape(config.image_size),
        ),
        "decoder": decoder,
        "quality_weight": config.quality_weight,
        "decoder_fraction": config.decoder_fraction,
    }


def _distillation(
    config: TrainConfig, classifier: keras.Model, stage1: pathlib.Path
) -> dict:
    """A method's arguments around stage 1 as the teacher."""
    num_classes = classifier.output_shape[-1]
    options = {
        "teacher": load_teacher(stage1, config.image_size, num_classes),
        "distillation_weight": config.distillation_weight or None,
    }
    if config.method == "kd":
        options["temperature"] = config.temperature
    if config.method == "fitnet":
        options["hint_norm"] = config.hint_norm
    return options


def learning_rates(config: TrainConfig, steps_per_epoch: int) -> StepDecay:
    """Returns the run's learning rate as a function of the step."""
    return StepDecay(
        config.scaled_learning_rate,
        config.decay_boundaries(steps_per_epoch),
        config.decay_factor,
        round(config.warmup_epochs * steps_per_epoch),
    )


def compile_method(
    method: Method, config: TrainConfig, steps_per_epoch: int
) -> None:
    """Gives the method its optimizer."""
    optimizer = KernelDecaySGD(
        learning_rates(config, steps_per_epoch),
        momentum=config.momentum,
        kernel_decay=config.weight_decay,
        name="sgd",
    )
    # Sync needs nothing else: the layers look at it in every call.
    set_synchronized(method, config.sync_batch_norm)
    method.accumulation_steps = config.accumulation_steps
    # JAX without its compiler runs operation by operation: a step of
    # resnet_small took 350 ms instead of 11 on two CPU cores.
    jit_compile = config.jit_compile or keras.backend.backend() == "jax"
    optimizer = scaled(optimizer, config)
    method.compile(
        optimizer=optimizer,
        jit_compile=jit_compile,
        steps_per_execution=config.steps_per_execution,
    )
    optimizer.build(method.trainable_weights)
