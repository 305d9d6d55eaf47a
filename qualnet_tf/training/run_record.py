"""What stands in a run's folder beside its checkpoints, before and after."""

import os
import pathlib
import shutil

from qualnet_tf import run_dir as run_files
from qualnet_tf.config import TrainConfig
from qualnet_tf.datasets.source import ImageSource
from qualnet_tf.methods.method import Method
from qualnet_tf.models.saving import save_model
from qualnet_tf.run_dir import RunDir
from qualnet_tf.training.callbacks import best_of
from qualnet_tf.training.precision import set_synchronized
from qualnet_tf.training.replicas import Replicas
from qualnet_tf.training.run_info import describe_environment

# What may differ when a run goes on: it changes where and how fast.
_MAY_CHANGE = (
    "run_dir",
    "strategy",
    "join_seconds",
    "data_service",
    "steps_per_execution",
)


def check_same_config(run: RunDir, config: TrainConfig) -> None:
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
        if old != new and name not in _MAY_CHANGE:
            raise ValueError(
                f"{run.path}: expected --{name}={old}, with which this run "
                f"was made, received {new}; choose another --run_dir"
            )


def start_run(
    run: RunDir,
    config: TrainConfig,
    flagfile: str,
    method: Method,
    source: ImageSource,
    validation: ImageSource,
    replicas: Replicas,
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
        "replica_count": replicas.count,
        "worker_count": replicas.num_workers,
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


def finish_run(run: RunDir, method: Method, seconds: float) -> None:
    """Saves the models and marks the run as finished."""
    # What is deployed asks no other replica.
    set_synchronized(method, False)
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
    info |= best_of(run.metrics)
    info["status"] = "finished"
    # Since the last start: one that was killed did not live to say.
    info["seconds"] = round(seconds, 1)
    run_files.write_json(run.run_info, info)
