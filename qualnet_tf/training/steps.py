"""The steps of a run that are left: where they begin, what goes with them."""

import numpy as np

from qualnet_tf.config import TrainConfig
from qualnet_tf.datasets.source import ImageSource
from qualnet_tf.datasets.validation import validation_batches
from qualnet_tf.methods.method import Method
from qualnet_tf.run_dir import RunDir
from qualnet_tf.training import build, inputs
from qualnet_tf.training.callbacks import (
    CheckpointEvery,
    MetricsTable,
    NonFiniteGuard,
    Progress,
    RestoredMetrics,
)
from qualnet_tf.training.checkpoints import (
    Checkpoints,
    assign,
    assign_metrics,
    metrics_of,
    read_arrays,
)
from qualnet_tf.training.events import Events
from qualnet_tf.training.failures import explained
from qualnet_tf.training.keras_fit import KerasFit
from qualnet_tf.training.loop import TrainingLoop
from qualnet_tf.training.memory import QuickCollection
from qualnet_tf.training.preemption import StopRequests, StopWhenAsked
from qualnet_tf.training.replicas import Replicas
from qualnet_tf.training.statistics import StatisticsMean
from qualnet_tf.training.step_count import StepCount


def take_steps(
    run: RunDir,
    config: TrainConfig,
    method: Method,
    replicas: Replicas,
    requests: StopRequests,
    source: ImageSource,
    validation: ImageSource,
    steps_per_epoch: int,
) -> None:
    """Runs the remaining steps, from the newest checkpoint on."""
    checkpoints = Checkpoints(run.checkpoints, writes=replicas.is_chief)
    step, arrays = _restore(checkpoints, method, replicas)
    total = config.total_steps(steps_per_epoch)
    validation_epochs = config.validation_epochs or config.passes(
        steps_per_epoch
    )
    held_out = validation_batches(
        validation,
        batch_size=config.batch_size,
        image_size=config.image_size,
        share=replicas.share,
        joined_replicas=replicas.count if replicas.strategy is None else 1,
    )
    average = StatisticsMean(method, replicas)
    engine = _engine(config, method, replicas, requests, average)
    steps = StepCount(step)
    num_done, rest = divmod(step, steps_per_epoch)
    num_done += bool(rest) and step == total
    table = MetricsTable(run.metrics, num_done, steps)
    summed = metrics_of(arrays)
    if step and (rest == 0 or step == total):
        # Killed since, an epoch may have no row yet.
        if replicas.gather([table.last_epoch < num_done])[0, 0]:
            rates = build.learning_rates(config, steps_per_epoch)
            table.learning_rate = float(rates((num_done - 1) * steps_per_epoch))
            due = num_done % validation_epochs == 0
            logs = _end_of_epoch(
                method, engine, summed, held_out if due else None
            )
            if replicas.is_chief:
                table.on_epoch_end(num_done - 1, logs)
        summed = {}
    saver = CheckpointEvery(
        checkpoints, config.checkpoint_steps, steps, before=average
    )
    progress = Progress(run.name, total, steps)
    shown = [table, Events(run.events), progress]
    with explained(steps, replicas):
        engine.run(
            lambda start: inputs.training_batches(
                config, source, start, share=replicas.share
            ),
            held_out,
            [
                steps,
                RestoredMetrics(summed),
                NonFiniteGuard(steps),
                saver,
                *(shown if replicas.is_chief else ()),
                QuickCollection(),
                StopWhenAsked(requests, saver, lambda: engine.asked),
            ],
            step=step,
            total_steps=total,
            steps_per_epoch=steps_per_epoch,
            validation_epochs=validation_epochs,
        )
    progress.close()


def _engine(
    config: TrainConfig,
    method: Method,
    replicas: Replicas,
    requests: StopRequests,
    average: StatisticsMean,
) -> TrainingLoop | KerasFit:
    if replicas.strategy is None:
        return KerasFit(method, requests)
    return TrainingLoop(
        method,
        replicas,
        requests,
        average,
        steps_per_execution=config.steps_per_execution,
        jit_compile=config.jit_compile,
    )


def _restore(
    checkpoints: Checkpoints, method: Method, replicas: Replicas
) -> tuple[int, dict[str, np.ndarray]]:
    """Gives every worker the chief's newest checkpoint; 0 without one."""
    own = read_arrays(method)
    step, arrays = replicas.together(
        lambda: checkpoints.read(own) if replicas.is_chief else (0, own)
    )
    step = int(replicas.gather([step])[0, 0])
    if step:
        arrays = replicas.from_chief(arrays)
        assign(method, arrays)
    return step, arrays if step else {}


def _end_of_epoch(
    method: Method, engine, summed: dict[str, np.ndarray], held_out
) -> dict[str, float]:
    """What was not written any more when a start was killed: an epoch's row."""
    assign_metrics(method, summed)
    logs = engine.results()
    if held_out is not None:
        logs |= engine.validate(held_out)
    # As Keras hands them to callbacks.
    return dict(sorted(logs.items()))
