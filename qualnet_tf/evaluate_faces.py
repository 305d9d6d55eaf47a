r"""Measures face networks: verification and identification at resolutions.

python -m qualnet_tf.evaluate_faces --run_dir=runs/faces/qualnet50_lm \
  --pairs=agedb_30.bin,cfp_fp.bin --identification=tinyface
"""

from qualnet_tf import experiment_flags
from qualnet_tf.config import EvaluateFacesConfig


def main(config: EvaluateFacesConfig) -> None:
    """Evaluates the runs and prints their tables."""
    from qualnet_tf.evaluation import faces
    from qualnet_tf.reports import face_text

    print(face_text.face_text(faces.evaluate_faces(config)), end="")


if __name__ == "__main__":
    experiment_flags.run_program(EvaluateFacesConfig, main)
