"""The numbers of the paper's Tables 4 and 5, on faces, with their sources.

"Quality-Agnostic Image Recognition via Invertible Decoder" (CVPR 2021). Per
cent, as printed. A condition that is not here has no number known to us: a gap
is no zero and no guess.
"""

import dataclasses

SOURCE = "QualNet (CVPR 2021), Tables 4 and 5"


@dataclasses.dataclass(frozen=True)
class FaceColumn:
    """A column of a table.

    Attributes:
        set: Name of the pairs or of the gallery, as results have it.
        measure: "accuracy", or "rank1" and so on.
        resolution: Of both faces, pixels; of TinyFace its pictures as they
            are.
        heading: How it is headed.
    """

    set: str
    measure: str
    resolution: int
    heading: str


@dataclasses.dataclass(frozen=True)
class FaceRow:
    """A row of a table.

    Attributes:
        name: How reports call it.
        recipe: Way of training, by which a run is known.
        numbers: One per column, None where none is known.
    """

    name: str
    recipe: str
    numbers: tuple[str | None, ...]


@dataclasses.dataclass(frozen=True)
class FaceTable:
    """One table.

    Attributes:
        number: The paper's.
        title: What it compares, in our words.
        columns: From left to right.
        rows: From top to bottom.
    """

    number: int
    title: str
    columns: tuple[FaceColumn, ...]
    rows: tuple[FaceRow, ...]


_SIDES = (112, 56, 28, 14)
_SETS = {"agedb_30": "AgeDB-30", "cfp_fp": "CFP-FP"}
_RANKS = (1, 5, 10)
_NAMES = {
    "specialised_112": "specialised on 112",
    "specialised_56": "specialised on 56",
    "specialised_28": "specialised on 28",
    "specialised_14": "specialised on 14",
    "naive": "naive augmentation",
    "qualnet": "QualNet50-LM",
}
# Recipe -> AgeDB-30, then CFP-FP, each at 112, 56, 28, 14.
_TABLE_4 = {
    "specialised_112": ("92.37", *[None] * 3, "95.71", *[None] * 3),
    "naive": (
        *("90.32", "89.82", "85.85", "72.48"),
        *("95.09", "94.99", "92.49", "84.64"),
    ),
    "qualnet": (
        *("92.22", "91.27", "87.05", "73.20"),
        *("96.24", "95.81", "93.03", "84.51"),
    ),
}
# Recipe -> rank 1, 5, 10.
_TABLE_5 = {
    "specialised_112": ("24.46", "32.64", "36.48"),
    "naive": ("32.97", "40.91", "44.31"),
    "qualnet": ("35.54", "44.45", "47.42"),
}


def _rows(numbers: dict[str, tuple], width: int) -> tuple[FaceRow, ...]:
    gaps = (None,) * width
    return tuple(
        FaceRow(name, recipe, numbers.get(recipe, gaps))
        for recipe, name in _NAMES.items()
    )


FACE_TABLES = {
    4: FaceTable(
        number=4,
        title="verification at four resolutions, training on CASIA-WebFace",
        columns=tuple(
            FaceColumn(name, "accuracy", side, f"{spoken} at {side}")
            for name, spoken in _SETS.items()
            for side in _SIDES
        ),
        rows=_rows(_TABLE_4, 8),
    ),
    5: FaceTable(
        number=5,
        title="identification of TinyFace's pictures as they are",
        columns=tuple(
            FaceColumn("tinyface", f"rank{k}", 112, f"rank {k}") for k in _RANKS
        ),
        rows=_rows(_TABLE_5, 3),
    ),
}
