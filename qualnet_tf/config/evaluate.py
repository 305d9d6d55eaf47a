"""Knobs of `evaluate`."""

import dataclasses

from qualnet_tf.config.conditions import (
    CORRUPTION_VARIANTS,
    SEVERITY_TABLES,
    check_severities,
)
from qualnet_tf.knobs import Config, knob, require

PIXEL_RANGES = ("unit", "byte", "signed", "imagenet", "caffe")


@dataclasses.dataclass(frozen=True, kw_only=True)
class EvaluateConfig(Config):
    """Clean and corrupted accuracy of finished runs and of any classifier."""

    run_dir: tuple[str, ...] = knob(
        (),
        "finished runs; those on the same data are evaluated together",
        path=True,
    )
    model: tuple[str, ...] = knob(
        (),
        "other classifiers: .keras or .tflite files, SavedModels, or REST "
        "addresses of TensorFlow Serving (http://HOST:8501/v1/models/NAME)",
        path=True,
    )
    output_dir: str = knob(
        "", "folder that gets a folder of results for each --model", path=True
    )
    # What a model does not say of itself; a run does.
    image_size: int = knob(
        0,
        "side of the --model's input, pixels; 0 reads it from the model",
        lower=0,
        upper=4096,
    )
    pixel_range: str = knob(
        "auto",
        "what the --model takes pixels to be: [0, 1], [0, 255], [-1, 1], "
        "ImageNet's mean and deviation, Caffe's means; auto reads it from the "
        "model",
        choices=("auto", *PIXEL_RANGES),
    )
    model_outputs: str = knob(
        "auto",
        "what the --model answers; auto looks at the numbers",
        choices=("auto", "logits", "probabilities"),
    )
    output_name: str = knob(
        "", "output of the --model that holds a number per class"
    )
    class_names: str = knob(
        "",
        "text file with the --model's classes, one to a line in the order of "
        "its outputs, or imagenet for the 1,000 of ImageNet-1K; empty reads "
        "them from the model, or takes those of the data",
        path=True,
    )
    # The images of a model; a run brings its own.
    dataset: str = knob(
        "", "data set for --model, as in training: its validation images"
    )
    data_dir: str = knob(
        "",
        "folder of class folders (dataset=folder) or of prepared TensorFlow "
        "Datasets, for --model and for --corrupted_set",
        path=True,
    )
    class_list: str = knob(
        "",
        "text file naming the class folders to use (dataset=folder); a model "
        "of more classes then chooses among these",
        path=True,
    )
    validation_fraction: float = knob(
        0.1,
        "share of training images held out where the set has no validation "
        "or test split",
        lower=0.01,
        upper=0.9,
    )
    skip_bad_files: bool = knob(
        False, "leave out files that are no complete picture"
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
    # The conditions.
    corrupted_set: str = knob(
        "",
        "corrupted images that others made, instead of making them: a folder "
        "laid out as ImageNet-C, Tiny-ImageNet-C, CIFAR-10-C or CIFAR-100-C, "
        "or a TensorFlow Datasets name such as cifar10_corrupted",
        path=True,
    )
    corruptions: tuple[str, ...] = knob(
        ("all",),
        "corruptions to evaluate, or the groups test (15), holdout (4), "
        "all (19), resolution, interpolations, deepcorrect, auxtraining",
        names="corruptions",
    )
    severities: tuple[int, ...] = knob(
        (1, 2, 3, 4, 5),
        "severities to evaluate; 6 is of deepcorrect's alone",
        lower=1,
        upper=6,
    )
    stored_size: int = knob(
        0,
        "side to which pictures are cropped, and at which they are corrupted, "
        "before they are resized for the network, pixels; 0 is the network's "
        "own side",
        lower=0,
        upper=4096,
    )
    num_images: int = knob(
        0, "use only so many validation images; 0 uses all", lower=0
    )
    imagenet_c_jpeg: str = knob(
        "auto",
        "save corrupted images as JPEG q85 and read them again, as the "
        "released files were; auto: with the tables of 224 and 299 pixels",
        choices=("auto", "on", "off"),
    )
    adapt_batch_norm: bool = knob(
        False,
        "evaluate a second time with batch norms that take the statistics of "
        "each batch of test images; reported beside the plain numbers",
    )
    batch_size: int = knob(256, "images per step", lower=1)
    seed: int = knob(0, "seed of the corruptions", lower=0, upper=2**31 - 1)
    num_pictures: int = knob(
        8, "example pictures kept for the report", lower=0, upper=64
    )

    def check(self) -> None:
        if not self.model:
            require(self, "run_dir", "name finished runs, or a --model")
            self._refuse_what_runs_bring()
        else:
            require(self, "output_dir", "name a folder for the results")
            require(self, "dataset", "name the data that the --model is shown")
        check_severities(self)

    def _refuse_what_runs_bring(self) -> None:
        of_models = (
            "output_dir",
            "image_size",
            "pixel_range",
            "model_outputs",
            "output_name",
            "class_names",
            "dataset",
            "class_list",
            "validation_fraction",
            "skip_bad_files",
            "severity_table",
            "corruption_variant",
            "frost_textures",
        )
        for field in dataclasses.fields(self):
            if field.name in of_models:
                value = getattr(self, field.name)
                if value != field.default:
                    raise ValueError(
                        f"--{field.name}={value}: expected --model beside it; "
                        "a run brings its own, leave it out"
                    )
