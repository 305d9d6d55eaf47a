r"""Measures runs and other classifiers on clean and corrupted images.

python -m qualnet_tf.evaluate --run_dir=runs/quickstart/qualnet
python -m qualnet_tf.evaluate --model=net.keras --output_dir=results \
  --dataset=folder --data_dir=pictures
"""

from qualnet_tf import experiment_flags
from qualnet_tf.config import EvaluateConfig


def main(config: EvaluateConfig) -> None:
    """Evaluates the classifiers and prints their table."""
    from qualnet_tf.evaluation import classification
    from qualnet_tf.reports import (
        deployment_table,
        precision_loss,
        seed_table,
        tables,
    )
    from qualnet_tf.reports.run_report import load_run, with_adapted

    folders = classification.evaluate(config)
    runs = [load_run(folder.path) for folder in folders]
    if config.adapt_batch_norm:
        runs = with_adapted(runs)
    print(tables.terminal_table([run.results for run in runs]))
    cost = deployment_table.deployment_table(runs)
    losses = precision_loss.loss_table(runs)
    print(deployment_table.deployment_text(cost), end="")
    print(precision_loss.loss_text(losses), end="")
    for line in seed_table.seed_lines(seed_table.seed_table(runs)):
        print(line)


if __name__ == "__main__":
    experiment_flags.run_program(EvaluateConfig, main)
