"""Knobs of `corrupt`."""

import dataclasses

from qualnet_tf.config.conditions import (
    CORRUPTION_VARIANTS,
    SEVERITY_TABLES,
    check_severities,
    join,
)
from qualnet_tf.knobs import Config, knob, require

PICTURE_FORMATS = ("png", "jpeg")
COPY_LAYOUTS = ("imagenet_c", "cifar_c")


@dataclasses.dataclass(frozen=True, kw_only=True)
class CorruptConfig(Config):
    """A corrupted copy of a folder or data set, or a preview of one picture."""

    # What is corrupted.
    input_dir: str = knob("", "folder of class folders", path=True)
    dataset: str = knob(
        "",
        "instead of --input_dir: digits, synthetic or a prepared TensorFlow "
        "Datasets classification set",
    )
    data_dir: str = knob(
        "", "folder of prepared TensorFlow Datasets", path=True
    )
    split: str = knob(
        "validation",
        "part of --dataset; validation is its validation split, or else its "
        "test split",
        choices=("train", "validation"),
    )
    max_images: int = knob(0, "use only so many pictures; 0 uses all", lower=0)
    skip_bad_files: bool = knob(
        False,
        "leave out files that are no complete picture, or too small, and "
        "count them",
    )
    # What is written.
    output_dir: str = knob("", "folder of the copy", path=True)
    layout: str = knob(
        "imagenet_c",
        "<corruption>/<severity>/<class>/<file>, or <corruption>.npy with all "
        "five severities and labels.npy",
        choices=COPY_LAYOUTS,
    )
    format: str = knob(
        "png",
        "format of the written files; jpeg is quality 85, 4:2:0, as the "
        "released ImageNet-C",
        choices=PICTURE_FORMATS,
    )
    preview: str = knob(
        "",
        "write no copy but this PNG file, one picture under every corruption "
        "and severity, and an HTML page beside it",
        path=True,
    )
    input_image: str = knob(
        "",
        "picture of the preview; empty takes the first of the input",
        path=True,
    )
    # The corruptions.
    corruptions: tuple[str, ...] = knob(
        ("all",),
        "corruptions to apply, or the groups test (15), holdout (4), "
        "all (19), resolution, interpolations, deepcorrect, auxtraining",
        names="corruptions",
    )
    severities: tuple[int, ...] = knob(
        (1, 2, 3, 4, 5),
        "severities to apply; 6 is of deepcorrect's alone",
        lower=1,
        upper=6,
    )
    severity_table: str = knob(
        "auto",
        "constants of the severities; auto chooses by image side",
        choices=SEVERITY_TABLES,
    )
    corruption_variant: str = knob(
        "imagenet_c",
        "whose elastic_transform and frost: the authors' or the package's",
        choices=CORRUPTION_VARIANTS,
    )
    frost_textures: str = knob(
        "procedural",
        "procedural, imagecorruptions (its pictures, if installed) or a folder "
        "of pictures",
        path=True,
    )
    image_size: int = knob(
        0,
        "side of the centre crop that is corrupted, pixels; 0 keeps each "
        "picture's size",
        lower=0,
        upper=4096,
    )
    seed: int = knob(0, "seed of the corruptions", lower=0, upper=2**31 - 1)
    # Who does it.
    runner: str = knob(
        "",
        "Apache Beam runner, such as DirectRunner, DataflowRunner, FlinkRunner "
        "or SparkRunner (extra beam); empty uses the cores of this machine",
    )
    beam_options: tuple[str, ...] = knob(
        (), "options of the runner, NAME=VALUE separated by commas"
    )

    def check(self) -> None:
        sources = {"input_dir", "dataset"}
        if self.preview:
            sources.add("input_image")
            if not self.preview.lower().endswith(".png"):
                raise ValueError(
                    f"--preview={self.preview}: expected the name of a PNG "
                    "file, ending in .png"
                )
        elif self.input_image:
            raise ValueError(
                f"--input_image={self.input_image}: expected --preview as "
                "well; a copy is made of --input_dir or --dataset"
            )
        self._check_one_of(sorted(sources))
        if not self.preview:
            require(self, "output_dir", "name a folder for the result")
        self._check_conditions()

    def _check_one_of(self, sources: list[str]) -> None:
        given = [f"--{name}" for name in sources if getattr(self, name)]
        if not given:
            require(
                self,
                "input_dir",
                "name a folder of class folders, or a set with --dataset",
            )
        if len(given) > 1:
            raise ValueError(
                f"expected one input, received {' and '.join(given)}: leave "
                "one out"
            )

    def _check_conditions(self) -> None:
        check_severities(self)
        if not self.corruptions or not self.severities:
            raise ValueError(
                "expected at least one corruption and one severity: name some "
                "in --corruptions and --severities"
            )
        if 0 < self.image_size < 16:
            raise ValueError(
                f"--image_size={self.image_size}: expected 0 or at least 16"
            )
        if self.layout == "cifar_c" and self.severities != (1, 2, 3, 4, 5):
            raise ValueError(
                f"--severities={join(self.severities)}: expected 1,2,3,4,5 "
                "with --layout=cifar_c, whose readers take five blocks for "
                "granted"
            )
        if self.beam_options and not self.runner:
            raise ValueError(
                f"--beam_options={join(self.beam_options)}: expected --runner "
                "beside it, such as --runner=DirectRunner"
            )
