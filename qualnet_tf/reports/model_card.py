"""The model card of an export: README.md in its folder, from the run's results.

It says what the files are, how they are asked, what was measured of the
classifier with intervals, and where it should not be relied upon.
"""

import datetime
import json
from collections.abc import Iterator
from typing import Any

from qualnet_tf import __version__
from qualnet_tf.evaluation import results as results_lib
from qualnet_tf.evaluation.results import ClassificationResults, Summary
from qualnet_tf.reports.cells import percent
from qualnet_tf.reports.naming import families_of, spoken
from qualnet_tf.reports.tables import (
    HONEST_SENTENCES,
    INTERVAL_SENTENCE,
    MCE_SENTENCE,
)
from qualnet_tf.run_dir import RunDir

_NAMES_SHOWN = 20
_MEBIBYTE = 1 << 20
_HEADS = {
    "quality_head": "`--quality_head`, from the picture alone",
    "quality": "signature `quality`, from picture and reconstruction",
}
_FILES = {
    "saved_model.pb, variables/": "SavedModel for TensorFlow Serving",
    "assets.extra/tf_serving_warmup_requests": "requests that a server "
    "answers to itself before it goes live",
    "class_names.txt": "a class name per line, in the order of the logits",
    "classifier.keras": "Keras file; grouped convolutions need qualnet_tf",
    "classifier.onnx": "ONNX: `image` to `logits`",
    "export.json": "what the export was made from",
}


def render(run: RunDir, facts: Any) -> str:
    """Returns the card as Markdown.

    Args:
        run: A finished run; its results are shown where it was evaluated.
        facts: `exporters.run_export.ExportFacts`.
    """
    config = json.loads(run.config.read_text())
    info = run.read_info()
    results = None
    if run.results.is_file():
        results = results_lib.load(run.results)
    blocks = [
        _heading(run, config, info, facts),
        _files(facts),
        _questions(facts),
        _numbers(results),
        _heads(facts),
        _limits(config, facts, results),
    ]
    return "\n".join(line for block in blocks for line in block)


def _heading(run: RunDir, config: dict, info: dict, facts: Any) -> list[str]:
    names = list(facts.class_names[:_NAMES_SHOWN])
    more = len(facts.class_names) - len(names)
    listed = ", ".join(names) + (f" and {more} more" if more else "")
    today = datetime.datetime.now(datetime.UTC).date()
    side = facts.image_size
    return [
        f"# {run.name}: {config['backbone']} on {config['dataset']}",
        "",
        f"An image classifier of {len(facts.class_names)} classes ({listed}), "
        f"{facts.num_parameters / 1e6:.2f} million parameters, for pictures "
        f"cropped to {side} x {side} pixels. Trained with "
        f"`--method={config['method']}` on {info['num_train_images']} images "
        f"of {config['dataset']}, {percent(config['clean_fraction'])} % of "
        f"them clean; seed {config['seed']}. Exported on {today} by qualnet_tf "
        f"{__version__}. It holds no decoder unless a signature `quality` is "
        "named below.",
        "",
    ]


def _files(facts: Any) -> Iterator[str]:
    yield "| File | MiB | Holds |"
    yield "|---|---|---|"
    for name, size in facts.file_sizes.items():
        holds = _FILES.get(name, "")
        if name.endswith(".tflite"):
            precision = name.removeprefix("classifier_").removesuffix(".tflite")
            holds = f"TFLite, {precision}: `image` to `logits`"
        yield f"| `{name}` | {size / _MEBIBYTE:.2f} | {holds} |"
    yield ""


def _questions(facts: Any) -> Iterator[str]:
    if "saved_model" not in facts.config.formats:
        return
    k = min(facts.config.top_k, len(facts.class_names))
    side, head = facts.image_size, ""
    if facts.config.quality_head:
        head = ", `corruption`, `quality_score`"
    yield "| Signature | Input | Output |"
    yield "|---|---|---|"
    yield (
        "| `serving_default` | `image_bytes`: JPEG, PNG, GIF, BMP or WebP "
        f"files of any size | `labels` and `probabilities` of the best {k}; "
        f"`logits`; `orientation` (EXIF, undone){head} |"
    )
    yield (
        f"| `predict_images` | `image`: float32 [batch, {side}, {side}, 3] in "
        f"[0, 1] | `labels`, `probabilities`, `logits`{head} |"
    )
    yield "| `features` | `image_bytes` | `features`, pooled |"
    yield "| `class_names` | `index`: int64 [batch] | `label` |"
    if facts.config.with_decoder:
        yield (
            "| `quality` | `image_bytes` | `reconstruction`, `residual`, "
            "`corruption`, `quality_score` |"
        )
    yield ""


def _numbers(results: ClassificationResults | None) -> Iterator[str]:
    yield "## Measured"
    yield ""
    if results is None:
        yield (
            "Nothing: the run was not evaluated before it was exported. "
            "`python -m qualnet_tf.evaluate`, then export again."
        )
        yield ""
        return
    summary = results_lib.summarize(results)
    yield (
        f"Accuracy in per cent on {results.num_images} {results.split} images "
        f"of {results.dataset} at {results.image_size} pixels (severities of "
        f"`{results.severity_table}`)."
    )
    yield ""
    yield "| Pictures | Accuracy | 95 % interval |"
    yield "|---|---|---|"
    yield from _means(summary)
    yield ""
    yield from _families(results)
    yield from (*HONEST_SENTENCES, INTERVAL_SENTENCE)
    if summary.mce is not None:
        yield MCE_SENTENCE
    yield ""


def _means(summary: Summary) -> Iterator[str]:
    means = {
        "clean_accuracy": ("clean", summary.clean_accuracy),
        "mean_corruption_accuracy": (
            "15 test corruptions",
            summary.mean_corruption_accuracy,
        ),
        "holdout_accuracy": ("4 hold-outs", summary.holdout_accuracy),
        "mce": ("mCE (lower is better)", summary.mce),
    }
    for measure, (name, value) in means.items():
        if value is not None:
            ends = summary.intervals.get(measure)
            shown = f"{percent(ends[0])} to {percent(ends[1])}" if ends else ""
            yield f"| {name} | {percent(value)} | {shown} |"


def _families(results: ClassificationResults) -> Iterator[str]:
    accuracies = results.accuracies()
    yield "| Corruption | Mean over its severities | Worst |"
    yield "|---|---|---|"
    for names in families_of([results]).values():
        for name in names:
            found = list(accuracies[name].values())
            mean = sum(found) / len(found)
            yield (
                f"| {spoken(name)} | {percent(mean)} | {percent(min(found))} |"
            )
    yield ""


def _heads(facts: Any) -> Iterator[str]:
    for kind, evidence in facts.evidence.items():
        yield f"## Quality score of {_HEADS[kind]}"
        yield ""
        yield (
            "The probability that a picture is clean, if half of all are. On "
            f"{evidence.num_images} training images that it was not fitted to: "
            "AUROC (the probability that a corrupted picture has the lower "
            "score; 0.5 is chance) and the share that is called by its name, "
            "in per cent. Of clean ones, "
            f"{percent(evidence.named['clean'])} are called clean."
        )
        yield ""
        yield "| Corruption | AUROC | Called by its name |"
        yield "|---|---|---|"
        for name, auroc in evidence.auroc.items():
            named = percent(evidence.named[name])
            yield f"| {spoken(name)} | {auroc:.2f} | {named} |"
        yield ""


def _limits(
    config: dict, facts: Any, results: ClassificationResults | None
) -> Iterator[str]:
    yield "## Limits"
    yield ""
    yield (
        "- Every picture gets one of the classes above, also one that shows "
        "none of them; nothing here says so."
    )
    if results is not None and results.qualities:
        yield _calibration(results)
    yield (
        f"- Trained and measured on {config['dataset']} alone: other cameras "
        "and places are another matter. Only the corruptions above were "
        "measured; attacks, occlusion and the like were not."
    )
    yield (
        "- The centre of a picture is what is looked at: its shorter side is "
        f"resized to {round(facts.image_size * 256 / 224)} pixels and a square "
        f"of {facts.image_size} cut out, unless it has that size already."
    )
    yield (
        "- An EXIF orientation is undone in JPEG files only, and only by "
        "`serving_default`, `features` and `quality`."
    )
    yield ""


def _calibration(results: ClassificationResults) -> str:
    errors = {True: [], False: []}
    for quality in results.qualities:
        is_clean = quality.corruption == "clean"
        errors[is_clean].append(quality.calibration_error)
    said = [
        f"{percent(sum(found) / len(found))} points on {pictures} pictures"
        for found, pictures in (
            (errors[True], "clean"),
            (errors[False], "corrupted"),
        )
        if found
    ]
    return (
        "- Probabilities are the softmax of the logits, not calibrated "
        "afterwards: expected calibration error "
        f"{' and '.join(said)} (mean over the conditions)."
    )
