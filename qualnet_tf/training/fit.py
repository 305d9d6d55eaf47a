"""Trains a run from its configuration, from the start or where it stopped."""

import contextlib
import time
from typing import NamedTuple

import keras

from qualnet_tf.config import TrainConfig
from qualnet_tf.datasets.source import ImageSource
from qualnet_tf.methods.method import Method
from qualnet_tf.run_dir import RunDir
from qualnet_tf.training import build, inputs
from qualnet_tf.training.agreement import check_agreement
from qualnet_tf.training.checkpoints import Checkpoints
from qualnet_tf.training.precision import set_precision
from qualnet_tf.training.preemption import PreemptedError, StopRequests
from qualnet_tf.training.replicas import Replicas, open_replicas
from qualnet_tf.training.run_lock import run_lock
from qualnet_tf.training.run_record import (
    check_same_config,
    finish_run,
    start_run,
)
from qualnet_tf.training.start import start_from_run
from qualnet_tf.training.steps import take_steps


class Opened(NamedTuple):
    """A run's data.

    Attributes:
        source: The training split, or this worker's part of it.
        validation: The validation split.
        steps_per_epoch: Steps of one pass.
    """

    source: ImageSource
    validation: ImageSource
    steps_per_epoch: int


def train(config: TrainConfig, flagfile: str) -> None:
    """Trains until the configured end and leaves a finished run folder.

    Starting it again continues from the last checkpoint; a finished run is
    left as it is. One process at a time trains a run, or the workers of one
    cluster, the first of which alone writes. SIGTERM saves at the end of the
    step and ends without an error.

    Args:
        config: The run.
        flagfile: The same as a flagfile, for `flags.txt`.

    Raises:
        ValueError: If data, stage-1 run, run folder or cluster do not fit.
        FloatingPointError: If the loss stops being a finite number.
        OSError: If a file cannot be written, or read any more.
    """
    run = RunDir(config.run_dir)
    with StopRequests() as requests, contextlib.ExitStack() as stack:
        try:
            _train(run, config, flagfile, requests, stack)
        except PreemptedError as stop:
            _say_stopped(run, stop.step)
        except Exception:
            # Raised while TensorFlow traced a function, the request comes out
            # as another error.
            if requests.in_steps or not requests.requested:
                raise
            _say_stopped(run, None)


def _say_stopped(run: RunDir, step: int | None) -> None:
    saved = "before the first step"
    if step is not None:
        saved = f"after step {step}, which is saved"
    print(
        f"{run.path}: asked to stop, stopped {saved}; start again to continue"
    )


def _train(
    run: RunDir,
    config: TrainConfig,
    flagfile: str,
    requests: StopRequests,
    stack: contextlib.ExitStack,
) -> None:
    """As `train`; locks and settings that end with it are on the stack."""
    if config.strategy != "multi_worker" and _is_done(run, config):
        return
    replicas = open_replicas(config)
    requests.listen()
    if _chief_says(replicas, lambda: _is_done(run, config)):
        return
    # A new folder is made and locked when all that can fail is behind.
    is_new = not run.path.is_dir()

    def lock():
        if replicas.is_chief:
            stack.enter_context(run_lock(run.path))

    if not is_new:
        replicas.together(lock)
    stack.enter_context(settings(config))
    opened = replicas.together(lambda: open_data(config, replicas))
    method = build_parts(run, config, opened, replicas)
    check_agreement(config, opened[:2], method, replicas)
    if is_new:
        replicas.together(lock)
    # Another process may have trained it in the meantime.
    if _chief_says(replicas, lambda: _is_done(run, config)):
        return

    def record():
        if replicas.is_chief:
            start_run(run, config, flagfile, method, *opened[:2], replicas)
            print(describe_batch(config, replicas.count))

    replicas.together(record)
    started = time.monotonic()
    take_steps(run, config, method, replicas, requests, *opened)
    seconds = time.monotonic() - started
    replicas.together(
        lambda: replicas.is_chief and finish_run(run, method, seconds)
    )


def open_data(config: TrainConfig, replicas: Replicas) -> Opened:
    """Opens both splits and counts the steps.

    Raises:
        ValueError: If the data set does not fit.
    """
    source = inputs.open_split(config, "train", replicas.share)
    validation = inputs.open_split(config, "validation")
    steps = inputs.count_steps(config, source.num_examples, replicas.share)
    return Opened(source, validation, steps)


def build_parts(
    run: RunDir, config: TrainConfig, opened: Opened, replicas: Replicas
) -> Method:
    """Builds the method where every replica has its variables."""
    known = run.stage1_classifier
    with replicas.scope():
        method = build.build_method(
            config,
            len(opened.source.class_names),
            known if known.is_file() else None,
            run.read_chosen_filters(),
        )
        fresh = not Checkpoints(run.checkpoints).paths()
        if config.initial_run_dir and fresh:
            start_from_run(method, RunDir(config.initial_run_dir))
        build.compile_method(method, config, opened.steps_per_epoch)
    return method


def _chief_says(replicas: Replicas, question) -> bool:
    """Whether the chief answers yes, on every worker."""
    own = replicas.together(lambda: replicas.is_chief and question())
    return bool(replicas.gather([bool(own)])[0, 0])


def _is_done(run: RunDir, config: TrainConfig) -> bool:
    """Whether the run has finished, and says so.

    Raises:
        ValueError: If the folder is another run's, or something else.
    """
    check_same_config(run, config)
    if not run.run_info.is_file() or run.read_info()["status"] != "finished":
        return False
    print(f"{run.path}: already trained, nothing to do")
    return True


@contextlib.contextmanager
def settings(config: TrainConfig):
    """Seeds and precision, which hold for the process; the latter ends."""
    before = keras.config.dtype_policy()
    seed_everything(config)
    set_precision(config)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
        if keras.backend.backend() == "jax":
            keras.distribution.set_distribution(None)


def seed_everything(config: TrainConfig) -> None:
    """Seeds the weights and, if asked, makes every op deterministic."""
    keras.utils.set_random_seed(config.seed)
    if config.deterministic and keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()


def describe_batch(config: TrainConfig, num_replicas: int = 1) -> str:
    """Returns a line with the batch, the replicas and what they change."""
    line = f"{config.batch_size} images a step on {num_replicas} replica"
    if num_replicas > 1:
        line += f"s of {config.batch_size // num_replicas}"
    if config.recipe_batch_size in (0, config.batch_size):
        return line
    return (
        f"{line}, {config.recipe_batch_size} in the recipe: learning rate "
        f"{config.scaled_learning_rate:g} instead of {config.learning_rate:g}"
    )
