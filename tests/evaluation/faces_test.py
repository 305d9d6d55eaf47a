"""Runs are measured on faces as the metrics say of their embeddings."""

import dataclasses
import hashlib

import keras
import numpy as np
import pytest

from qualnet_tf.config import EvaluateFacesConfig
from qualnet_tf.corruptions import kernels
from qualnet_tf.datasets.face_pairs import read_pairs
from qualnet_tf.datasets.face_pictures import fit_face, load_face
from qualnet_tf.datasets.identification_set import read_identification
from qualnet_tf.evaluation import embeddings, face_results
from qualnet_tf.evaluation.faces import evaluate_faces
from qualnet_tf.metrics import identification, verification
from qualnet_tf.models.embedding import build_embedding
from qualnet_tf.models.saving import load_model
from tests.evaluation.face_runs import SIDE, train_faces, write_sets


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return train_faces(tmp_path_factory.mktemp("runs") / "faces")


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    return write_sets(tmp_path_factory.mktemp("sets"))


def config(run, sets, **values):
    settings = {
        "run_dir": (str(run.path),),
        "pairs": (str(sets / "pairs.csv"),),
        "identification": (str(sets / "people.csv"),),
        "resolutions": (SIDE, 4),
        "batch_size": 5,
        **values,
    }
    return EvaluateFacesConfig(**settings)


@pytest.fixture(scope="module")
def found(run, sets):
    conventions = ("euclidean", "centred", "cosine")
    (results,) = evaluate_faces(config(run, sets, conventions=conventions))
    return results


@pytest.fixture(scope="module")
def embed(run, found):
    """Embeds files at a resolution: the kept ones, checked without the room."""
    network = build_embedding(load_model(run.classifier))
    content = run.classifier.read_bytes()
    embedder = embeddings.Embedder(
        network,
        f"{hashlib.sha256(content).hexdigest()} {keras.__version__}",
        run.embeddings,
        5,
        "nearest",
    )

    def embed(files, resolution, mirrored=False):
        images = np.stack([fit_face(load_face(f, f), SIDE) for f in files])
        images = images.astype(np.float32) / np.float32(255)
        shown = kernels.nearest_down_up_indices(SIDE, resolution)
        images = images[:, shown][:, :, shown]
        expected = network(images[:, :, ::-1] if mirrored else images)
        faces = embeddings.Faces("", files, files)
        kept = embedder.embed(faces, resolution, mirrored)
        np.testing.assert_allclose(kept, expected, atol=1e-5)
        return kept

    return embed


@pytest.mark.parametrize("sides", [(SIDE, SIDE), (4, 4), (SIDE, 4)])
@pytest.mark.parametrize("convention", ["euclidean", "centred", "cosine"])
def test_verification_is_that_of_the_embeddings(
    found, sets, embed, sides, convention
):
    pairs = read_pairs(sets / "pairs.csv")
    left = embed(pairs.sources, sides[0])[pairs.left]
    right = embed(pairs.sources, sides[1])[pairs.right]
    expected = verification.verification_accuracy(
        left, right, pairs.is_same, pairs.folds, convention
    )
    (row,) = [
        row
        for row in found.verifications
        if (row.left_resolution, row.right_resolution) == sides
        and row.convention == convention
    ]
    assert row.accuracy == expected.accuracy
    assert row.num_pairs == len(pairs.is_same) and row.num_folds == 4
    assert row.true_acceptance_rate == verification.true_acceptance_rate(
        verification.pair_cosines(left, right), pairs.is_same
    )


def test_identification_is_that_of_the_embeddings(found, sets, embed):
    people = read_identification(sets / "people.csv")
    assert [
        (row.gallery_resolution, row.probe_resolution)
        for row in found.identifications
    ] == [(SIDE, SIDE), (4, 4), (SIDE, 4)]
    for row in found.identifications:
        expected = identification.identify(
            embed(people.probes, row.probe_resolution),
            people.probe_identities,
            embed(people.gallery, row.gallery_resolution),
            people.gallery_identities,
        )
        assert row.rank1 == expected.rank_rates[1]
        assert row.num_gallery == 20 and row.num_probes == 12


def test_the_file_says_what_was_returned(found, run):
    assert face_results.load_face_results(run.face_results) == found
    assert found.embedding_size == 16 and found.image_size == SIDE


def test_kept_embeddings_are_not_made_again(found, run, sets, monkeypatch):
    def fail(*_):
        raise AssertionError("made again")

    monkeypatch.setattr(embeddings.Embedder, "_make", fail)
    conventions = ("euclidean", "centred", "cosine")
    (again,) = evaluate_faces(config(run, sets, conventions=conventions))
    assert again == found


@pytest.mark.parametrize("flip", ["sum", "concatenate"])
def test_mirrored_faces_are_joined(run, sets, embed, flip):
    values = {"flip": flip, "resolutions": (4,), "identification": ()}
    (found,) = evaluate_faces(
        config(run, sets, cross_resolution=False, **values)
    )
    pairs = read_pairs(sets / "pairs.csv")
    joined = verification.join_flipped(
        embed(pairs.sources, 4), embed(pairs.sources, 4, mirrored=True), flip
    )
    expected = verification.verification_accuracy(
        joined[pairs.left], joined[pairs.right], pairs.is_same, pairs.folds
    )
    (row,) = found.verifications
    assert row.accuracy == expected.accuracy


def test_other_sets_stay_and_the_same_set_is_replaced(tmp_path, sets):
    run = train_faces(tmp_path / "run")
    evaluate_faces(config(run, sets, resolutions=(SIDE,)))
    evaluate_faces(config(run, sets, resolutions=(8,), identification=()))
    kept = face_results.load_face_results(run.face_results)
    sides = {row.right_resolution for row in kept.verifications}
    assert sides == {8} and len(kept.identifications) == 1
    evaluate_faces(
        config(run, sets, resolutions=(8,), interpolation="area", pairs=())
    )
    assert not face_results.load_face_results(run.face_results).verifications


def test_a_changed_picture_is_embedded_anew(run, sets, tmp_path):
    copy = write_sets(tmp_path / "copy")
    values = {"identification": (), "resolutions": (SIDE,)}
    (before,) = evaluate_faces(config(run, copy, **values))
    for file in copy.glob("p*/*.png"):
        file.write_bytes((copy / "p0" / "0.png").read_bytes())
    (after,) = evaluate_faces(config(run, copy, **values))
    assert after.verifications[0].accuracy < before.verifications[0].accuracy


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"resolutions": (SIDE, 20)}, "--resolutions=20: expected at most 16"),
        ({"pairs": ("none.csv",)}, "none.csv: expected a CSV of pairs"),
        ({"run_dir": ("none",)}, "none: expected a run folder"),
    ],
)
def test_what_cannot_be_evaluated_is_named(run, sets, values, message):
    with pytest.raises(ValueError, match=message):
        evaluate_faces(config(run, sets, **values))


def test_sets_of_one_name_are_refused(run, sets, tmp_path):
    other = write_sets(tmp_path / "other")
    both = (str(sets / "pairs.csv"), str(other / "pairs.csv"))
    with pytest.raises(ValueError, match="received pairs more than once"):
        evaluate_faces(config(run, sets, pairs=both))


def test_pairs_of_one_kind_are_refused(run, sets, tmp_path):
    lines = (sets / "pairs.csv").read_text().splitlines()
    path = sets / "same.csv"
    path.write_text("\n".join(x for x in lines if not x.endswith("0")) + "\n")
    with pytest.raises(ValueError, match="same.csv: .* of one person alone"):
        evaluate_faces(config(run, sets, pairs=(str(path),)))


def test_an_undecodable_face_is_named_and_nothing_is_kept(run, tmp_path):
    sets = write_sets(tmp_path / "sets")
    (sets / "p1" / "2.png").write_bytes(b"\x89PNG")
    before = run.face_results.read_bytes()
    with pytest.raises(ValueError, match="p1/2.png: expected a picture of a"):
        evaluate_faces(config(run, sets))
    assert run.face_results.read_bytes() == before


def test_results_of_a_newer_schema_are_refused(found):
    text = found.to_json().replace('"schema_version": 1', '"schema_version": 9')
    with pytest.raises(ValueError, match="faces.json: schema_version is 9"):
        face_results.FaceResults.from_json(text, "faces.json")


def test_results_are_the_same_from_their_text(found):
    again = face_results.FaceResults.from_json(found.to_json())
    assert again == found
    row = dataclasses.replace(found.verifications[0], accuracy=np.float32(0.5))
    assert type(row.accuracy) is float


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON"),
        ('{"schema_version": 1, "run": "x"}', "FaceResults has no image_size"),
    ],
)
def test_damaged_results_are_named(text, message):
    with pytest.raises(ValueError, match=message):
        face_results.FaceResults.from_json(text, "faces.json")


def test_a_run_without_results_is_told_what_to_do(tmp_path):
    with pytest.raises(ValueError, match="qualnet_tf.evaluate_faces first"):
        face_results.load_face_results(tmp_path / "faces.json")
