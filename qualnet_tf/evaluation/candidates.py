"""What is evaluated: finished runs, and models that are no run of ours."""

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path

from qualnet_tf.config import EvaluateConfig, TrainConfig
from qualnet_tf.datasets import open_source
from qualnet_tf.datasets.imagenet_classes import imagenet_classes
from qualnet_tf.datasets.source import ImageSource
from qualnet_tf.models.saving import load_model
from qualnet_tf.run_dir import RunDir
from qualnet_tf.subjects.fingerprint import fingerprint
from qualnet_tf.subjects.keras_file import keras_subject
from qualnet_tf.subjects.opening import open_subject
from qualnet_tf.subjects.subject import Subject, SubjectOptions


@dataclasses.dataclass(frozen=True, kw_only=True)
class TestData:
    """Which images a candidate is shown, and how they are corrupted."""

    # Not a test, whatever its name says to pytest.
    __test__ = False

    dataset: str
    data_dir: str
    class_list: str
    validation_fraction: float
    skip_bad_files: bool
    severity_table: str
    corruption_variant: str
    frost_textures: str

    @classmethod
    def of(cls, config: TrainConfig | EvaluateConfig) -> "TestData":
        """Returns the data that a run, or the flags of a model, name."""
        return cls(
            **{
                field.name: getattr(config, field.name)
                for field in dataclasses.fields(cls)
            }
        )

    def open(self) -> ImageSource:
        """Opens the validation images.

        Raises:
            ValueError: If they are not there.
        """
        return open_source(
            self.dataset,
            "validation",
            data_dir=self.data_dir or None,
            validation_fraction=self.validation_fraction,
            skip_bad_files=self.skip_bad_files,
            class_list=self.class_list or None,
            seed=0,
        )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Candidate:
    """One classifier that is evaluated.

    Attributes:
        run: The folder that gets its results.
        data: What it is shown.
        method: Name in `methods`, or what kind of file it is.
        architecture: What to call the network.
        image_size: Side of its input, pixels.
        fingerprint: Changes when the model does.
        open: Opens it; costs time and memory.
        is_run: Whether it is a run of ours.
        class_names: That a run was trained on; () of a model.
        num_images: Validation images of a run; 0 where nobody counted.
        adaptation: "none" or "batch_norm".
    """

    run: RunDir
    data: TestData
    method: str
    architecture: str
    image_size: int
    fingerprint: str
    open: Callable[[], Subject]
    is_run: bool
    class_names: tuple[str, ...] = ()
    num_images: int = 0
    adaptation: str = "none"


def find_candidates(config: EvaluateConfig) -> list[Candidate]:
    """Returns everything that a request names; runs are not loaded yet.

    Raises:
        ValueError: If a run is missing or unfinished, a model cannot be
            opened, or two models have one name.
    """
    found = [_of_run(RunDir(path)) for path in config.run_dir]
    names: dict[str, str] = {}
    for address in config.model:
        name = model_name(address)
        if name in names:
            raise ValueError(
                f"--model: expected different names, received {names[name]} "
                f"and {address}, both {name}; evaluate one of them into "
                "another --output_dir"
            )
        names[name] = address
        found.append(_of_model(config, address, name))
    return found


def model_name(address: str) -> str:
    """Returns what to call a model: the file's or the served model's name.

    Folders that are called "export", or by the number of a version, are told
    apart by the folder that holds them.
    """
    if address.startswith(("http://", "https://")):
        match = re.search(r"/models/([^/:]+)", address)
        return match.group(1) if match else "served"
    path = Path(address).resolve()
    name = path.stem or "model"
    while path.name.isdigit() or path.name == "export":
        path = path.parent
        name = f"{path.name}-{name}"
    return name


def _of_run(run: RunDir) -> Candidate:
    info = run.read_finished_info()
    train = TrainConfig.from_json(run.config.read_text())

    def open_run() -> Subject:
        options = SubjectOptions(
            pixel_range="unit",
            outputs="logits",
            class_names=tuple(info["class_names"]),
        )
        network = load_model(run.classifier)
        return keras_subject(network, str(run.path), options)

    return Candidate(
        run=run,
        data=TestData.of(train),
        method=train.method,
        architecture=train.backbone,
        image_size=train.image_size,
        fingerprint=fingerprint(run.classifier),
        open=open_run,
        is_run=True,
        class_names=tuple(info["class_names"]),
        num_images=info["num_validation_images"],
    )


def _of_model(config: EvaluateConfig, address: str, name: str) -> Candidate:
    options = SubjectOptions(
        image_size=config.image_size,
        pixel_range=config.pixel_range,
        outputs=config.model_outputs,
        output_name=config.output_name,
        class_names=_read_names(config.class_names),
    )
    subject = open_subject(address, options)
    opened = [subject]

    def open_model() -> Subject:
        # The first time it is open already; an adapted one needs its own.
        return opened.pop() if opened else open_subject(address, options)

    return Candidate(
        run=RunDir(Path(config.output_dir) / name),
        data=TestData.of(config),
        method=subject.kind,
        architecture=name,
        image_size=subject.image_size,
        fingerprint=fingerprint(address),
        open=open_model,
        is_run=False,
    )


def _read_names(path: str) -> tuple[str, ...]:
    """Returns the names in a file, one to a line; () without a file.

    "imagenet" stands for those of ImageNet-1K.
    """
    if not path:
        return ()
    if path == "imagenet":
        return imagenet_classes()
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(
            f"--class_names={path}: expected a text file with a class on each "
            "line, in the order of the model's outputs, received none that "
            "can be read"
        ) from error
    names = tuple(line.strip() for line in text.splitlines() if line.strip())
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated or len(names) < 2:
        raise ValueError(
            f"--class_names={path}: expected at least 2 different names, "
            f"received {len(names)}, {len(repeated)} of them repeated "
            f"({', '.join(repeated[:3])}); correct the file"
        )
    return names
