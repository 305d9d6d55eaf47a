"""Prints what a run's parts cost and how well its network runs backwards.

python -m qualnet_tf.inspect --run_dir=runs/quickstart/qualnet
"""

import sys

from qualnet_tf import experiment_flags
from qualnet_tf.config import InspectConfig


def main(config: InspectConfig) -> None:
    """Inspects the run and prints its tables; writes nothing."""
    from qualnet_tf.evaluation import inspection, inspection_text

    def announce(line: str) -> None:
        # A network of 100 blocks at 224 pixels takes minutes.
        print(line, file=sys.stderr, flush=True)

    found = inspection.inspect_run(config, announce)
    print(inspection_text.render(found))


if __name__ == "__main__":
    experiment_flags.run_program(InspectConfig, main)
