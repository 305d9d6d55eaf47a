"""Classifies picture files with an exported model.

python -m qualnet_tf.predict --run_dir=runs/quickstart/qualnet --image=a.png
"""

from qualnet_tf import experiment_flags
from qualnet_tf.config import PredictConfig


def main(config: PredictConfig) -> None:
    """Prints the most probable classes of each picture."""
    from qualnet_tf.exporters import prediction
    from qualnet_tf.run_dir import RunDir

    folder = config.export_dir or RunDir(config.run_dir).exports
    predictor = prediction.load_predictor(folder)
    for found in prediction.predict_files(
        predictor, config.image, config.top_k
    ):
        answers = zip(found.labels, found.probabilities, strict=True)
        text = ", ".join(f"{label} {share:.1%}" for label, share in answers)
        turned = ""
        if found.orientation != 1:
            turned = f" (turned upright, EXIF orientation {found.orientation})"
        print(f"{found.path}: {text}{turned}")


if __name__ == "__main__":
    experiment_flags.run_program(PredictConfig, main)
