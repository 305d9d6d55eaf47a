"""Writes one HTML page about evaluated runs, readable without a network.

python -m qualnet_tf.report --run_dir=runs/naive,runs/qualnet
"""

from qualnet_tf import experiment_flags
from qualnet_tf.config import ReportConfig


def main(config: ReportConfig) -> None:
    """Writes the page and says where."""
    import pathlib

    from qualnet_tf.reports import page
    from qualnet_tf.run_dir import RunDir, write_text

    runs = [page.load_run(pathlib.Path(path)) for path in config.run_dir]
    output = pathlib.Path(config.output or RunDir(config.run_dir[-1]).report)
    write_text(output, page.build_page(runs))
    print(f"report: {output}")


if __name__ == "__main__":
    experiment_flags.run_program(ReportConfig, main, uses_tensorflow=False)
