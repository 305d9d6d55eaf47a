"""Opens a page on which a picture is corrupted and classified by runs.

python -m qualnet_tf.demo --run_dir=runs/vanilla,runs/naive,runs/qualnet
"""

from qualnet_tf import experiment_flags
from qualnet_tf.config import DemoConfig


def main(config: DemoConfig) -> None:
    """Serves the page until it is interrupted."""
    from qualnet_tf.demonstration import page
    from qualnet_tf.demonstration.tried_runs import load_runs
    from qualnet_tf.reports.tables import HONEST_SENTENCES

    page.import_gradio()
    tried = load_runs(config.run_dir)
    page.launch(page.build(tried, HONEST_SENTENCES), config.host, config.port)


if __name__ == "__main__":
    experiment_flags.run_program(DemoConfig, main)
