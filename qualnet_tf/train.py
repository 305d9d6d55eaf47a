"""Trains one run: stage 1, stage 2 or a baseline.

python -m qualnet_tf.train --flagfile=configs/quickstart/qualnet.flags
"""

import os
import signal

from qualnet_tf import experiment_flags
from qualnet_tf.config import TrainConfig


def main(config: TrainConfig) -> None:
    """Trains the run, or one batch of it with --dry_run."""
    if config.dry_run:
        from qualnet_tf.training import dry_run

        logs = dry_run.dry_run(config)
        print("one batch:", ", ".join(f"{k} {v:.4f}" for k, v in logs.items()))
        return
    from qualnet_tf.training import fit

    fit.train(config, experiment_flags.to_flagfile(config))


if __name__ == "__main__":
    # While TensorFlow is imported there is nothing to save, and an exception
    # would not get through; later `training.preemption` listens.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    experiment_flags.run_program(TrainConfig, main)
