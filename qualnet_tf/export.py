"""Exports a run's classifier, without its decoder, as a SavedModel.

python -m qualnet_tf.export --run_dir=runs/quickstart/qualnet
"""

from qualnet_tf import experiment_flags
from qualnet_tf.config import ExportConfig


def main(config: ExportConfig) -> None:
    """Writes the next version and says where; a current one is kept."""
    import os
    import pathlib
    import sys

    from qualnet_tf.exporters import versions
    from qualnet_tf.exporters.saved_model import export_saved_model
    from qualnet_tf.models.saving import load_model
    from qualnet_tf.run_dir import RunDir

    run = RunDir(config.run_dir)
    info = run.read_finished_info()
    output_dir = pathlib.Path(config.output_dir or run.exports)
    trained = run.classifier.stat().st_mtime
    folder = versions.newest_since(output_dir, trained)
    if folder is None:
        classifier = load_model(run.classifier)
        folder = export_saved_model(
            classifier,
            info["class_names"],
            output_dir,
            classifier.input_shape[1],
        )
    print(f"export: {folder}")
    example = run.example_picture
    picture = example if example.is_file() else "PICTURE"
    print(
        f"classify a picture: {os.path.relpath(sys.executable)} -m "
        f"qualnet_tf.predict --export_dir={folder} --image={picture}"
    )


if __name__ == "__main__":
    experiment_flags.run_program(ExportConfig, main)
