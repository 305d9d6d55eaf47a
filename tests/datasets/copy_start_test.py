"""Starts into one folder agree, and the manifest says how it was made."""

import importlib.util
import json

import pytest
from PIL import Image

from qualnet_tf import corruptions
from qualnet_tf.corruptions import severities
from qualnet_tf.datasets import copy_start
from qualnet_tf.datasets.copied_pictures import list_pictures
from qualnet_tf.datasets.copy_start import write_copy
from qualnet_tf.datasets.picture_corrupter import CopySettings

BASE = {"corruption_names": ("contrast",), "severities": (1,), "seed": 5}


@pytest.fixture
def folder(tmp_path, write_pictures):
    write_pictures(tmp_path / "in" / "cat", 1)
    write_pictures(tmp_path / "in" / "dog", 1, side=50)
    return tmp_path / "in"


def start(folder, out, layout="imagenet_c", **values):
    return write_copy(
        list_pictures(folder),
        str(out),
        CopySettings(**{**BASE, **values}),
        layout=layout,
        start={"versions": {"python": "3"}},
    )


def manifest_of(out):
    return json.loads((out / "manifest.json").read_text())


def test_manifest_has_settings_constants_and_counts(folder, tmp_path):
    start(folder, tmp_path / "out")
    manifest = manifest_of(tmp_path / "out")
    assert manifest["settings"].pop("input")["num_files"] == 2
    assert manifest["settings"] == {
        "layout": "imagenet_c",
        "format": "png",
        "seed": 5,
        "severity_table": "auto",
        "corruption_variant": "imagenet_c",
        "frost_textures": "procedural",
        "image_size": 0,
    }
    assert manifest["severity_tables"] == {
        table: {"contrast": list(severities.TABLES[table]["contrast"])}
        for table in ("cifar_c", "tiny_imagenet_c")
    }
    assert manifest["starts"] == [
        {
            "status": "finished",
            "versions": {"python": "3"},
            "counts": {"written": 2, "kept": 0, "bad": 0},
            "pictures_per_table": {"cifar_c": 1, "tiny_imagenet_c": 1},
        }
    ]


def test_later_starts_may_add_conditions(folder, tmp_path):
    out = tmp_path / "out"
    start(folder, out)
    more = {"corruption_names": ("contrast", "fog"), "severities": (1, 2)}
    assert start(folder, out, **more) == {"written": 6, "kept": 2, "bad": 0}
    manifest = manifest_of(out)
    assert len(manifest["starts"]) == 2
    assert set(manifest["severity_tables"]["cifar_c"]) == {"contrast", "fog"}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"seed": 6}, "says seed 5, received seed 6"),
        ({"image_size": 16}, "says image_size 0, received image_size 16"),
        ({"file_format": "jpeg"}, "says format png, received format jpeg"),
        (
            {"options": corruptions.Options(severity_table="cifar_c")},
            "says severity_table auto, received severity_table cifar_c",
        ),
        (
            {"options": corruptions.Options(variant="imagecorruptions")},
            "received corruption_variant imagecorruptions",
        ),
        (
            {"options": corruptions.Options(frost_textures="ice")},
            "received frost_textures ice",
        ),
    ],
)
def test_contradicting_starts_are_refused(folder, tmp_path, values, message):
    out = tmp_path / "out"
    start(folder, out)
    before = {p: p.read_bytes() for p in out.rglob("*.*")}
    with pytest.raises(ValueError, match=message) as error:
        start(folder, out, **values)
    assert "choose another --output_dir" in str(error.value)
    assert {p: p.read_bytes() for p in out.rglob("*.*")} == before


def test_another_layout_is_refused(folder, tmp_path):
    start(folder, tmp_path / "out")
    with pytest.raises(ValueError, match="layout imagenet_c.* layout cifar_c"):
        start(
            folder,
            tmp_path / "out",
            layout="cifar_c",
            severities=(1, 2, 3, 4, 5),
            image_size=16,
        )


def test_added_pictures_are_refused(folder, tmp_path):
    start(folder, tmp_path / "out")
    Image.new("RGB", (20, 20)).save(folder / "cat" / "another.png")
    with pytest.raises(ValueError, match="num_files=2.*num_files=3"):
        start(folder, tmp_path / "out")


def test_other_textures_of_one_folder_are_refused(folder, tmp_path):
    ice = tmp_path / "ice"
    ice.mkdir()
    Image.new("RGB", (80, 80), "white").save(ice / "a.png")
    frost = {
        "corruption_names": ("frost",),
        "options": corruptions.Options(frost_textures=str(ice)),
    }
    start(folder, tmp_path / "out", **frost)
    Image.new("RGB", (80, 80), "grey").save(ice / "a.png")
    with pytest.raises(ValueError, match="frost_textures_sha256"):
        start(folder, tmp_path / "out", **frost)


def test_missing_textures_are_named_before_anything_is_written(
    folder, tmp_path
):
    options = corruptions.Options(frost_textures=str(tmp_path / "none"))
    with pytest.raises(ValueError, match="no such folder"):
        start(
            folder,
            tmp_path / "out",
            corruption_names=("contrast", "frost"),
            options=options,
        )
    assert not (tmp_path / "out").exists()


def test_a_killed_start_binds_the_next(folder, tmp_path, monkeypatch):
    def die(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(copy_start, "copy_pictures", die)
        with pytest.raises(KeyboardInterrupt):
            start(folder, tmp_path / "out")
    assert manifest_of(tmp_path / "out")["starts"][0]["status"] == "started"
    with pytest.raises(ValueError, match="received seed 6"):
        start(folder, tmp_path / "out", seed=6)
    assert start(folder, tmp_path / "out")["written"] == 2


@pytest.mark.parametrize("text", ["{", "[]", '{"flags": []}'])
def test_a_strange_manifest_is_not_written_over(folder, tmp_path, text):
    path = tmp_path / "out" / "manifest.json"
    path.parent.mkdir()
    path.write_text(text)
    with pytest.raises(ValueError, match="expected the manifest of a corrupt"):
        start(folder, tmp_path / "out")
    assert path.read_text() == text


def test_unknown_layout_and_arrays_on_a_cluster_are_refused(folder, tmp_path):
    with pytest.raises(ValueError, match="expected one of imagenet_c, cifar_c"):
        start(folder, tmp_path / "out", layout="coco")
    with pytest.raises(ValueError, match="leave --runner out"):
        write_copy(
            list_pictures(folder),
            str(tmp_path / "out"),
            CopySettings(("fog",)),
            layout="cifar_c",
            runner="DirectRunner",
        )


@pytest.mark.skipif(
    importlib.util.find_spec("apache_beam") is not None,
    reason="Apache Beam is installed",
)
def test_missing_beam_names_the_extra(folder, tmp_path):
    with pytest.raises(ValueError, match=r"pip install 'qualnet_tf\[beam\]'"):
        write_copy(
            list_pictures(folder),
            str(tmp_path / "out"),
            CopySettings(("fog",)),
            runner="DirectRunner",
        )
    assert not (tmp_path / "out").exists()
