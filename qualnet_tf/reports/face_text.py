"""Results on faces as text for a terminal."""

from collections.abc import Sequence

from qualnet_tf.evaluation.results import FaceResults
from qualnet_tf.reports.cells import percent

_SAYS = {
    "euclidean": "squared distance of unit vectors, thresholds 0 to 4 in steps "
    "of 0.01, the first best of the other folds (insightface)",
    "centred": "mean embedding of the other folds subtracted, cosine, "
    "thresholds -1 to 1 in steps of 0.0001, the mean of the best",
    "cosine": "cosine, thresholds between the scores met, the first best of "
    "the other folds",
}
_FLIPS = {
    "none": "no mirrored faces",
    "sum": "embeddings of face and mirrored face added",
    "concatenate": "embeddings of face and mirrored face joined",
}


def face_text(results: Sequence[FaceResults]) -> str:
    """Returns the tables of all runs, and by which conventions they are."""
    blocks = [_verifications(results), _identifications(results)]
    return "\n".join(line for block in blocks for line in block) + "\n"


def protocol_lines(results: Sequence[FaceResults]) -> list[str]:
    """Returns a line for each convention and way of preparing faces used."""
    lines: dict[str, None] = {}
    for each in results:
        lines[
            f"Faces reduced by {each.interpolation} interpolation to the "
            f"resolution and enlarged to {each.image_size}; "
            f"{_FLIPS[each.flip]}."
        ] = None
        for row in each.verifications:
            lines[
                f"Accuracy, {row.convention}: {_SAYS[row.convention]}; mean "
                f"and deviation over {row.num_folds} folds of "
                f"{row.num_pairs} pairs of {row.set}."
            ] = None
    return list(lines)


def _verifications(results: Sequence[FaceResults]) -> list[str]:
    rows = [(each, row) for each in results for row in each.verifications]
    if not rows:
        return []
    rate = rows[0][1].false_acceptance_rate
    table = [
        (
            "run",
            "pairs",
            "left",
            "right",
            "convention",
            "accuracy %",
            "+-",
            "threshold",
            f"TAR % at FAR {rate:g}",
        ),
        *(
            (
                each.run,
                row.set,
                str(row.left_resolution),
                str(row.right_resolution),
                row.convention,
                percent(row.accuracy),
                percent(row.deviation),
                f"{row.threshold:.3f}",
                percent(row.true_acceptance_rate),
            )
            for each, row in rows
        ),
    ]
    return [*_aligned(table), *protocol_lines(results), ""]


def _identifications(results: Sequence[FaceResults]) -> list[str]:
    rows = [(each, row) for each in results for row in each.identifications]
    if not rows:
        return []
    table = [
        (
            "run",
            "set",
            "gallery",
            "probes",
            "rank 1 %",
            "rank 5 %",
            "rank 10 %",
            "rank 20 %",
            "mAP %",
        ),
        *(
            (
                each.run,
                row.set,
                str(row.gallery_resolution),
                str(row.probe_resolution),
                percent(row.rank1),
                percent(row.rank5),
                percent(row.rank10),
                percent(row.rank20),
                percent(row.mean_average_precision),
            )
            for each, row in rows
        ),
    ]
    sizes = {
        f"{row.set}: {row.num_probes} probes, {row.num_gallery} pictures in "
        "the gallery; ranked by cosine."
        for _, row in rows
    }
    return [*_aligned(table), *sorted(sizes), ""]


def _aligned(table: Sequence[Sequence[str]]) -> list[str]:
    """Pads columns: text to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = []
    for row in table:
        cells = [
            cell.ljust(width) if place < 2 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return lines
