"""The numbers of the paper's Tables 1, 2, 3 and 6, with their sources.

The paper is "Quality-Agnostic Image Recognition via Invertible Decoder" (CVPR
2021). Numbers are per cent, as printed. None stands where none is known to us:
a gap is no zero and no guess. Rows of a table stand by network, then by method.
"""

import dataclasses


@dataclasses.dataclass(frozen=True)
class PublishedRow:
    """One row of a table.

    Attributes:
        table: Number of the table.
        name: How reports call the row.
        recipe: Way of training, by which `paper_rows` knows a run.
        network: The paper's network.
        clean_accuracy: Per cent as printed, or None.
        number: The second number, as printed, or None.
        measure: What that is: "mce", "mean_corruption_accuracy", or the name
            of a distortion of DeepCorrect, whose seven levels it is the mean
            of, the clean one included.
        source: Where the numbers come from; empty where there are none.
    """

    table: int
    name: str
    recipe: str
    network: str
    clean_accuracy: str | None
    number: str | None
    measure: str
    source: str


@dataclasses.dataclass(frozen=True)
class PublishedTable:
    """One table.

    Attributes:
        number: The paper's.
        title: What it compares, in our words.
        dataset: What its networks learn: "ImageNet" or "ImageNet-200".
        quality_weight: lambda of its rows with a decoder.
        measure: What most of its second numbers are.
        own_measures: What our column shows besides, of `results.Summary`.
        notes: What must be known to read it.
        rows: From top to bottom.
    """

    number: int
    title: str
    dataset: str
    quality_weight: float
    measure: str
    own_measures: tuple[str, ...]
    notes: tuple[str, ...]
    rows: tuple[PublishedRow, ...]


def get(number: int) -> PublishedTable:
    """Returns a table of the paper.

    Raises:
        ValueError: If it is none of those that our classifiers fill.
    """
    if number not in TABLES:
        raise ValueError(
            f"paper table {number!r}: expected "
            f"{', '.join(map(str, TABLES))}; name one of these"
        )
    return TABLES[number]


def _row(
    table: int,
    name: str,
    recipe: str,
    network: str,
    clean_accuracy: str | None = None,
    number: str | None = None,
    measure: str = "mce",
    source: str = "",
) -> PublishedRow:
    """A row whose source, if it has numbers and names none, is the paper."""
    if clean_accuracy and not source:
        source = f"QualNet (CVPR 2021), Table {table}"
    return PublishedRow(
        table, name, recipe, network, clean_accuracy, number, measure, source
    )


_R18, _R50, _RNX101 = "ResNet18", "ResNet50", "ResNeXt101-32x8d"
_ACCURACY = "mean_corruption_accuracy"
_NOISE, _BLUR = "deepcorrect_noise", "deepcorrect_blur"

_ROWS_1 = (
    _row(1, "ResNet50, naive augmentation", "naive", _R50, "74.88", "52.35"),
    _row(1, "ResNet50, Original KD", "kd", _R50, "73.92", "56.73"),
    _row(1, "ResNet50, FitNet", "fitnet", _R50, "74.75", "52.73"),
    _row(1, "ResNet50, PKT", "pkt", _R50, "75.29", "53.33"),
    _row(1, "ResNet50, VID", "vid", _R50, "74.85", "51.29"),
    _row(1, "ResNet50, SP", "sp", _R50, "74.93", "53.34"),
    _row(1, "ResNet18, AuxTraining", "auxtraining", _R18),
    _row(
        1,
        "QualNet18, corruptions of AuxTraining",
        "qualnet_auxtraining",
        _R18,
        "68.44",
        "74.98",
    ),
    _row(1, "ResNet18, DeepCorrect, noise", _NOISE, _R18, measure=_NOISE),
    _row(
        1,
        "QualNet18, noise of DeepCorrect",
        "qualnet_deepcorrect_noise",
        _R18,
        measure=_NOISE,
    ),
    _row(1, "ResNet18, DeepCorrect, blur", _BLUR, _R18, measure=_BLUR),
    _row(
        1,
        "QualNet18, blur of DeepCorrect",
        "qualnet_deepcorrect_blur",
        _R18,
        measure=_BLUR,
    ),
)
_ROWS_2 = (
    _row(2, "ResNet18, vanilla", "vanilla", _R18, "70.33", "87.10"),
    _row(2, "ResNet18, naive augmentation", "naive", _R18, "67.88", "63.66"),
    _row(2, "QualNet18", "qualnet", _R18, "68.42", "61.66"),
    _row(2, "QualNet18*", "qualnet_finetuned", _R18, "69.91", "60.31"),
    _row(2, "ResNet50, vanilla", "vanilla", _R50, "76.28", "78.20"),
    _row(2, "ResNet50, naive augmentation", "naive", _R50, "74.88", "52.35"),
    _row(2, "QualNet50", "qualnet", _R50, "75.30", "50.60"),
    _row(2, "QualNet50*", "qualnet_finetuned", _R50, "76.74", "51.33"),
    _row(2, "ResNeXt101, vanilla", "vanilla", _RNX101),
    _row(
        2, "ResNeXt101, naive augmentation", "naive", _RNX101, "79.55", "43.38"
    ),
    _row(2, "QualNeXt101", "qualnet", _RNX101, "79.84", "42.50"),
)
_ROWS_3 = (
    _row(
        3,
        "ResNet50, AugMix",
        "augmix",
        _R50,
        "77.53",
        "65.3",
        source="github.com/google-research/augmix, 180 epochs",
    ),
    _row(
        3,
        "ResNet50, ANT 3x3",
        "ant",
        _R50,
        "76.1",
        "63.4",
        source="github.com/bethgelab/game-of-noise",
    ),
)
_ROWS_6 = (
    _row(
        6,
        "naive augmentation, no decoder",
        "naive",
        _R50,
        "80.45",
        "70.82",
        _ACCURACY,
    ),
    _row(
        6,
        "decoder trained end to end",
        "end_to_end",
        _R50,
        "78.68",
        "69.91",
        _ACCURACY,
    ),
    _row(
        6,
        "decoder in two stages, not invertible",
        "two_stage",
        _R50,
        "81.81",
        "71.64",
        _ACCURACY,
    ),
    _row(
        6,
        "invertible decoder (QualNet50)",
        "qualnet",
        _R50,
        "82.33",
        "72.30",
        _ACCURACY,
    ),
)

_TWO_PROTOCOLS = (
    "Tables 1 and 2 were measured with different protocols: QualNet18 of Table "
    "1 (68.44, 74.98) learns the corruptions of AuxTraining, that of Table 2 "
    "(68.42, 61.66) the 15 test corruptions."
)
TABLES = {
    1: PublishedTable(
        number=1,
        title="distillation and quality-aware training",
        dataset="ImageNet",
        quality_weight=0.1,
        measure="mce",
        own_measures=(),
        notes=(
            _TWO_PROTOCOLS,
            "The rows of AuxTraining and DeepCorrect learn corruptions of "
            "their own, not the 15; those of DeepCorrect are a mean of seven "
            "levels, the clean one included.",
        ),
        rows=_ROWS_1,
    ),
    2: PublishedTable(
        number=2,
        title="QualNet and its fine-tuned variant QualNet*",
        dataset="ImageNet",
        quality_weight=0.1,
        measure="mce",
        own_measures=(),
        notes=(
            _TWO_PROTOCOLS,
            "Vanilla networks learn clean images alone.",
        ),
        rows=_ROWS_2,
    ),
    3: PublishedTable(
        number=3,
        title="training on other corruptions than the 15",
        dataset="ImageNet",
        quality_weight=0.1,
        measure="mce",
        own_measures=("holdout_accuracy",),
        notes=(
            "AugMix learns none of the 15 and ANT noise alone: they are "
            "compared on the hold-outs.",
            "The published numbers are those of their authors (AugMix with 180 "
            "epochs), not of the paper's Table 3.",
        ),
        rows=_ROWS_3,
    ),
    6: PublishedTable(
        number=6,
        title="the decoder",
        dataset="ImageNet-200",
        quality_weight=0.6,
        measure=_ACCURACY,
        own_measures=(),
        notes=(
            "Table 6 is of ImageNet-200 with a quality weight of 0.6: it "
            "cannot be compared with the tables of ImageNet.",
        ),
        rows=_ROWS_6,
    ),
}
