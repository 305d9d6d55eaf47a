"""Every knob of every program, once: name, default, help and bounds.

A program's flags, its validation and a run's `config.json` are made from these
classes, so a new knob is one line here. Nothing of ours and no TensorFlow is
imported: `--help` must answer at once. Over 300 lines, because every
knob in one place is worth more than a short file.
"""

import dataclasses

from qualnet_tf.knobs import Config, knob, require

SEVERITY_TABLES = (
    "auto",
    "imagenet_c",
    "imagenet_c_299",
    "tiny_imagenet_c",
    "cifar_c",
)
PIXEL_RANGES = ("unit", "byte", "signed", "imagenet", "caffe")
CORRUPTION_VARIANTS = ("imagenet_c", "imagecorruptions")
PICTURE_FORMATS = ("png", "jpeg")
COPY_LAYOUTS = ("imagenet_c", "cifar_c")
STEMS = ("qualnet", "original")
PRETRAINED_BACKBONES = ("resnet50", "resnet50_v1")
HINT_NORMS = ("l1", "l2")
# Methods that need a stage-1 run, for its inverse or as it is.
DECODER_METHODS = ("qualnet",)
QUALITY_METHODS = (*DECODER_METHODS, "encoder_decoder")
TEACHER_METHODS = ("kd", "fitnet", "pkt", "vid", "sp")
CORRECTED_METHODS = ("deepcorrect",)
STAGE1_METHODS = (*DECODER_METHODS, *TEACHER_METHODS, *CORRECTED_METHODS)


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainConfig(Config):
    """One training run, stage 1, stage 2 or a baseline."""

    run_dir: str = knob(
        "",
        "folder of this run; a run that stopped continues from it",
        path=True,
    )
    dataset: str = knob(
        "digits",
        "digits (embedded), synthetic, folder (class folders in --data_dir) or "
        "any TensorFlow Datasets classification set",
    )
    data_dir: str = knob(
        "",
        "folder of class folders (dataset=folder) or of prepared TensorFlow "
        "Datasets",
        path=True,
    )
    download: bool = knob(
        False, "whether a TensorFlow Datasets set may be downloaded"
    )
    skip_bad_files: bool = knob(
        False,
        "leave out files that are no complete picture (counted in run.json) "
        "instead of stopping",
    )
    class_list: str = knob(
        "",
        "text file naming the class folders to use, one to a line "
        "(# begins a comment), "
        "(dataset=folder); empty uses all",
        path=True,
    )
    max_train_images: int = knob(
        0, "use only so many training images; 0 uses all", lower=0
    )
    validation_fraction: float = knob(
        0.1,
        "share of training images held out where the set has no validation "
        "or test split",
        lower=0.01,
        upper=0.9,
    )
    image_size: int = knob(
        224, "side of the network's input, pixels", lower=16, upper=4096
    )
    augmentation: str = knob(
        "imagenet", "crop and flip of training images", names="augmentations"
    )
    # Corruptions in training.
    clean_fraction: float = knob(
        0.5,
        "probability that a training image stays clean; 1 is clean training",
        lower=0.0,
        upper=1.0,
    )
    corruptions: tuple[str, ...] = knob(
        ("test",),
        "corruptions to train on, or the groups test (15), holdout (4), "
        "all (19), resolution, deepcorrect, auxtraining",
        names="corruptions",
    )
    corruption_weights: tuple[str, ...] = knob(
        (),
        "NAME:WEIGHT of a corruption or a family (noise, blur, weather, "
        "digital, holdout); what is not named weighs 1",
    )
    severities: tuple[int, ...] = knob(
        (1, 2, 3, 4, 5),
        "severities to train on; 6 is of deepcorrect's alone",
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
    imagenet_c_jpeg: bool = knob(
        False,
        "save corrupted images as JPEG q85 and read them again, as the "
        "released ImageNet-C files were",
    )
    # Model and method.
    backbone: str = knob(
        "resnet50",
        "backbone, or the invertible network of stage 1",
        names="networks",
    )
    stem: str = knob(
        "qualnet",
        "stem of ImageNet backbones: the paper's (no max-pool) or the original",
        choices=STEMS,
    )
    initial_weights: str = knob(
        "",
        "start of backbone resnet50 or resnet50_v1: imagenet (downloads those "
        "of keras.applications.ResNet50) or a .keras, .weights.h5 or .h5 file "
        "of that network; empty starts at random",
        path=True,
    )
    initial_run_dir: str = knob(
        "",
        "finished run of the same backbone, size and classes whose classifier "
        "(and connector) this run starts from, as QualNet* does",
        path=True,
    )
    method: str = knob("supervised", "way of learning", names="methods")
    decoder_network: str = knob(
        "irevnet300",
        "invertible network whose inverse encoder_decoder trains as decoder",
        names="decoders",
    )
    quality_weight: float = knob(
        0.0, "lambda, weight of the quality loss (Eq. 6)", lower=0.0
    )
    decoder_fraction: float = knob(
        1.0,
        "share of each batch that is decoded, above 0: its first images, which "
        "the shuffle makes random ones",
        upper=1.0,
    )
    decoder_downscale: int = knob(
        1,
        "factor by which stage 1's images are smaller than stage 2's; the "
        "target is the clean image averaged down by it",
        lower=1,
        upper=16,
    )
    stage1_run_dir: str = knob(
        "",
        "finished run that this one builds on: stage 1, whose inverse is the "
        "decoder or which is the teacher of kd, fitnet, pkt, vid and sp; or "
        "the network that deepcorrect corrects",
        path=True,
    )
    distillation_weight: float = knob(
        0.0,
        "weight of the distillation loss; 0 takes the published one: kd 0.9 "
        "(cross-entropy has the rest), fitnet 100, pkt 30000, vid 1, sp 3000",
        lower=0.0,
    )
    temperature: float = knob(
        4.0, "temperature of kd's softened predictions, above 0"
    )
    hint_norm: str = knob(
        "l1",
        "fitnet's difference: l1 (Eq. 3) or l2 (the original's)",
        choices=HINT_NORMS,
    )
    consistency_weight: float = knob(
        12.0,
        "weight of augmix's divergence between the predictions for an image "
        "and its views",
        lower=0.0,
    )
    augmix_severity: float = knob(
        3.0,
        "strength of augmix's operations, out of 10: 3 on CIFAR, 1 on ImageNet",
        lower=0.1,
        upper=10.0,
    )
    augmix_width: int = knob(
        3, "augmix's chains of operations", lower=1, upper=16
    )
    augmix_depth: int = knob(
        0,
        "operations in each of augmix's chains; 0 draws 1 to 3",
        lower=0,
        upper=16,
    )
    noise_deviation: float = knob(
        0.35,
        "root mean square of ant's noise, for pixels in [0, 1]",
        lower=0.001,
    )
    generator_rate: float = knob(
        1.0,
        "learning rate of ant's noise generator, as a share of the "
        "classifier's",
        lower=0.001,
    )
    auxiliary_weight: float = knob(
        0.05,
        "weight of each of auxtraining's two terms of an auxiliary classifier",
        lower=0.0001,
    )
    merging_epoch: int = knob(
        0,
        "first epoch in which auxtraining draws the classifiers' weights "
        "together; the published start is at six sevenths of the run",
        lower=0,
    )
    correction_fraction: float = knob(
        0.5,
        "share of each convolution's filters that deepcorrect corrects",
        lower=0.001,
        upper=1.0,
    )
    correction_width: int = knob(
        64, "channels inside deepcorrect's correction units", lower=1
    )
    correction_images: int = knob(
        64,
        "training images by which deepcorrect ranks filters; each filter costs "
        "a pass of all of them, clean and degraded",
        lower=1,
    )
    memory_saving: bool = knob(
        False,
        "rebuild the activations of stage 1's invertible network, or of stage "
        "2's decoder, in the backward pass instead of storing them",
    )
    # Optimisation.
    batch_size: int = knob(256, "images per step over all replicas", lower=1)
    recipe_batch_size: int = knob(
        0,
        "batch size that the recipe's learning rate is meant for; 0 does not "
        "check",
        lower=0,
    )
    allow_batch_change: bool = knob(
        False,
        "train with another --batch_size than the recipe's, the learning rate "
        "scaled in proportion",
    )
    num_epochs: int = knob(90, "passes over the training images", lower=1)
    learning_rate: float = knob(0.1, "peak learning rate of SGD", lower=0.0)
    decay_epochs: tuple[int, ...] = knob(
        (30, 60), "epochs at which the learning rate decays", lower=0
    )
    decay_factor: float = knob(
        0.1, "factor of each decay", lower=0.0, upper=1.0
    )
    warmup_epochs: float = knob(
        0.0, "epochs of linear warm-up from zero", lower=0.0
    )
    momentum: float = knob(0.9, "momentum of SGD", lower=0.0, upper=0.9999)
    weight_decay: float = knob(
        1e-4,
        "L2 penalty on convolution and dense kernels, as a gradient term",
        lower=0.0,
    )
    label_smoothing: float = knob(
        0.0, "share of the target spread over all classes", lower=0.0, upper=0.9
    )
    # The run.
    validation_epochs: int = knob(
        1,
        "epochs between validations on clean images; 0 validates at the end",
        lower=0,
    )
    checkpoint_steps: int = knob(
        1000, "steps between checkpoints; the last is always kept", lower=1
    )
    seed: int = knob(
        0, "seed of weights, order and corruptions", lower=0, upper=2**31 - 1
    )
    deterministic: bool = knob(
        False, "bit-identical weights from equal seeds, at some cost"
    )
    jit_compile: bool = knob(False, "compile the training step with XLA")
    dry_run: bool = knob(
        False, "build everything, run one batch, write nothing"
    )

    def check(self) -> None:
        if not self.dry_run:
            require(self, "run_dir", "name a folder for the run")
        self._check_batch_size()
        self._check_stage1()
        self._check_decoder()
        self._check_views()
        if self.initial_weights:
            self._check_initial_weights()
        if list(self.decay_epochs) != sorted(set(self.decay_epochs)):
            raise ValueError(
                f"--decay_epochs={_join(self.decay_epochs)}: expected "
                "increasing epochs"
            )
        if self.clean_fraction < 1 and not self.corruptions:
            raise ValueError(
                f"--clean_fraction={self.clean_fraction} needs --corruptions: "
                "name some, or pass --clean_fraction=1"
            )
        if not self.severities:
            raise ValueError("--severities is empty: expected some of 1-5")
        _check_severities(self)

    @property
    def scaled_learning_rate(self) -> float:
        """The learning rate for this batch size.

        In proportion to the recipe's: Goyal et al., "Accurate, Large Minibatch
        SGD" (2017), section 2.1.
        """
        if not self.recipe_batch_size:
            return self.learning_rate
        return self.learning_rate * self.batch_size / self.recipe_batch_size

    def _check_batch_size(self) -> None:
        if self.allow_batch_change or self.recipe_batch_size in (
            0,
            self.batch_size,
        ):
            return
        raise ValueError(
            f"--batch_size={self.batch_size}: expected the recipe's "
            f"{self.recipe_batch_size}, for which its learning rate is meant; "
            "--allow_batch_change trains with it at --learning_rate="
            f"{self.scaled_learning_rate:g}"
        )

    def _check_stage1(self) -> None:
        """A method has what it needs, and no flag that it does not use."""
        if (
            self.quality_weight > 0
            and not self.stage1_run_dir
            and self.method != "encoder_decoder"
        ):
            raise ValueError(
                f"--quality_weight={self.quality_weight} needs a decoder: "
                "expected --stage1_run_dir, a finished stage-1 run"
            )
        if self.method in STAGE1_METHODS:
            require(
                self,
                "stage1_run_dir",
                f"method {self.method} expects a finished run to build on",
            )
        elif self.stage1_run_dir and self.method == "encoder_decoder":
            raise ValueError(
                "--method=encoder_decoder trains its own decoder: expected no "
                "--stage1_run_dir, or --method=qualnet"
            )
        elif self.method not in QUALITY_METHODS and (
            self.quality_weight > 0 or self.stage1_run_dir
        ):
            raise ValueError(
                f"--method={self.method} has no decoder: expected "
                "--quality_weight=0 and no --stage1_run_dir, or "
                "--method=qualnet"
            )
        for name, methods in _USERS.items():
            value = getattr(self, name)
            default = type(self).__dataclass_fields__[name].default
            if self.method not in methods and value != default:
                raise ValueError(
                    f"--{name}={value}: expected --method="
                    f"{' or '.join(methods)} beside it, received "
                    f"{self.method}, which does not use it; leave it out"
                )
        if self.temperature <= 0:
            raise ValueError(
                f"--temperature={self.temperature}: expected more than 0; 4 "
                "is usual"
            )
        if self.method == "kd" and self.distillation_weight > 1:
            raise ValueError(
                f"--distillation_weight={self.distillation_weight}: expected "
                "at most 1 with --method=kd, whose cross-entropy has the rest"
            )

    def _check_decoder(self) -> None:
        if self.decoder_fraction <= 0:
            raise ValueError(
                f"--decoder_fraction={self.decoder_fraction}: expected more "
                "than 0; --quality_weight=0 turns the decoder's term off"
            )
        if self.image_size % self.decoder_downscale:
            raise ValueError(
                f"--decoder_downscale={self.decoder_downscale}: expected a "
                f"divisor of --image_size={self.image_size}"
            )

    def _check_views(self) -> None:
        """Methods that make degraded images of their own."""
        if self.method != "auxtraining":
            return
        if not self.corruptions:
            raise ValueError(
                "--method=auxtraining needs --corruptions: name some, or the "
                "group auxtraining; each has an auxiliary classifier"
            )
        if self.clean_fraction < 1:
            raise ValueError(
                f"--clean_fraction={self.clean_fraction}: expected 1 with "
                "--method=auxtraining, whose primary classifier sees clean "
                "images and whose auxiliary ones see each corruption"
            )

    def _check_initial_weights(self) -> None:
        if self.initial_run_dir:
            raise ValueError(
                f"--initial_weights={self.initial_weights} and "
                f"--initial_run_dir={self.initial_run_dir}: expected one "
                "start; leave one of the two flags out"
            )
        if self.backbone not in PRETRAINED_BACKBONES:
            raise ValueError(
                f"--initial_weights={self.initial_weights}: expected "
                f"--backbone={' or '.join(PRETRAINED_BACKBONES)}, received "
                f"{self.backbone}; leave one of the two flags out"
            )
        if self.initial_weights != "imagenet" and not (
            self.initial_weights.endswith((".keras", ".h5"))
        ):
            raise ValueError(
                f"--initial_weights={self.initial_weights}: expected imagenet "
                "or a file ending in .keras, .weights.h5 or .h5"
            )


# Knobs that only some methods use.
_USERS = {
    "quality_weight": QUALITY_METHODS,
    "decoder_fraction": QUALITY_METHODS,
    "decoder_network": ("encoder_decoder",),
    "decoder_downscale": DECODER_METHODS,
    "distillation_weight": TEACHER_METHODS,
    "temperature": ("kd",),
    "hint_norm": ("fitnet",),
    "consistency_weight": ("augmix",),
    "augmix_severity": ("augmix",),
    "augmix_width": ("augmix",),
    "augmix_depth": ("augmix",),
    "noise_deviation": ("ant",),
    "generator_rate": ("ant",),
    "auxiliary_weight": ("auxtraining",),
    "merging_epoch": ("auxtraining",),
    "correction_fraction": ("deepcorrect",),
    "correction_width": ("deepcorrect",),
    "correction_images": ("deepcorrect",),
}


# Corruptions, and groups of them, that have a sixth severity.
SIX_SEVERITIES = ("deepcorrect", "deepcorrect_noise", "deepcorrect_blur")


def _check_severities(config) -> None:
    """All corruptions have all severities: one is drawn, or all are run."""
    others = [name for name in config.corruptions if name not in SIX_SEVERITIES]
    if others and 6 in config.severities:
        raise ValueError(
            f"--severities={_join(config.severities)}: expected at most 5 with "
            f"{others[0]} in --corruptions; only deepcorrect_noise and "
            "deepcorrect_blur have a sixth"
        )


def _join(values: tuple) -> str:
    return ",".join(str(value) for value in values)


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
        "all (19), resolution, deepcorrect, auxtraining",
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
        _check_severities(self)

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


@dataclasses.dataclass(frozen=True, kw_only=True)
class ReportConfig(Config):
    """A page, or a table of the paper, about evaluated runs."""

    run_dir: tuple[str, ...] = knob(
        (),
        "evaluated runs and folders of evaluated models, compared in this "
        "order",
        path=True,
    )
    output: str = knob(
        "",
        "HTML file to write; empty writes report.html in the last run",
        path=True,
    )
    figures: bool = knob(
        False,
        "write every figure as an SVG file as well, into a folder figures "
        "beside the page",
    )
    table: str = knob(
        "",
        "print a table of the paper with these runs beside it, instead of "
        "writing a page",
        choices=("", "1", "2", "3", "6"),
    )
    format: str = knob(
        "text",
        "how to print --table",
        choices=("text", "markdown", "latex", "csv"),
    )

    def check(self) -> None:
        if not self.table:
            require(self, "run_dir", "name one or more evaluated runs")
        for name in ("output", "figures"):
            if self.table and getattr(self, name):
                raise ValueError(
                    f"--{name}: expected no --table beside it, which is "
                    "printed; leave one out"
                )
        if self.format != "text" and not self.table:
            raise ValueError(
                f"--format={self.format}: expected --table, which it prints; "
                "the page is always HTML"
            )


@dataclasses.dataclass(frozen=True, kw_only=True)
class ExportConfig(Config):
    """A classifier for deployment, without its decoder."""

    run_dir: str = knob("", "finished run", path=True)
    output_dir: str = knob(
        "",
        "folder that gets a numbered version; empty is RUN/export",
        path=True,
    )

    def check(self) -> None:
        require(self, "run_dir", "name a finished run")


@dataclasses.dataclass(frozen=True, kw_only=True)
class PredictConfig(Config):
    """Classifies picture files with an exported model."""

    run_dir: str = knob("", "run whose newest export is used", path=True)
    export_dir: str = knob("", "exported model, instead of a run", path=True)
    image: tuple[str, ...] = knob((), "picture files", path=True)
    top_k: int = knob(3, "classes to print per picture", lower=1)

    def check(self) -> None:
        if bool(self.run_dir) == bool(self.export_dir):
            raise ValueError(
                "expected exactly one of --run_dir and --export_dir, received "
                f"{'both' if self.run_dir else 'neither'}"
            )
        require(self, "image", "name one or more picture files")


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
        "all (19), resolution, deepcorrect, auxtraining",
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
        _check_severities(self)
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
                f"--severities={_join(self.severities)}: expected 1,2,3,4,5 "
                "with --layout=cifar_c, whose readers take five blocks for "
                "granted"
            )
        if self.beam_options and not self.runner:
            raise ValueError(
                f"--beam_options={_join(self.beam_options)}: expected --runner "
                "beside it, such as --runner=DirectRunner"
            )


@dataclasses.dataclass(frozen=True, kw_only=True)
class InspectConfig(Config):
    """Costs of a run's parts, and how well its network runs backwards."""

    run_dir: str = knob("", "finished run", path=True)
    num_images: int = knob(
        8,
        "validation images the errors and Lipschitz estimates are taken at",
        lower=1,
        upper=1024,
    )
    backward_pass: bool = knob(
        False,
        "check what the memory-saving backward pass rebuilds, with the "
        "statistics of the batch, instead of the round trip of the inverse",
    )

    def check(self) -> None:
        require(self, "run_dir", "name a finished run")
