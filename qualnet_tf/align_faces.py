"""Cuts the faces out of pictures, aligned to 112x112 pixels.

python -m qualnet_tf.align_faces pictures aligned
"""

from qualnet_tf import experiment_flags
from qualnet_tf.config import AlignFacesConfig


def main(config: AlignFacesConfig) -> None:
    """Writes the aligned copies and says what became of the pictures."""
    import pathlib

    from qualnet_tf.datasets import aligned_copy, face_detection

    counts = aligned_copy.align_folder(
        config.input_dir,
        config.output_dir,
        face_detection.load_detector(),
        keep_undetected=config.undetected == "whole",
    )
    report = pathlib.Path(config.output_dir) / aligned_copy.REPORT
    print(
        f"aligned: {counts.written} faces written, {counts.kept} were there, "
        f"{len(counts.undetected)} pictures without a face and "
        f"{len(counts.unreadable)} unreadable ones, listed in {report}"
    )


if __name__ == "__main__":
    experiment_flags.run_program(
        AlignFacesConfig, main, positional=("input_dir", "output_dir")
    )
