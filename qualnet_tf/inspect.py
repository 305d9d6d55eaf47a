"""Prints what a run's parts cost and how well its network runs backwards.

python -m qualnet_tf.inspect --run_dir=runs/quickstart/qualnet
"""

from qualnet_tf import experiment_flags
from qualnet_tf.config import InspectConfig


def main(config: InspectConfig) -> None:
    """Inspects the run and prints its tables; writes nothing."""
    from qualnet_tf.evaluation import inspection, inspection_text

    print(inspection_text.render(inspection.inspect_run(config)))


if __name__ == "__main__":
    experiment_flags.run_program(InspectConfig, main)
