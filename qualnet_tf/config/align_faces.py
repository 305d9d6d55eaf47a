"""Knobs of `align_faces`."""

import dataclasses

from qualnet_tf.knobs import Config, knob, require


@dataclasses.dataclass(frozen=True, kw_only=True)
class AlignFacesConfig(Config):
    """Faces cut out along the 112x112 template."""

    input_dir: str = knob("", "folder with pictures at any depth", path=True)
    output_dir: str = knob(
        "", "folder for the aligned copies, outside of it", path=True
    )
    undetected: str = knob(
        "skip",
        "what becomes of a picture without a face: it is left out, or written "
        "whole and resized, as evaluations of TinyFace do; listed either way",
        choices=("skip", "whole"),
    )

    def check(self) -> None:
        require(self, "input_dir", "name the folder of the pictures")
        require(self, "output_dir", "name a folder for the aligned copies")
