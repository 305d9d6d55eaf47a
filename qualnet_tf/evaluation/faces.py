"""Face networks on pairs and galleries, at each test resolution.

Low resolution is made as in the paper (section 4.1): faces are reduced and
enlarged again to the side of the network. Both faces of a pair have it; beside
that clean faces are compared with reduced ones, which is what a clean gallery
and a poor camera are.
"""

import dataclasses
import hashlib

import keras
import numpy as np

from qualnet_tf.config import EvaluateFacesConfig
from qualnet_tf.datasets.face_pairs import FacePairs, read_pairs
from qualnet_tf.datasets.identification_set import (
    IdentificationSet,
    read_identification,
)
from qualnet_tf.evaluation import face_results
from qualnet_tf.evaluation.embeddings import Embedder, Faces
from qualnet_tf.evaluation.face_results import (
    FaceResults,
    Identification,
    Verification,
)
from qualnet_tf.metrics import identification, verification
from qualnet_tf.models.embedding import build_embedding
from qualnet_tf.models.saving import load_model
from qualnet_tf.run_dir import RunDir


def evaluate_faces(config: EvaluateFacesConfig) -> list[FaceResults]:
    """Evaluates runs and writes the results of each into its folder.

    All sets are read before the first face is embedded. What earlier
    evaluations by the same interpolation and flip say of other sets stays in
    the results; a set that is asked for again is replaced.

    Returns:
        What was asked for, a `FaceResults` per run.

    Raises:
        ValueError: If a run or set cannot be used.
    """
    folder = config.pictures_dir or None
    pairs = [read_pairs(path, folder) for path in config.pairs]
    galleries = [
        read_identification(path, folder) for path in config.identification
    ]
    for path, each in zip(config.pairs, pairs, strict=True):
        _check_kinds(path, each)
    _check_names([each.name for each in (*pairs, *galleries)])
    runs = [RunDir(path) for path in config.run_dir]
    for run in runs:
        run.read_finished_info()
    return [_evaluate(config, run, pairs, galleries) for run in runs]


def _check_kinds(path: str, pairs: FacePairs) -> None:
    if pairs.is_same.all() or not pairs.is_same.any():
        kind = "one person" if pairs.is_same.all() else "two people"
        raise ValueError(
            f"{path}: expected pairs of one person and pairs of two, received "
            f"{len(pairs.is_same)} of {kind} alone"
        )


def _check_names(names: list[str]) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(
            f"expected sets with different names, received {repeated[0]} more "
            "than once, by which results tell them apart; rename a file"
        )


def _evaluate(
    config: EvaluateFacesConfig,
    run: RunDir,
    pairs: list[FacePairs],
    galleries: list[IdentificationSet],
) -> FaceResults:
    embedder = _embedder(config, run)
    found = FaceResults(
        run=run.name,
        image_size=embedder.side,
        embedding_size=embedder.network.output_shape[-1],
        interpolation=config.interpolation,
        flip=config.flip,
        verifications=tuple(
            row for each in pairs for row in _verify(config, embedder, each)
        ),
        identifications=tuple(
            row
            for each in galleries
            for row in _identify(config, embedder, each)
        ),
    )
    path = run.face_results
    earlier = face_results.load_face_results(path) if path.is_file() else None
    face_results.save_face_results(_merged(earlier, found), path)
    return found


def _embedder(config: EvaluateFacesConfig, run: RunDir) -> Embedder:
    network = build_embedding(load_model(run.classifier))
    content = run.classifier.read_bytes()
    return Embedder(
        network,
        f"{hashlib.sha256(content).hexdigest()} {keras.__version__}",
        run.embeddings,
        config.batch_size,
        config.interpolation,
    )


def _embed(
    config: EvaluateFacesConfig,
    embedder: Embedder,
    faces: Faces,
    resolution: int,
) -> np.ndarray:
    plain = embedder.embed(faces, resolution)
    if config.flip == "none":
        return plain
    mirrored = embedder.embed(faces, resolution, mirrored=True)
    return verification.join_flipped(plain, mirrored, config.flip)


def _resolutions(
    config: EvaluateFacesConfig, side: int
) -> list[tuple[int, int]]:
    """Returns (left, right): the same on both sides, then clean on the left."""
    same = [(each, each) for each in config.resolutions]
    if not config.cross_resolution:
        return same
    return same + [(side, each) for each in config.resolutions if each != side]


def _verify(
    config: EvaluateFacesConfig, embedder: Embedder, pairs: FacePairs
) -> list[Verification]:
    faces = Faces(pairs.name, pairs.sources, pairs.names)
    sides = dict.fromkeys(sum(_resolutions(config, embedder.side), ()))
    embedded = {side: _embed(config, embedder, faces, side) for side in sides}
    folds = pairs.folds
    if folds is None:
        folds = verification.consecutive_folds(len(pairs.is_same))
    rows = []
    for left_side, right_side in _resolutions(config, embedder.side):
        left = embedded[left_side][pairs.left]
        right = embedded[right_side][pairs.right]
        accepted = verification.true_acceptance_rate(
            verification.pair_cosines(left, right),
            pairs.is_same,
            config.false_acceptance_rate,
        )
        for convention in config.conventions:
            result = verification.verification_accuracy(
                left, right, pairs.is_same, folds, convention
            )
            rows.append(
                Verification(
                    set=pairs.name,
                    left_resolution=left_side,
                    right_resolution=right_side,
                    convention=convention,
                    num_pairs=len(pairs.is_same),
                    num_folds=len(result.fold_accuracies),
                    accuracy=result.accuracy,
                    deviation=result.deviation,
                    threshold=float(np.mean(result.fold_thresholds)),
                    true_acceptance_rate=accepted,
                    false_acceptance_rate=config.false_acceptance_rate,
                )
            )
    return rows


def _identify(
    config: EvaluateFacesConfig, embedder: Embedder, people: IdentificationSet
) -> list[Identification]:
    probes = Faces(f"{people.name}, probes", people.probes, people.probes)
    gallery = Faces(f"{people.name}, gallery", people.gallery, people.gallery)
    rows = []
    for gallery_side, probe_side in _resolutions(config, embedder.side):
        result = identification.identify(
            _embed(config, embedder, probes, probe_side),
            people.probe_identities,
            _embed(config, embedder, gallery, gallery_side),
            people.gallery_identities,
            ranks=(1, 5, 10, 20),
        )
        rows.append(
            Identification(
                set=people.name,
                gallery_resolution=gallery_side,
                probe_resolution=probe_side,
                num_probes=result.num_probes,
                num_gallery=result.num_gallery,
                **{f"rank{k}": rate for k, rate in result.rank_rates.items()},
                mean_average_precision=result.mean_average_precision,
            )
        )
    return rows


def _merged(earlier: FaceResults | None, found: FaceResults) -> FaceResults:
    """Returns the new rows behind the earlier ones of other sets."""
    if earlier is None or any(
        getattr(earlier, name) != getattr(found, name)
        for name in ("image_size", "embedding_size", "interpolation", "flip")
    ):
        return found
    return dataclasses.replace(
        found,
        verifications=_joined(earlier.verifications, found.verifications),
        identifications=_joined(earlier.identifications, found.identifications),
    )


def _joined(earlier: tuple, found: tuple) -> tuple:
    replaced = {row.set for row in found}
    return (*(row for row in earlier if row.set not in replaced), *found)
