"""The pictures that runs recognised least, as the page shows them."""

import dataclasses
from collections.abc import Sequence

from qualnet_tf.evaluation.results import WorstPictures
from qualnet_tf.reports.cells import percent
from qualnet_tf.reports.picture_grid import PIXELATED_BELOW, Picture, png_uri
from qualnet_tf.reports.run_report import RunReport


@dataclasses.dataclass(frozen=True)
class WorstGroup:
    """The worst pictures of one run, the worst first.

    Attributes:
        run: Name of the run.
        pictures: Their labels say what was taken for what, and how often.
        pixelated: Whether to enlarge without smoothing.
    """

    run: str
    pictures: tuple[Picture, ...]
    pixelated: bool


def worst_groups(runs: Sequence[RunReport]) -> list[WorstGroup]:
    """Returns a group for each run that has worst pictures."""
    return [
        WorstGroup(
            run.name,
            tuple(
                _picture(run.worst, place)
                for place in range(len(run.worst.labels))
            ),
            pixelated=min(run.worst.clean.shape[1:3]) < PIXELATED_BELOW,
        )
        for run in runs
        if run.worst is not None
    ]


def _picture(worst: WorstPictures, place: int) -> Picture:
    label, other = worst.labels[place], worst.mistaken_for[place]
    share = percent(float(worst.wrong_share[place]))
    taken = f"mostly taken for {other}" if other else "never mistaken"
    text = f"{label}, {taken}; wrong under {share} % of the conditions"
    return Picture(
        text, f"clean picture of {text}", png_uri(worst.clean[place])
    )
