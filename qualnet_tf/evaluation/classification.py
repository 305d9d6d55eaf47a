"""Accuracy of finished runs on clean and on corrupted validation images.

Runs on the same data see the same pixels: each condition is made once and
shown to all of them.
"""

import dataclasses

import keras
import numpy as np
from tqdm import tqdm

from qualnet_tf import corruptions
from qualnet_tf.config import EvaluateConfig, TrainConfig
from qualnet_tf.corruptions import severities
from qualnet_tf.datasets import open_source, pipeline
from qualnet_tf.datasets.source import ImageSource
from qualnet_tf.evaluation import example_pictures, result_files, results
from qualnet_tf.evaluation.answers import Answers
from qualnet_tf.evaluation.intervals import accuracy_intervals
from qualnet_tf.models.saving import load_model
from qualnet_tf.run_dir import RunDir

# The released files of these tables are JPEGs of the size networks are fed.
_JPEG_TABLES = ("imagenet_c", "imagenet_c_299")


@dataclasses.dataclass(frozen=True)
class Subject:
    """A finished run that is evaluated."""

    run: RunDir
    config: TrainConfig
    class_names: tuple[str, ...]
    classifier: keras.Model

    @property
    def data_key(self) -> tuple:
        """What makes two runs share their validation images."""
        config = self.config
        return (
            config.dataset,
            config.data_dir,
            config.image_size,
            config.validation_fraction,
            config.severity_table,
            config.corruption_variant,
            config.frost_textures,
            self.class_names,
        )


def evaluate(config: EvaluateConfig) -> None:
    """Evaluates runs and writes results and pictures into their folders.

    A run whose results already answer the request is left as it is.

    Args:
        config: Which runs, corruptions, severities and images.

    Raises:
        ValueError: If a run does not exist, has not finished, or its data is
            gone.
    """
    groups: dict[tuple, list[Subject]] = {}
    for path in config.run_dir:
        run = RunDir(path)
        info = run.read_finished_info()
        train = TrainConfig.from_json(run.config.read_text())
        if _is_evaluated(run, config, train, info["num_validation_images"]):
            print(f"{run.path}: already evaluated, nothing to do")
            continue
        subject = Subject(
            run=run,
            config=train,
            class_names=tuple(info["class_names"]),
            classifier=load_model(run.classifier),
        )
        groups.setdefault(subject.data_key, []).append(subject)
    for subjects in groups.values():
        _evaluate_group(config, subjects)


def _is_evaluated(
    run: RunDir,
    config: EvaluateConfig,
    train: TrainConfig,
    num_validation_images: int,
) -> bool:
    """Whether the stored results are newer and of the same conditions."""
    if not run.results.is_file():
        return False
    if run.results.stat().st_mtime < run.classifier.stat().st_mtime:
        return False
    stored = results.load(run.results)
    wanted = {
        (name, severity)
        for name in corruptions.expand(config.corruptions)
        for severity in config.severities
    }
    return (
        {(c.corruption, c.severity) for c in stored.conditions} == wanted
        and stored.seed == config.seed
        and (stored.imagenet_c_jpeg == "on")
        == _options(config, train).imagenet_c_jpeg
        and stored.num_images
        == min(
            config.num_images or num_validation_images, num_validation_images
        )
    )


def _evaluate_group(config: EvaluateConfig, subjects: list[Subject]) -> None:
    """Evaluates runs that share their data."""
    source = _open_validation(subjects[0])
    conditions = [pipeline.CLEAN] + [
        (name, severity)
        for name in corruptions.expand(config.corruptions)
        for severity in config.severities
    ]
    answers, shown = _answers(config, subjects, source, conditions)
    for subject, found in zip(subjects, answers, strict=True):
        measured = _results(config, subject, source, conditions, found)
        result_files.write(measured, subject.run, subject.config.backbone)
        if config.num_pictures:
            results.save_condition_pictures(
                _condition_pictures(config, shown),
                subject.run.condition_pictures,
            )
            example_pictures.write(
                subject.run,
                subject.classifier,
                source,
                seed=config.seed,
                num_pictures=config.num_pictures,
                options=_options(config, subject.config),
            )


def _open_validation(subject: Subject) -> ImageSource:
    """Opens the run's validation images and checks their classes."""
    config = subject.config
    source = open_source(
        config.dataset,
        "validation",
        data_dir=config.data_dir or None,
        validation_fraction=config.validation_fraction,
        skip_bad_files=config.skip_bad_files,
        class_list=config.class_list or None,
        seed=0,
    )
    if source.class_names != subject.class_names:
        raise ValueError(
            f"{subject.run.path}: expected the {len(subject.class_names)} "
            f"classes the run was trained on, received "
            f"{len(source.class_names)} (or others) from {source.name}; "
            "restore the data it was trained with"
        )
    return source


def _answers(
    config: EvaluateConfig,
    subjects: list[Subject],
    source: ImageSource,
    conditions: list[tuple[str | None, int]],
) -> tuple[list[Answers], list[np.ndarray]]:
    """Looks at every image under every condition.

    Returns:
        The answers of each subject, and the first image under each condition,
        float32 [side, side, 3].
    """
    batches = pipeline.evaluation_batches(
        source,
        batch_size=config.batch_size,
        image_size=subjects[0].config.image_size,
        conditions=conditions,
        max_images=config.num_images or None,
        seed=config.seed,
        options=_options(config, subjects[0].config),
    )
    total = _num_images(config, source)
    classifiers = _SideBySide([subject.classifier for subject in subjects])
    answers = [Answers(len(conditions), total) for _ in subjects]
    shown: dict[int, np.ndarray] = {}
    with tqdm(
        total=total * len(conditions),
        desc="evaluate",
        unit="image",
        disable=None,
    ) as progress:
        for batch in batches.as_numpy_iterator():
            for each, logits in zip(
                answers,
                classifiers.predict_on_batch(batch["image"]),
                strict=True,
            ):
                each.add(logits, batch)
            for condition, image in zip(
                batch["condition"], batch["image"], strict=True
            ):
                shown.setdefault(int(condition), image)
            progress.update(len(batch["label"]))
    return answers, [shown[i] for i in range(len(conditions))]


def _options(config: EvaluateConfig, train: TrainConfig) -> corruptions.Options:
    """Returns the run's own options, with table and JPEG step settled."""
    side = train.image_size
    table = severities.table_for(side, side, train.severity_table)
    return corruptions.Options(
        severity_table=table,
        variant=train.corruption_variant,
        frost_textures=train.frost_textures,
        imagenet_c_jpeg=config.imagenet_c_jpeg == "on"
        or (config.imagenet_c_jpeg == "auto" and table in _JPEG_TABLES),
    )


def _condition_pictures(
    config: EvaluateConfig, shown: list[np.ndarray]
) -> results.ConditionPictures:
    """Arranges the first image of the clean and of every other condition."""
    names = corruptions.expand(config.corruptions)
    levels = np.round(np.stack(shown) * 255.0).astype(np.uint8)
    grid = (len(names), len(config.severities), *levels.shape[1:])
    return results.ConditionPictures(
        clean=levels[0],
        names=names,
        severities=config.severities,
        corrupted=levels[1:].reshape(grid),
    )


class _SideBySide(keras.Model):
    """Several classifiers as one graph, whose parts run at the same time."""

    def __init__(self, classifiers: list[keras.Model]):
        super().__init__(name="side_by_side")
        self.classifiers = classifiers

    def call(self, image):
        """Returns each classifier's logits."""
        return [each(image, training=False) for each in self.classifiers]


def _num_images(config: EvaluateConfig, source: ImageSource) -> int:
    return min(config.num_images or source.num_examples, source.num_examples)


def _results(
    config: EvaluateConfig,
    subject: Subject,
    source: ImageSource,
    conditions: list[tuple[str | None, int]],
    answers: Answers,
) -> results.ClassificationResults:
    """Joins what was measured with what it was measured on."""
    train = subject.config
    options = _options(config, train)
    found = dict(zip(conditions, answers.is_right, strict=True))
    return results.ClassificationResults(
        run=subject.run.name,
        method=train.method,
        dataset=train.dataset,
        split="validation",
        num_images=_num_images(config, source),
        num_classes=len(subject.class_names),
        image_size=train.image_size,
        seed=config.seed,
        severity_table=options.severity_table,
        corruption_variant=options.variant,
        frost_textures=options.frost_textures,
        imagenet_c_jpeg="on" if options.imagenet_c_jpeg else "off",
        clean_accuracy=found[pipeline.CLEAN].mean(),
        conditions=tuple(
            results.ConditionResult(name, severity, is_right.mean())
            for (name, severity), is_right in found.items()
            if (name, severity) != pipeline.CLEAN
        ),
        intervals=accuracy_intervals(found, config.seed),
        qualities=tuple(
            answers.quality(place, *condition)
            for place, condition in enumerate(conditions)
        ),
    )
