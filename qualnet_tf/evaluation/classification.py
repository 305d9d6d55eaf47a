"""Accuracy of classifiers on clean and on corrupted validation images.

Classifiers on the same data see the same pixels: each condition is made once
and shown to all of them.
"""

import dataclasses
import json
from collections.abc import Sequence

import numpy as np
from tqdm import tqdm

from qualnet_tf import run_dir
from qualnet_tf.config import EvaluateConfig
from qualnet_tf.datasets import pipeline
from qualnet_tf.datasets.source import ImageSource
from qualnet_tf.evaluation import (
    class_order,
    deployment,
    evaluation_pictures,
    paired_losses,
    preprocessing_check,
    questions,
    result_files,
    results,
)
from qualnet_tf.evaluation.adaptation import adapted
from qualnet_tf.evaluation.answers import Answers, read_answers
from qualnet_tf.evaluation.asking import Asked, ask
from qualnet_tf.evaluation.candidates import Candidate, find_candidates
from qualnet_tf.evaluation.intervals import mean_intervals
from qualnet_tf.evaluation.measuring import check_pairing, measures
from qualnet_tf.evaluation.predictions import PredictionFiles
from qualnet_tf.evaluation.questions import Question
from qualnet_tf.evaluation.summary import alexnet_was_measured
from qualnet_tf.subjects.subject import Subject

# Enough to see that outputs stand in another order than the labels.
_NUM_ORDER_IMAGES = 256


def evaluate(config: EvaluateConfig) -> list[run_dir.RunDir]:
    """Evaluates runs and models; writes results and pictures.

    Where there are models, what each costs to store and to run is measured as
    well, and how far it falls behind the first.

    One whose results already answer the request is left as it is; one that was
    stopped goes on at the condition where it was.

    Args:
        config: Which classifiers, conditions and images.

    Returns:
        The folders with the results, in the order of the question.

    Raises:
        ValueError: If a run or model cannot be used, or the data is gone.
    """
    candidates = find_candidates(config)
    plain = list(candidates)
    folders = [each.run for each in plain]
    if config.adapt_batch_norm:
        candidates += [
            dataclasses.replace(each, adaptation="batch_norm")
            for each in candidates
        ]
    pending = [each for each in candidates if not _is_evaluated(each, config)]
    for group in questions.group_candidates(pending):
        _evaluate_group(config, group)
    if config.model:
        paired_losses.write_paired_losses(folders)
        deployment.measure_all(plain)
    return folders


def _is_evaluated(candidate: Candidate, config: EvaluateConfig) -> bool:
    """Whether the stored results are those of this question, and says so.

    Without opening the data, which can take minutes.
    """
    path = result_files.path_of(candidate.run, candidate.adaptation)
    if config.corrupted_set or not candidate.num_images or not path.is_file():
        return False
    stored = results.load(path)
    options = questions.settled_options(
        config, candidate.data, candidate.image_size
    )
    count = candidate.num_images
    count = min(config.num_images or count, count)
    files = PredictionFiles(
        candidate.run.predictions,
        questions.protocol(config, candidate, options, count),
    )
    conditions = {(c.corruption, c.severity) for c in stored.conditions}
    if stored.predictions != files.key or conditions != set(
        questions.made_conditions(config)[1:]
    ):
        return False
    print(f"{candidate.run.path}: already evaluated, nothing to do")
    return True


def _evaluate_group(
    config: EvaluateConfig, candidates: list[Candidate]
) -> None:
    """Evaluates candidates that see the same images."""
    data = candidates[0].data
    source = data.open()
    for each in candidates:
        _check_classes(each, source)
    size = candidates[0].image_size
    question = questions.open_question(config, data, size, source)
    everyone = [_open(config, each, source, question) for each in candidates]
    first = _ask_all(everyone, question)
    answers = [_read_answers(asked, question) for asked in everyone]
    for each, asked, said in zip(candidates, everyone, answers, strict=True):
        if not each.is_run:
            clean = said[pipeline.CLEAN]
            class_order.check_order(
                clean.predicted, clean.labels, asked.subject.address
            )
        found = _results(config, each, source, question, asked, said)
        result_files.write(found, each.run, each.architecture)
        _describe_model(config, each, source)
    if config.num_pictures:
        evaluation_pictures.write(
            config, question, source, first, candidates, everyone, answers
        )


def _check_classes(candidate: Candidate, source: ImageSource) -> None:
    if candidate.is_run and candidate.class_names != source.class_names:
        raise ValueError(
            f"{candidate.run.path}: expected the "
            f"{len(candidate.class_names)} classes the run was trained on, "
            f"received {source.num_classes} (or others) from {source.name}; "
            "restore the data it was trained with"
        )


def _open(
    config: EvaluateConfig,
    candidate: Candidate,
    source: ImageSource,
    question: Question,
) -> Asked:
    """Opens a candidate, and checks that it can be compared."""
    subject = candidate.open()
    if candidate.adaptation != "none":
        subject = adapted(subject)
    clean_count = int(question.images.lengths[:, 0].sum())
    files = PredictionFiles(
        candidate.run.predictions,
        questions.protocol(config, candidate, question.options, clean_count),
    )
    asked = Asked(subject, files)
    if not asked.missing(question.images).any():
        return asked
    return dataclasses.replace(
        asked, columns=_checked_columns(candidate, subject, source, question)
    )


def _checked_columns(
    candidate: Candidate,
    subject: Subject,
    source: ImageSource,
    question: Question,
) -> np.ndarray | None:
    """Returns which outputs are the data's classes, after a first look."""
    image, label = preprocessing_check.first_images(
        source, question.images.view, _NUM_ORDER_IMAGES
    )
    some = image[: preprocessing_check.NUM_IMAGES]
    logits = subject.logits(image)
    if candidate.adaptation == "none" and len(image) > 1:
        preprocessing_check.check_subject(subject, some)
    columns = class_order.find_columns(
        subject.class_names,
        logits.shape[1],
        source.class_names,
        subject.address,
    )
    if not candidate.is_run:
        logits = logits if columns is None else logits[:, columns]
        class_order.check_order(logits.argmax(axis=1), label, subject.address)
    return columns


def _ask_all(
    everyone: Sequence[Asked], question: Question
) -> dict[int, np.ndarray]:
    """Asks for every missing answer; those who lack the same ask together."""
    groups: dict[bytes, list[Asked]] = {}
    total = 0
    for each in everyone:
        missing = each.missing(question.images)
        if missing.any():
            key = missing.tobytes()
            if key not in groups:
                total += int(question.images.lengths[missing].sum())
            groups.setdefault(key, []).append(each)
    first: dict[int, np.ndarray] = {}
    with tqdm(
        total=total, desc="evaluate", unit="image", disable=None
    ) as progress:
        for group in groups.values():
            first |= ask(group, question.images, progress)
    return first


def _read_answers(
    asked: Asked, question: Question
) -> dict[tuple[str | None, int], Answers]:
    """Returns the answers under every condition, from the kept files."""
    answers, labels, ids = {}, {}, {}
    for place, condition in enumerate(question.images.conditions):
        num_blocks = int((question.images.lengths[:, place] > 0).sum())
        kept = asked.files.read(condition, num_blocks)
        answers[condition] = read_answers(kept)
        labels[condition], ids[condition] = kept.labels, kept.ids
    check_pairing(labels, ids)
    return answers


def _results(
    config: EvaluateConfig,
    candidate: Candidate,
    source: ImageSource,
    question: Question,
    asked: Asked,
    answers: dict[tuple[str | None, int], Answers],
) -> results.ClassificationResults:
    """Joins what was measured with what it was measured on."""
    found = results.ClassificationResults(
        run=_name(candidate),
        method=candidate.method,
        dataset=questions.dataset_name(candidate.data, source.class_names),
        split="validation",
        num_classes=source.num_classes,
        image_size=candidate.image_size,
        seed=config.seed,
        **question.recorded_options(),
        left_out=question.left_out,
        conditions_from=question.conditions_from,
        adaptation=candidate.adaptation,
        predictions=asked.files.key,
        **measures(answers, source.class_names),
    )
    intervals = mean_intervals(
        answers, config.seed, with_mce=alexnet_was_measured(found)
    )
    return dataclasses.replace(found, intervals=intervals)


def _name(candidate: Candidate) -> str:
    """Returns what tables call a candidate."""
    plain = candidate.adaptation == "none"
    return candidate.run.name + ("" if plain else ", adapted")


def _describe_model(
    config: EvaluateConfig, candidate: Candidate, source: ImageSource
) -> None:
    """Writes what the report shows of a model that is no run of ours."""
    if candidate.is_run:
        return
    run_dir.write_text(candidate.run.config, config.to_json())
    run_dir.write_text(
        candidate.run.run_info,
        json.dumps(
            {
                "status": "evaluated",
                "class_names": source.class_names,
                "model": candidate.architecture,
                "kind": candidate.method,
                "fingerprint": candidate.fingerprint,
            },
            indent=2,
        )
        + "\n",
    )
