"""What an evaluation on faces found, in a file. No TensorFlow."""

import dataclasses
import json
import os
import pathlib

from qualnet_tf import run_dir
from qualnet_tf.evaluation import schema

SCHEMA_VERSION = 1


@dataclasses.dataclass(frozen=True, kw_only=True)
class Verification:
    """Accuracy on pairs, and the protocol by which it was measured.

    Attributes:
        set: Name of the pairs.
        left_resolution: Side to which the left faces were reduced, pixels.
        right_resolution: Of the right ones.
        convention: See `metrics.verification`.
        num_pairs: Number of pairs.
        num_folds: Folds of the cross-validation.
        accuracy: Mean over the folds.
        deviation: Standard deviation over the folds.
        threshold: Mean over the folds, on the convention's own scores.
        true_acceptance_rate: Share of the pairs of one person accepted.
        false_acceptance_rate: At this rate of pairs of two, by cosine.
    """

    set: str
    left_resolution: int
    right_resolution: int
    convention: str
    num_pairs: int
    num_folds: int
    accuracy: float
    deviation: float
    threshold: float
    true_acceptance_rate: float
    false_acceptance_rate: float

    def __post_init__(self):
        schema.set_plain_values(self)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Identification:
    """Rates of probes whose person is found in a gallery.

    Attributes:
        set: Name of the probes and gallery.
        gallery_resolution: Side to which the gallery was reduced, pixels.
        probe_resolution: Of the probes.
        num_probes: Number of probes.
        num_gallery: Pictures in the gallery, distractors included.
        rank1: Share with a picture of the person in first place.
        rank5: Among the first 5.
        rank10: Among the first 10.
        rank20: Among the first 20.
        mean_average_precision: See `metrics.identification`.
    """

    set: str
    gallery_resolution: int
    probe_resolution: int
    num_probes: int
    num_gallery: int
    rank1: float
    rank5: float
    rank10: float
    rank20: float
    mean_average_precision: float

    def __post_init__(self):
        schema.set_plain_values(self)


@dataclasses.dataclass(frozen=True, kw_only=True)
class FaceResults:
    """All of one evaluation of a run.

    Attributes:
        run: Name of the run.
        image_size: Side of the network's input, pixels.
        embedding_size: Numbers in an embedding, before flips are joined.
        interpolation: How faces were reduced and enlarged.
        flip: How embeddings of mirrored faces were joined.
        verifications: One per set, resolutions and convention.
        identifications: One per set and resolutions.
    """

    run: str
    image_size: int
    embedding_size: int
    interpolation: str
    flip: str
    verifications: tuple[Verification, ...] = ()
    identifications: tuple[Identification, ...] = ()

    def __post_init__(self):
        schema.set_plain_values(self)

    def to_json(self) -> str:
        """Returns all of it as JSON."""
        content = {"schema_version": SCHEMA_VERSION, **dataclasses.asdict(self)}
        return json.dumps(content, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str, source: str = "JSON") -> "FaceResults":
        """Reads what `to_json` wrote.

        Raises:
            ValueError: If the text is damaged, something else, or of a newer
                schema.
        """
        _, data = schema.read(text, source, SCHEMA_VERSION)
        try:
            data = schema.fields_of(cls, data)
            for name, row_class in (
                ("verifications", Verification),
                ("identifications", Identification),
            ):
                data[name] = tuple(
                    row_class(**schema.fields_of(row_class, row))
                    for row in data[name]
                )
            return cls(**data)
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"{source}: {error}; evaluate the run again"
            ) from error


def save_face_results(results: FaceResults, path: str | os.PathLike) -> None:
    """Writes the results to `path`, all or nothing."""
    run_dir.write_text(pathlib.Path(path), results.to_json())


def load_face_results(path: str | os.PathLike) -> FaceResults:
    """Reads what `save_face_results` wrote.

    Raises:
        ValueError: If the file is missing, damaged, something else, or of a
            newer schema.
    """
    path = pathlib.Path(path)
    if not path.is_file():
        raise ValueError(
            f"{path}: no results on faces; evaluate the run with "
            "qualnet_tf.evaluate_faces first"
        )
    text = path.read_text(encoding="utf-8", errors="replace")
    return FaceResults.from_json(text, str(path))
