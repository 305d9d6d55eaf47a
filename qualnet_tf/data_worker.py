"""Runs a part of the data service that decodes and corrupts for `train`.

python -m qualnet_tf.data_worker --role=dispatcher --port=5050 \\
  --workers=localhost:5051,localhost:5052
python -m qualnet_tf.data_worker --role=worker --port=5051 \\
  --dispatcher=localhost:5050 --address=localhost:5051
"""

from qualnet_tf import experiment_flags
from qualnet_tf.config import DataWorkerConfig


def main(config: DataWorkerConfig) -> None:
    """Runs until it is told to stop."""
    from qualnet_tf.datasets import data_servers

    if config.role == "dispatcher":
        data_servers.run_dispatcher(
            config.port, config.workers, config.work_dir
        )
    else:
        data_servers.run_worker(config.port, config.dispatcher, config.address)


if __name__ == "__main__":
    experiment_flags.run_program(DataWorkerConfig, main)
