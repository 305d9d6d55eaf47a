"""Trains small runs over replicas, in a process of their own.

python -m tests.training.replica_runs FOLDER STRATEGY NUM_DEVICES STAGE1

Logical processors must be made before TensorFlow starts. Validation has 33
images, which no even number of replicas can share. What must fail says so on
standard output.
"""

import os
import pathlib
import sys

BATCH = 32
SHARED = {
    "dataset": "digits",
    "max_train_images": 100,
    "image_size": 16,
    "augmentation": "shift",
    "backbone": "resnet_tiny",
    "batch_size": BATCH,
    "num_epochs": 2,
    "decay_epochs": (1,),
    "learning_rate": 0.05,
    "clean_fraction": 0.5,
    "corruptions": ("gaussian_noise", "contrast"),
    "deterministic": True,
    "sync_batch_norm": True,
    "checkpoint_steps": 2,
}


def make_devices(num_devices: int) -> None:
    if os.environ.get("KERAS_BACKEND") == "jax":
        count = f"--xla_force_host_platform_device_count={num_devices}"
        os.environ["XLA_FLAGS"] = count
        return
    import tensorflow as tf

    tf.config.set_logical_device_configuration(
        tf.config.list_physical_devices("CPU")[0],
        [tf.config.LogicalDeviceConfiguration()] * num_devices,
    )


def main(root: str, strategy: str, num_devices: str, stage1: str) -> None:
    make_devices(int(num_devices))
    from qualnet_tf.config import TrainConfig
    from qualnet_tf.experiment_flags import to_flagfile
    from qualnet_tf.training import fit, inputs

    open_split = inputs.open_split
    training_batches = inputs.training_batches
    known = []

    def open_small(config, split, share=None, validation_images=33):
        if split == "train":
            return open_split(config, split, share)
        from qualnet_tf.datasets import open_source

        return open_source("digits", split, max_images=validation_images)

    def open_once(config):
        # A process joins its cluster once.
        if not known:
            known.append(open_replicas(config))
        return known[0]

    def run(name, **values):
        folder = pathlib.Path(root) / name
        config = TrainConfig(
            run_dir=str(folder), strategy=strategy, **{**SHARED, **values}
        )
        fit.train(config, to_flagfile(config))

    def fails(name, **values):
        try:
            run(name, **values)
        except (ValueError, FloatingPointError) as error:
            print(f"{name}: {error}", flush=True)

    open_replicas = fit.open_replicas
    fit.open_replicas = open_once
    inputs.open_split = open_small
    if not pathlib.Path(stage1).exists():
        run(
            pathlib.Path(stage1).name,
            backbone="irevnet_tiny",
            clean_fraction=1.0,
            num_epochs=1,
            decay_epochs=(),
        )
    if strategy == "multi_worker":
        # Worker 1 has fewer images than the others.
        def open_unequal(config, split, share=None):
            few = 33 - (open_once(config).worker == 1)
            return open_small(config, split, share, few)

        inputs.open_split = open_unequal
        fails("unequal")
        inputs.open_split = open_small
    run("supervised")
    run("invertible", backbone="irevnet_tiny", clean_fraction=1.0)
    run(
        "qualnet",
        method="qualnet",
        quality_weight=0.5,
        stage1_run_dir=stage1,
    )
    if strategy != "none" and os.environ.get("KERAS_BACKEND") != "jax":
        import tensorflow as tf

        def broken(*args, **options):
            """The last replica's images of step 3 are not finite."""
            pieces = training_batches(*args, **options).enumerate()
            share = options["share"]
            last = 2 * share.local_replicas + share.local_replicas - 1
            ours = share.worker == share.num_workers - 1

            def spoil(place, batch):
                factor = tf.where(ours & (place == last), float("nan"), 1.0)
                return {**batch, "image": batch["image"] * factor}

            return pieces.map(spoil)

        inputs.training_batches = broken
        fails("broken", checkpoint_steps=1)


if __name__ == "__main__":
    main(*sys.argv[1:])
