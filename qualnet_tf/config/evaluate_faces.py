"""Knobs of `evaluate_faces`."""

import dataclasses

from qualnet_tf.knobs import Config, knob, require

INTERPOLATIONS = (
    "nearest",
    "nearest_half_pixel",
    "bilinear",
    "area",
    "bicubic",
    "lanczos",
)
FLIPS = ("none", "sum", "concatenate")
CONVENTIONS = ("euclidean", "centred", "cosine")


@dataclasses.dataclass(frozen=True, kw_only=True)
class EvaluateFacesConfig(Config):
    """Verification and identification by the embeddings of finished runs."""

    run_dir: tuple[str, ...] = knob(
        (), "finished runs, evaluated one after another", path=True
    )
    pairs: tuple[str, ...] = knob(
        (),
        "verification sets: .bin files (lfw.bin, agedb_30.bin), or CSVs with "
        "the columns left, right, same and, if there are folds, fold",
        path=True,
    )
    identification: tuple[str, ...] = knob(
        (),
        "identification sets: folders of TinyFace, or CSVs with the columns "
        "image, identity and role (gallery, probe, distractor)",
        path=True,
    )
    pictures_dir: str = knob(
        "",
        "folder that the paths in the CSVs begin in; empty is each CSV's own",
        path=True,
    )
    resolutions: tuple[int, ...] = knob(
        (112, 56, 28, 14),
        "sides to which faces are reduced before they are enlarged again, "
        "pixels; the network's own side leaves them as they are",
        lower=1,
        upper=4096,
    )
    interpolation: str = knob(
        "nearest",
        "how they are reduced and enlarged; nearest reads pixel floor(i * "
        "scale) as OpenCV, nearest_half_pixel floor((i + 0.5) * scale) as "
        "tf.image.resize; test with what was trained on",
        choices=INTERPOLATIONS,
    )
    cross_resolution: bool = knob(
        True,
        "compare clean faces with reduced ones as well: a clean gallery, poor "
        "probes",
    )
    flip: str = knob(
        "none",
        "what is done with the embedding of the mirrored face: nothing, added, "
        "or joined behind",
        choices=FLIPS,
    )
    conventions: tuple[str, ...] = knob(
        ("euclidean",),
        "how accuracy is measured: insightface's; with the mean of the other "
        "folds subtracted; or with thresholds between the scores met",
        choices=CONVENTIONS,
    )
    false_acceptance_rate: float = knob(
        0.001,
        "rate of accepted pairs of two people at which the accepted pairs of "
        "one are counted",
        lower=0.0,
        upper=0.999,
    )
    batch_size: int = knob(64, "faces per step", lower=1)

    def check(self) -> None:
        require(self, "run_dir", "name finished runs")
        require(self, "resolutions", "name sides, the network's for example")
        require(self, "conventions", f"name some of {', '.join(CONVENTIONS)}")
        if not self.pairs and not self.identification:
            raise ValueError(
                "--pairs and --identification are empty: name a set of one of "
                "the two kinds"
            )
