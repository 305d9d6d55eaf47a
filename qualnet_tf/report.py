"""Writes one HTML page about evaluated runs, readable without a network.

python -m qualnet_tf.report --run_dir=runs/naive,runs/qualnet
python -m qualnet_tf.report --run_dir=runs/naive,runs/qualnet --table=2
python -m qualnet_tf.report --run_dir=runs/faces/naive --faces
"""

from qualnet_tf import experiment_flags
from qualnet_tf.config import ReportConfig


def main(config: ReportConfig) -> None:
    """Writes the page and says where, or prints a table."""
    import pathlib

    from qualnet_tf.reports import figure_files, page
    from qualnet_tf.run_dir import RunDir, write_text

    if config.table:
        _print_table(config)
        return
    if config.faces:
        _write_face_page(config)
        return
    runs = [page.load_run(pathlib.Path(path)) for path in config.run_dir]
    output = pathlib.Path(config.output or RunDir(config.run_dir[-1]).report)
    write_text(output, page.build_page(runs))
    print(f"report: {output}")
    if config.figures:
        folder = output.parent / "figures"
        files = figure_files.save_figures(page.build_panels(runs), folder)
        print(f"figures: {len(files)} in {folder}")


def _write_face_page(config: ReportConfig) -> None:
    import pathlib

    from qualnet_tf.reports import face_page, face_tables
    from qualnet_tf.run_dir import RunDir, write_text

    runs = [face_tables.load_face_run(path) for path in config.run_dir]
    default = RunDir(config.run_dir[-1]).face_report
    output = pathlib.Path(config.output or default)
    write_text(output, face_page.build_face_page(runs))
    print(f"report: {output}")


def _print_table(config: ReportConfig) -> None:
    import pathlib

    from qualnet_tf.reports import face_tables, page, paper_tables
    from qualnet_tf.reports.published_faces import FACE_TABLES
    from qualnet_tf.reports.table_formats import render

    number = int(config.table)
    if number in FACE_TABLES:
        runs = [face_tables.load_face_run(path) for path in config.run_dir]
        table = face_tables.face_table(number, runs)
    else:
        runs = [page.load_run(pathlib.Path(path)) for path in config.run_dir]
        table = paper_tables.paper_table(number, runs)
    print(render(table, config.format), end="")


if __name__ == "__main__":
    experiment_flags.run_program(ReportConfig, main, uses_tensorflow=False)
