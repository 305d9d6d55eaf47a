"""Exports a run's classifier, without its decoder, for deployment.

python -m qualnet_tf.export --run_dir=runs/quickstart/qualnet
python -m qualnet_tf.export --run_dir=runs/quickstart/qualnet \\
  --formats=saved_model,tflite,keras,onnx --quality_head
"""

from qualnet_tf import experiment_flags
from qualnet_tf.config import ExportConfig


def main(config: ExportConfig) -> None:
    """Writes the next version and says where; a current one is kept."""
    import os
    import sys

    from qualnet_tf.exporters.run_export import export_run
    from qualnet_tf.reports import model_card
    from qualnet_tf.run_dir import RunDir
    from qualnet_tf.training import calibration_pictures

    folder = export_run(
        config,
        calibration_pictures.calibration_batches,
        calibration_pictures.NAMES,
        model_card.render,
    )
    print(f"export: {folder}")
    if "saved_model" in config.formats:
        example = RunDir(config.run_dir).example_picture
        picture = example if example.is_file() else "PICTURE"
        python = os.path.relpath(sys.executable)
        print(
            f"classify a picture: {python} -m qualnet_tf.predict "
            f"--export_dir={folder} --image={picture}"
        )


if __name__ == "__main__":
    experiment_flags.run_program(ExportConfig, main)
