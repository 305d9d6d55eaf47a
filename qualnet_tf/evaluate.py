"""Measures finished runs on clean and corrupted validation images.

python -m qualnet_tf.evaluate --run_dir=runs/quickstart/qualnet
"""

from qualnet_tf import experiment_flags
from qualnet_tf.config import EvaluateConfig


def main(config: EvaluateConfig) -> None:
    """Evaluates the runs and prints their table."""
    from qualnet_tf.evaluation import classification, results
    from qualnet_tf.reports import tables
    from qualnet_tf.run_dir import RunDir

    classification.evaluate(config)
    found = [results.load(RunDir(path).results) for path in config.run_dir]
    print(tables.terminal_table(found))


if __name__ == "__main__":
    experiment_flags.run_program(EvaluateConfig, main)
