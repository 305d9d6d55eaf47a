"""Serves an export over TensorFlow Serving's REST interface.

python -m qualnet_tf.serve --export_dir=runs/quickstart/qualnet/export \\
  --model_name=qualnet --rest_port=8501
"""

import os

from qualnet_tf import experiment_flags
from qualnet_tf.config import ServeConfig


def main(config: ServeConfig) -> None:
    """Serves until it is told to stop."""
    from qualnet_tf.serving import running

    running.serve(config)


if __name__ == "__main__":
    # Else TensorFlow writes lines about every picture that it refuses.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    experiment_flags.run_program(ServeConfig, main)
