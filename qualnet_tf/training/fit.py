"""Trains a run from its configuration, from the start or where it stopped."""

import contextlib
import os
import pathlib
import shutil
import time

import keras

from qualnet_tf import run_dir as run_files
from qualnet_tf.config import TrainConfig
from qualnet_tf.datasets import pipeline
from qualnet_tf.datasets.source import ImageSource
from qualnet_tf.methods.method import Method
from qualnet_tf.models.saving import save_model
from qualnet_tf.run_dir import RunDir
from qualnet_tf.training import build, inputs
from qualnet_tf.training.callbacks import (
    CheckpointEvery,
    MetricsTable,
    NonFiniteGuard,
    Progress,
)
from qualnet_tf.training.checkpoints import Checkpoints
from qualnet_tf.training.epoch_spans import epoch_spans
from qualnet_tf.training.preemption import (
    PreemptedError,
    StopRequests,
    StopWhenAsked,
)
from qualnet_tf.training.run_info import describe_environment
from qualnet_tf.training.run_lock import run_lock
from qualnet_tf.training.start import start_from_run


def train(config: TrainConfig, flagfile: str) -> None:
    """Trains until the configured end and leaves a finished run folder.

    Starting it again continues from the last checkpoint; a finished run is
    left as it is. One process at a time trains a run. SIGTERM saves at the end
    of the step and ends without an error.

    Args:
        config: The run.
        flagfile: The same as a flagfile, for `flags.txt`.

    Raises:
        ValueError: If data, stage-1 run or run folder do not fit.
        FloatingPointError: If the loss stops being a finite number.
        OSError: If a file cannot be written.
    """
    run = RunDir(config.run_dir)
    with StopRequests() as requests, contextlib.ExitStack() as stack:
        try:
            _train(run, config, flagfile, requests, stack)
        except PreemptedError as stop:
            saved = "before the first step"
            if stop.step is not None:
                saved = f"after step {stop.step}, which is saved"
            print(
                f"{run.path}: asked to stop, stopped {saved}; start again to "
                "continue"
            )


def _train(
    run: RunDir,
    config: TrainConfig,
    flagfile: str,
    requests: StopRequests,
    stack: contextlib.ExitStack,
) -> None:
    """As `train`; locks on the run's folder are put on the stack."""
    if _is_done(run, config):
        return
    # A new folder is made and locked when all that can fail is behind.
    is_new = not run.path.is_dir()
    if not is_new:
        stack.enter_context(run_lock(run.path))
    seed_everything(config)
    source = inputs.open_split(config, "train")
    validation = inputs.open_split(config, "validation")
    steps_per_epoch = count_steps(config, source)
    known = run.stage1_classifier
    method = build.build_method(
        config,
        len(source.class_names),
        known if known.is_file() else None,
        run.read_chosen_filters(),
    )
    if config.initial_run_dir and not Checkpoints(run.checkpoints).paths():
        start_from_run(method, RunDir(config.initial_run_dir))
    build.compile_method(method, config, steps_per_epoch)
    if is_new:
        stack.enter_context(run_lock(run.path))
    # Another process may have trained it in the meantime.
    if _is_done(run, config):
        return
    _start_run(run, config, flagfile, method, source, validation)
    print(describe_batch(config))
    started = time.monotonic()
    _fit(run, config, method, source, validation, steps_per_epoch, requests)
    _finish_run(run, method, time.monotonic() - started)


def _is_done(run: RunDir, config: TrainConfig) -> bool:
    """Whether the run has finished, and says so.

    Raises:
        ValueError: If the folder is another run's, or something else.
    """
    _check_same_config(run, config)
    if not run.run_info.is_file() or run.read_info()["status"] != "finished":
        return False
    print(f"{run.path}: already trained, nothing to do")
    return True


def seed_everything(config: TrainConfig) -> None:
    """Seeds the weights and, if asked, makes every op deterministic."""
    keras.utils.set_random_seed(config.seed)
    if config.deterministic and keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()


def count_steps(config: TrainConfig, source: ImageSource) -> int:
    """Returns the full batches in one pass over the training images.

    Raises:
        ValueError: If there is not even one.
    """
    steps = source.num_examples // config.batch_size
    if steps == 0:
        raise ValueError(
            f"expected at least {config.batch_size} training images for one "
            f"batch, received {source.num_examples}; lower --batch_size"
        )
    return steps


def describe_batch(config: TrainConfig) -> str:
    """Returns a line with the batch, the replicas and what they change."""
    line = f"{config.batch_size} images a step on 1 replica"
    if config.recipe_batch_size in (0, config.batch_size):
        return line
    return (
        f"{line}, {config.recipe_batch_size} in the recipe: learning rate "
        f"{config.scaled_learning_rate:g} instead of {config.learning_rate:g}"
    )


def _fit(
    run: RunDir,
    config: TrainConfig,
    method: Method,
    source: ImageSource,
    validation: ImageSource,
    steps_per_epoch: int,
    requests: StopRequests,
) -> None:
    """Runs the remaining steps.

    Keras counts steps from the start of an epoch, so each of `epoch_spans` is
    a `fit` of its own.
    """
    checkpoints = Checkpoints(run.checkpoints)
    step = checkpoints.restore(method)
    epoch = step // steps_per_epoch
    total = config.total_steps(steps_per_epoch)
    progress = Progress(run.name, total, step)
    saver = CheckpointEvery(checkpoints, config.checkpoint_steps)
    callbacks = [
        NonFiniteGuard(),
        saver,
        MetricsTable(run.metrics, epoch),
        keras.callbacks.TensorBoard(run.events, write_graph=False),
        progress,
        StopWhenAsked(requests, saver),
    ]
    held_out = pipeline.evaluation_batches(
        validation, batch_size=config.batch_size, image_size=config.image_size
    )
    num_epochs = config.passes(steps_per_epoch)
    for first, last, steps in epoch_spans(step, total, steps_per_epoch):
        method.fit(
            inputs.training_batches(config, source, step),
            initial_epoch=first,
            epochs=last,
            steps_per_epoch=steps,
            validation_data=held_out,
            validation_freq=config.validation_epochs or num_epochs,
            callbacks=callbacks,
            shuffle=False,
            verbose=0,
        )
        step += (last - first) * steps
    progress.close()


def _check_same_config(run: RunDir, config: TrainConfig) -> None:
    """Refuses a folder that another configuration made."""
    if not run.config.is_file():
        # What a killed start may leave begins with a dot.
        others = [p for p in run.path.glob("*") if p.name[0] != "."]
        if others:
            raise ValueError(
                f"{run.path}: expected a new folder or a run, received a "
                "folder with other files; choose another --run_dir"
            )
        return
    earlier = TrainConfig.from_json(run.config.read_text())
    for name in earlier.__dataclass_fields__:
        old, new = getattr(earlier, name), getattr(config, name)
        if old != new and name != "run_dir":
            raise ValueError(
                f"{run.path}: expected --{name}={old}, with which this run "
                f"was made, received {new}; choose another --run_dir"
            )


def _start_run(
    run: RunDir,
    config: TrainConfig,
    flagfile: str,
    method: Method,
    source: ImageSource,
    validation: ImageSource,
) -> None:
    """Writes what describes the run; nothing exists before all parts do.

    The configuration comes first: by it a start that was killed here is
    recognised as the same run.
    """
    run_files.write_text(run.config, config.to_json())
    if config.stage1_run_dir and not run.stage1_classifier.is_file():
        _link(
            RunDir(config.stage1_run_dir).find_stage1_network(),
            run.stage1_classifier,
        )
    if hasattr(method, "chosen_filters"):
        run_files.write_json(run.chosen_filters, method.chosen_filters)
    run_files.write_text(run.flags, flagfile)
    info = {
        "status": "training",
        "class_names": list(source.class_names),
        "num_classes": len(source.class_names),
        "num_train_images": source.num_examples,
        "num_validation_images": validation.num_examples,
        "num_bad_files": source.num_bad_files + validation.num_bad_files,
        "num_classifier_parameters": method.classifier.count_params(),
        "batch_size": config.batch_size,
        "recipe_batch_size": config.recipe_batch_size or config.batch_size,
        "learning_rate": config.scaled_learning_rate,
        "replica_count": 1,
        "seed": config.seed,
        **describe_environment(),
    }
    run_files.write_json(run.run_info, info)


def _link(source: pathlib.Path, target: pathlib.Path) -> None:
    """Makes the run self-contained, without a copy where links work."""
    with run_files.atomic_file(target) as temporary:
        temporary.unlink()
        try:
            os.link(source, temporary)
        except OSError:
            shutil.copyfile(source, temporary)


def _finish_run(run: RunDir, method: Method, seconds: float) -> None:
    """Saves the models and marks the run as finished."""
    parts = {run.classifier: method.classifier}
    if hasattr(method, "connector"):
        parts[run.connector] = method.connector
        if method.decoder.trainable:
            side = method.classifier.input_shape[1]
            parts[run.decoder] = method.decoder.encoder(side)
    for path, model in parts.items():
        with run_files.atomic_file(path) as temporary:
            save_model(model, temporary)
    info = run.read_info()
    info["status"] = "finished"
    # Since the last start: one that was killed did not live to say.
    info["seconds"] = round(seconds, 1)
    run_files.write_json(run.run_info, info)
