r"""Measures runs and other classifiers on clean and corrupted images.

python -m qualnet_tf.evaluate --run_dir=runs/quickstart/qualnet
python -m qualnet_tf.evaluate --model=net.keras --output_dir=results \
  --dataset=folder --data_dir=pictures
"""

from qualnet_tf import experiment_flags
from qualnet_tf.config import EvaluateConfig


def main(config: EvaluateConfig) -> None:
    """Evaluates the runs and prints their table."""
    from qualnet_tf.evaluation import classification, results
    from qualnet_tf.reports import tables

    runs = classification.evaluate(config)
    paths = [run.results for run in runs]
    if config.adapt_batch_norm:
        paths += [run.adapted_results for run in runs]
    found = [results.load(path) for path in paths]
    print(tables.terminal_table(found))


if __name__ == "__main__":
    experiment_flags.run_program(EvaluateConfig, main)
