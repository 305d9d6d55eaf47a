"""Probes and gallery from a CSV and from TinyFace's folders and lists."""

import numpy as np
import pytest
from scipy import io

from qualnet_tf.datasets.identification_set import (
    DISTRACTOR,
    read_identification,
)

GOOD = (
    "image,identity,role\na/0.png,anna,gallery\na/1.png,anna,probe\n"
    "b/0.png,,distractor\nc/0.png,carl,gallery\n"
)


@pytest.fixture
def folder(tmp_path, write_people):
    write_people(tmp_path, {"a": 2, "b": 2, "c": 1})
    return tmp_path


def test_roles_become_probes_and_gallery(folder):
    (folder / "list.csv").write_text(GOOD)
    found = read_identification(folder / "list.csv")
    assert found.name == "list"
    assert found.probes == (str(folder / "a/1.png"),)
    np.testing.assert_array_equal(found.probe_identities, [0])
    assert found.gallery[-1] == str(folder / "b/0.png")
    np.testing.assert_array_equal(found.gallery_identities, [0, 1, DISTRACTOR])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("image,identity\na/0.png,anna\n", "columns image, role and at least"),
        (GOOD.replace("probe", "sample"), "line 3: expected gallery, probe, d"),
        (GOOD.replace("probe", "gallery"), "received no probe"),
        (GOOD.replace("gallery", "distractor"), "received no gallery"),
        (GOOD.replace("anna,probe", ",probe"), "line 3: expected an identity"),
        (GOOD.replace("c/0.png", "c/9.png"), "line 5: expected the picture"),
    ],
)
def test_what_is_wrong_with_a_csv_is_named(folder, content, message):
    (folder / "list.csv").write_text(content)
    with pytest.raises(ValueError, match=message):
        read_identification(folder / "list.csv")


@pytest.fixture
def tinyface(tmp_path, write_people):
    """Testing_Set as it is handed on: lists are MATLAB files of version 5."""
    place = tmp_path / "TinyFace" / "Testing_Set"
    write_people(
        place, {"Probe": 3, "Gallery_Match": 2, "Gallery_Distractor": 4}
    )

    def names(count):
        cells = np.empty((count, 1), object)
        cells[:, 0] = [f"{i}.png" for i in range(count)]
        return cells

    io.savemat(
        place / "probe_img_ID_pairs.mat",
        {"probe_set": names(3), "probe_ids": np.array([[7], [7], [9]])},
    )
    io.savemat(
        place / "gallery_match_img_ID_pairs.mat",
        {"gallery_set": names(2), "gallery_ids": np.array([[9], [7]])},
    )
    return place


@pytest.mark.parametrize("inner", [True, False])
def test_tinyface_is_read_from_its_folders(tinyface, inner):
    found = read_identification(tinyface if inner else tinyface.parent)
    assert found.name == "tinyface"
    np.testing.assert_array_equal(found.probe_identities, [7, 7, 9])
    np.testing.assert_array_equal(
        found.gallery_identities, [9, 7, *[DISTRACTOR] * 4]
    )
    assert found.probes[2] == str(tinyface / "Probe" / "2.png")
    assert found.gallery[0] == str(tinyface / "Gallery_Match" / "0.png")


def _remove_list(place):
    (place / "probe_img_ID_pairs.mat").unlink()


def _damage_list(place):
    (place / "probe_img_ID_pairs.mat").write_bytes(b"MATLAB 5.0" * 30)


def _other_list(place):
    io.savemat(place / "probe_img_ID_pairs.mat", {"x": 1})


def _shorter_list(place):
    path = place / "probe_img_ID_pairs.mat"
    content = io.loadmat(path)
    ids = content["probe_ids"][:2]
    io.savemat(path, {"probe_set": content["probe_set"], "probe_ids": ids})


def _remove_picture(place):
    (place / "Probe" / "1.png").unlink()


def _remove_distractors(place):
    for path in (place / "Gallery_Distractor").iterdir():
        path.unlink()
    (place / "Gallery_Distractor").rmdir()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_remove_list, "probe_img_ID_pairs.mat: expected a list of TinyFace"),
        (_damage_list, "expected a MATLAB file with probe_set and probe_ids"),
        (_other_list, "expected a MATLAB file with probe_set and probe_ids"),
        (_shorter_list, "an identity for each of 3 pictures, received 2"),
        (_remove_picture, "expected the picture .*1.png, found none"),
        (_remove_distractors, "expected TinyFace's folder of distractors"),
    ],
)
def test_what_is_wrong_with_tinyface_is_named(tinyface, damage, message):
    damage(tinyface)
    with pytest.raises(ValueError, match=message):
        read_identification(tinyface)


def test_real_list(orl_dir):
    found = read_identification(
        f"{orl_dir}/identification.csv", f"{orl_dir}/images"
    )
    assert len(found.probes) == 240 and len(found.gallery) == 160
    assert (found.gallery_identities == DISTRACTOR).sum() == 100
