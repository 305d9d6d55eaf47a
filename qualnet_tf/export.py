"""Exports a run's classifier, without its decoder, for deployment.

python -m qualnet_tf.export --run_dir=runs/quickstart/qualnet
python -m qualnet_tf.export --run_dir=runs/quickstart/qualnet \\
  --formats=saved_model,tflite,keras,onnx --quality_head
python -m qualnet_tf.export --run_dir=runs/faces/qualnet50_lm --embedding
"""

from qualnet_tf import experiment_flags
from qualnet_tf.config import ExportConfig


def main(config: ExportConfig) -> None:
    """Writes the next version and says where; a current one is kept."""
    import os
    import sys

    if config.embedding:
        _export_embedding(config)
        return
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


def _export_embedding(config: ExportConfig) -> None:
    from qualnet_tf.exporters.embedding_export import export_embedding
    from qualnet_tf.reports import embedding_card
    from qualnet_tf.training import calibration_pictures

    folder = export_embedding(
        config,
        calibration_pictures.calibration_batches,
        calibration_pictures.NAMES,
        embedding_card.render,
    )
    print(f"export: {folder}")


if __name__ == "__main__":
    experiment_flags.run_program(ExportConfig, main)
