"""The model card of an exported face network: README.md in its folder."""

import datetime
import json
from typing import Any

from qualnet_tf import __version__
from qualnet_tf.evaluation import results as results_lib
from qualnet_tf.reports.cells import percent
from qualnet_tf.reports.face_text import protocol_lines
from qualnet_tf.run_dir import RunDir


def render(run: RunDir, config: Any, network: Any) -> str:
    """Returns the card as Markdown.

    Args:
        run: A finished run; its results on faces are shown where there are
            any.
        config: How it was exported.
        network: The embedding network.
    """
    side, size = network.input_shape[1], network.output_shape[-1]
    trained = json.loads(run.config.read_text())
    info = run.read_info()
    today = datetime.datetime.now(datetime.UTC).date()
    lines = [
        f"# {run.name}: embeddings of faces",
        "",
        f"{size} numbers of length 1 per face; the product of two is the "
        f"cosine between them. `{trained['backbone']}`, trained with "
        f"`--method={trained['method']} --margin_loss="
        f"{trained['margin_loss']}` on {info['num_train_images']} faces of "
        f"{info['num_classes']} people ({trained['dataset']}), "
        f"{percent(trained['clean_fraction'])} % of them clean; seed "
        f"{trained['seed']}. Exported on {today} by qualnet_tf {__version__}.",
        "",
        "| Signature | Input | Output |",
        "|---|---|---|",
        "| `serving_default` | `image_bytes`: JPEG, PNG, GIF, BMP or WebP "
        f"files | `embedding` [batch, {size}]; `orientation` (EXIF, undone) |",
        f"| `predict_images` | `image`: float32 [batch, {side}, {side}, 3] in "
        f"[0, 1] | `embedding` |",
        "",
        f"Faces are to be aligned to {side}x{side} pixels as in training; a "
        "picture of another size is padded with black to a square and resized. "
        "In `embedding_int8.tflite` embeddings are not yet of length 1: divide "
        "by it.",
        "",
        "## Measured",
        "",
        *_numbers(run),
        "",
        "## Limits",
        "",
        "- A cosine says nothing by itself: the threshold is to be chosen on "
        "pairs of one's own cameras and people, at a rate of false acceptances "
        "that one can live with.",
        "- Every picture gets an embedding, also one without a face.",
        "- Accuracy differs between groups of people; it was not measured by "
        "group here.",
        "",
    ]
    return "\n".join(lines)


def _numbers(run: RunDir) -> list[str]:
    if not run.face_results.is_file():
        return [
            "Nothing: the run was not evaluated before it was exported. "
            "`python -m qualnet_tf.evaluate_faces`, then export again."
        ]
    results = results_lib.load_face_results(run.face_results)
    lines = []
    if results.verifications:
        lines += [
            "| Pairs | Resolutions | Convention | Accuracy % | Deviation | "
            "TAR % | at FAR |",
            "|---|---|---|---|---|---|---|",
        ]
    lines += [
        f"| {row.set} | {row.left_resolution}, {row.right_resolution} | "
        f"{row.convention} | {percent(row.accuracy)} | "
        f"{percent(row.deviation)} | {percent(row.true_acceptance_rate)} | "
        f"{row.false_acceptance_rate:g} |"
        for row in results.verifications
    ]
    if results.identifications:
        lines += [
            "",
            "| Set | Gallery, probes | Rank 1 % | Rank 5 % | Rank 10 % |",
            "|---|---|---|---|---|",
        ]
    lines += [
        f"| {row.set} | {row.gallery_resolution}, {row.probe_resolution} | "
        f"{percent(row.rank1)} | {percent(row.rank5)} | {percent(row.rank10)} |"
        for row in results.identifications
    ]
    return [*lines, "", *protocol_lines([results])]
