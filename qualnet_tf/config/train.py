"""Knobs of `train`. Over 300 lines, because there are as many knobs."""

import dataclasses

from qualnet_tf.config.conditions import (
    CORRUPTION_VARIANTS,
    SEVERITY_TABLES,
    check_severities,
    join,
)
from qualnet_tf.config.method_groups import (
    QUALITY_METHODS,
    STAGE1_METHODS,
    USERS,
)
from qualnet_tf.knobs import Config, knob, require

STEMS = ("qualnet", "original")
PRETRAINED_BACKBONES = ("resnet50", "resnet50_v1")
HINT_NORMS = ("l1", "l2")
MARGIN_LOSSES = ("none", "cosface", "arcface", "sphereface")
STRATEGIES = ("none", "mirrored", "multi_worker")
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")
SHARDINGS = ("example", "file")


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
        "digits (embedded), synthetic, folder (class folders in --data_dir), "
        "face_records (train.rec and train.idx there), orl_faces (folders s1 "
        "to s40 there) or any TensorFlow Datasets classification set",
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
        "all (19), resolution, interpolations, deepcorrect, auxtraining",
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
    margin_loss: str = knob(
        "none",
        "margin loss of a face network, on cosines instead of a linear head",
        choices=MARGIN_LOSSES,
    )
    margin: float = knob(
        0.0,
        "margin of margin_loss; 0 takes the usual one: cosface 0.25, arcface "
        "0.5 radians, sphereface 1.35",
        lower=0.0,
    )
    logit_scale: float = knob(
        30.0, "factor s of margin_loss's cosines", lower=0.001
    )
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
    num_epochs: int = knob(
        90,
        "passes over the training images; 0 where num_steps says the length",
        lower=0,
    )
    num_steps: int = knob(
        0,
        "steps of the run, instead of num_epochs; the last pass may be short",
        lower=0,
    )
    learning_rate: float = knob(0.1, "peak learning rate of SGD", lower=0.0)
    decay_epochs: tuple[int, ...] = knob(
        (30, 60), "epochs at which the learning rate decays", lower=0
    )
    decay_steps: tuple[int, ...] = knob(
        (), "steps at which it decays, instead of decay_epochs", lower=1
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
    # Scale.
    strategy: str = knob(
        "none",
        "who shares a step: none (one device), mirrored (all GPUs of this "
        "machine) or multi_worker (the machines of TF_CONFIG)",
        choices=STRATEGIES,
    )
    precision: str = knob(
        "float32",
        "what the networks compute in; weights, the decoder, heads and losses "
        "stay float32",
        choices=PRECISIONS,
    )
    sync_batch_norm: bool = knob(
        False,
        "batch norm by the statistics of the whole batch instead of each "
        "replica's part",
    )
    accumulation_steps: int = knob(
        1,
        "pieces in which a replica takes its part of a batch, to save memory; "
        "their gradients are averaged",
        lower=1,
        upper=1024,
    )
    steps_per_execution: int = knob(
        1,
        "steps between two looks at the loss, the clock and requests to stop",
        lower=1,
    )
    jit_compile: bool = knob(False, "compile the training step with XLA")
    join_seconds: int = knob(
        300, "how long multi_worker waits for all workers, seconds", lower=1
    )
    data_service: str = knob(
        "",
        "grpc://HOST:PORT of a data service (`data_worker`) that decodes and "
        "corrupts; empty does so here",
    )
    sharding: str = knob(
        "example",
        "what a worker reads: everything, of which it uses its part of each "
        "batch (example), or its own part of the files (file)",
        choices=SHARDINGS,
    )
    fixed_order: bool = knob(
        True,
        "batches in a fixed order; false lets a slow image be overtaken, and "
        "a run that continues differs from one that was not stopped",
    )
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
        self._check_margin()
        self._check_scale()
        if self.initial_weights:
            self._check_initial_weights()
        self._check_length()
        if self.clean_fraction < 1 and not self.corruptions:
            raise ValueError(
                f"--clean_fraction={self.clean_fraction} needs --corruptions: "
                "name some, or pass --clean_fraction=1"
            )
        if not self.severities:
            raise ValueError("--severities is empty: expected some of 1-5")
        check_severities(self)

    def total_steps(self, steps_per_epoch: int) -> int:
        """Returns the steps of the whole run."""
        return self.num_steps or self.num_epochs * steps_per_epoch

    def passes(self, steps_per_epoch: int) -> int:
        """Returns the passes over the data that are begun."""
        return -(-self.total_steps(steps_per_epoch) // steps_per_epoch)

    def decay_boundaries(self, steps_per_epoch: int) -> tuple[int, ...]:
        """Returns the steps at which the learning rate decays."""
        return self.decay_steps or tuple(
            epoch * steps_per_epoch for epoch in self.decay_epochs
        )

    def describe_length(self) -> str:
        """Returns "90 epochs" or "47000 steps in epochs"."""
        if self.num_steps:
            return f"{self.num_steps} steps in epochs"
        return f"{self.num_epochs} epochs"

    @property
    def scaled_learning_rate(self) -> float:
        """The learning rate for this batch size.

        In proportion to the recipe's: Goyal et al., "Accurate, Large Minibatch
        SGD" (2017), section 2.1.
        """
        if not self.recipe_batch_size:
            return self.learning_rate
        return self.learning_rate * self.batch_size / self.recipe_batch_size

    def _check_length(self) -> None:
        """The length and each decay are said once, in epochs or in steps."""
        if bool(self.num_epochs) == bool(self.num_steps):
            raise ValueError(
                f"--num_epochs={self.num_epochs} and --num_steps="
                f"{self.num_steps}: expected one of them above 0 and the other "
                "0; set the one that does not count to 0"
            )
        if self.decay_epochs and self.decay_steps:
            raise ValueError(
                f"--decay_epochs={join(self.decay_epochs)} and --decay_steps="
                f"{join(self.decay_steps)}: expected one of them; leave the "
                "other empty, as in --decay_epochs="
            )
        for unit in ("epochs", "steps"):
            values = getattr(self, f"decay_{unit}")
            if list(values) != sorted(set(values)):
                raise ValueError(
                    f"--decay_{unit}={join(values)}: expected increasing {unit}"
                )

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
        for name, methods in USERS.items():
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

    def _check_margin(self) -> None:
        if self.margin_loss != "none":
            return
        for name in ("margin", "logit_scale"):
            default = type(self).__dataclass_fields__[name].default
            if getattr(self, name) != default:
                raise ValueError(
                    f"--{name}={getattr(self, name)}: expected --margin_loss "
                    "beside it, cosface for example, received none; leave it "
                    "out"
                )

    def _check_scale(self) -> None:
        if self.deterministic and not self.fixed_order:
            raise ValueError(
                "--deterministic and --fixed_order=false: expected batches in "
                "a fixed order for equal weights; leave one of the two out"
            )
        if self.sharding == "file" and self.strategy != "multi_worker":
            raise ValueError(
                f"--sharding=file: expected --strategy=multi_worker beside it, "
                f"received {self.strategy}, where one process reads all; leave "
                "it out"
            )
        if self.batch_size % self.accumulation_steps:
            raise ValueError(
                f"--accumulation_steps={self.accumulation_steps}: expected a "
                f"divisor of --batch_size={self.batch_size}"
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
