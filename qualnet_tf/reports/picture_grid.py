"""Example pictures as PNG data URIs, grouped so that none is shown twice."""

import base64
import dataclasses
import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from qualnet_tf.evaluation.results import Pictures
from qualnet_tf.reports.naming import spoken
from qualnet_tf.reports.run_report import RunReport

# Smaller pictures are enlarged with their pixels visible, not smoothed.
PIXELATED_BELOW = 96

_LABELS = {
    "clean": "clean",
    "corrupted": "corrupted",
    # Each stands right below the picture it was decoded from.
    "reconstruction_of_clean": "decoded",
    "reconstruction_of_corrupted": "decoded",
    "difference": "difference",
}


@dataclasses.dataclass(frozen=True)
class Picture:
    """One picture of a sample.

    Attributes:
        label: A word or two below it.
        description: What it is, for those who cannot see it.
        uri: The PNG as a data URI.
    """

    label: str
    description: str
    uri: str


@dataclasses.dataclass(frozen=True)
class Sample:
    """A clean picture, its corrupted copy and what was decoded from both."""

    caption: str
    pictures: tuple[Picture, ...]


@dataclasses.dataclass(frozen=True)
class PictureGroup:
    """The samples of one run, or of several that have the same.

    Attributes:
        runs: Names of the runs.
        decoded: Whether there are reconstructions.
        samples: Empty where another group shows the same pictures.
        width: Of a picture, in pixels.
        height: Of a picture, in pixels.
        pixelated: Whether to enlarge without smoothing.
    """

    runs: tuple[str, ...]
    decoded: bool
    samples: tuple[Sample, ...]
    width: int
    height: int
    pixelated: bool


def picture_groups(runs: Sequence[RunReport]) -> list[PictureGroup]:
    """Returns the pictures to show, runs with reconstructions first.

    Runs evaluated on the same images share clean and corrupted pictures; those
    without a decoder have nothing to add and are only named.
    """
    having = [run for run in runs if run.pictures is not None]
    decoded = [run for run in having if _is_decoded(run)]
    plain = [run for run in having if not _is_decoded(run)]
    groups = [_group([run], show=True) for run in decoded]
    shown = list(decoded)
    for same in _same_inputs(plain):
        repeated = any(_has_same_inputs(same[0], other) for other in shown)
        groups.append(_group(same, show=not repeated))
        shown.append(same[0])
    return groups


def png_uri(image: np.ndarray) -> str:
    """Returns an image, uint8 [height, width, 3], as a PNG data URI."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, format="PNG", optimize=True)
    text = base64.b64encode(buffer.getvalue()).decode("ascii")
    return f"data:image/png;base64,{text}"


def _is_decoded(run: RunReport) -> bool:
    return run.pictures.reconstruction_of_clean is not None


def _has_same_inputs(one: RunReport, other: RunReport) -> bool:
    return np.array_equal(
        one.pictures.clean, other.pictures.clean
    ) and np.array_equal(one.pictures.corrupted, other.pictures.corrupted)


def _same_inputs(runs: Sequence[RunReport]) -> list[list[RunReport]]:
    groups: list[list[RunReport]] = []
    for run in runs:
        for group in groups:
            if _has_same_inputs(run, group[0]):
                group.append(run)
                break
        else:
            groups.append([run])
    return groups


def _group(runs: Sequence[RunReport], show: bool) -> PictureGroup:
    pictures = runs[0].pictures
    height, width = pictures.clean.shape[1:3]
    return PictureGroup(
        runs=tuple(run.name for run in runs),
        decoded=_is_decoded(runs[0]),
        samples=_samples(pictures) if show else (),
        width=width,
        height=height,
        pixelated=min(height, width) < PIXELATED_BELOW,
    )


def _samples(pictures: Pictures) -> tuple[Sample, ...]:
    arrays = pictures.arrays()
    if pictures.reconstruction_of_clean is not None:
        arrays["difference"] = _difference(
            pictures.reconstruction_of_clean,
            pictures.reconstruction_of_corrupted,
        )
    samples = []
    for index, caption in enumerate(map(spoken, pictures.caption)):
        shown = tuple(
            Picture(
                label=_LABELS[name] + _size_note(array, pictures.clean),
                description=f"{caption}, sample {index + 1}: "
                + name.replace("_", " ")
                + _size_note(array, pictures.clean),
                uri=png_uri(array[index]),
            )
            for name, array in arrays.items()
        )
        samples.append(Sample(caption, shown))
    return tuple(samples)


def _difference(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Returns the distance of every value; black where two are the same."""
    wide = one.astype(np.int16) - other.astype(np.int16)
    return np.abs(wide).astype(np.uint8)


def _size_note(array: np.ndarray, clean: np.ndarray) -> str:
    """Says where pictures are smaller than the clean ones they stand below."""
    height, width = array.shape[1:3]
    same = (height, width) == clean.shape[1:3]
    return "" if same else f" at {width}x{height}"
