"""One machine and a pipeline give the same files, byte for byte."""

import importlib.util

import numpy as np
import pytest
import tensorflow as tf

from qualnet_tf.datasets.copied_pictures import SetPictures, list_pictures
from qualnet_tf.datasets.copy_start import write_copy
from qualnet_tf.datasets.picture_corrupter import CopySettings

pytestmark = [
    pytest.mark.skipif(
        importlib.util.find_spec("apache_beam") is None,
        reason="Apache Beam is not installed (extra beam)",
    ),
    # Beam's own imports warn.
    pytest.mark.filterwarnings("default"),
]

if importlib.util.find_spec("apache_beam") is not None:
    from qualnet_tf.datasets import corrupted_copy_beam as beam_copy

SETTINGS = CopySettings(
    ("gaussian_noise", "jpeg_compression", "contrast"), severities=(1, 5)
)


@pytest.fixture
def folder(tmp_path):
    """200 pictures of two sizes in two classes."""
    generator = np.random.default_rng(0)
    for index in range(200):
        shape = (16 + 4 * (index % 2), 18, 3)
        pixels = generator.integers(0, 256, shape, dtype=np.uint8)
        path = tmp_path / "in" / "ab"[index % 2] / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(tf.io.encode_png(pixels).numpy())
    return tmp_path / "in"


def copy(pictures, out, runner="DirectRunner", settings=SETTINGS):
    return write_copy(pictures, str(out), settings, runner=runner)


def contents_of(out):
    return {
        str(path.relative_to(out)): path.read_bytes()
        for path in out.rglob("*")
        if path.is_file() and path.name != "manifest.json"
    }


@pytest.mark.slow
@pytest.mark.parametrize("file_format", ["png", "jpeg"])
def test_200_pictures_are_identical(folder, tmp_path, file_format):
    settings = CopySettings(
        SETTINGS.corruption_names, (1, 5), file_format=file_format, seed=9
    )
    pictures = list_pictures(folder)
    here, there = tmp_path / "here", tmp_path / "there"
    counts = copy(pictures, here, runner="", settings=settings)
    assert counts == {"written": 1200, "kept": 0, "bad": 0}
    assert copy(pictures, there, settings=settings) == counts
    assert contents_of(there) == contents_of(here)
    assert len(contents_of(there)) == 1200


def test_named_set_is_identical(tmp_path):
    pictures = SetPictures("synthetic", max_images=12)
    copy(pictures, tmp_path / "here", runner="")
    copy(pictures, tmp_path / "there")
    here, there = (contents_of(tmp_path / n) for n in ("here", "there"))
    assert here == there and len(here) == 12 * 6


def test_files_that_are_there_are_kept_and_left_overs_removed(tmp_path):
    pictures = SetPictures("synthetic", max_images=2)
    out = tmp_path / "out"
    copy(pictures, out)
    name, *_ = contents_of(out)
    (out / name).write_bytes(b"untouched")
    (out / ".unfinished").mkdir()
    (out / ".unfinished" / ".1.part").write_bytes(b"half")
    assert copy(pictures, out) == {"written": 0, "kept": 12, "bad": 0}
    assert (out / name).read_bytes() == b"untouched"
    assert not (out / ".unfinished").exists()


def test_one_copy_may_be_continued_by_the_other(tmp_path):
    pictures = SetPictures("synthetic", max_images=2)
    copy(pictures, tmp_path / "out", runner="")
    assert copy(pictures, tmp_path / "out")["kept"] == 12


@pytest.mark.parametrize(
    ("runner", "option", "message"),
    [
        ("NoRunner", "", "Unexpected pipeline runner: NoRunner"),
        (
            "DirectRunner",
            "direct_running_mode=fast",
            "expected options of Beam, received .*direct_running_mode=fast",
        ),
    ],
)
def test_what_beam_refuses_is_said_before_anything_is_written(
    tmp_path, runner, option, message
):
    with pytest.raises(ValueError, match=message):
        write_copy(
            SetPictures("synthetic", max_images=1),
            str(tmp_path / "out"),
            SETTINGS,
            runner=runner,
            beam_options=(option,) if option else (),
        )
    assert not (tmp_path / "out").exists()


def test_options_reach_the_runner(tmp_path, monkeypatch):
    seen = []
    run = beam_copy.beam.Pipeline.run

    def spy(pipeline):
        seen.append(pipeline.options.get_all_options())
        return run(pipeline)

    monkeypatch.setattr(beam_copy.beam.Pipeline, "run", spy)
    write_copy(
        SetPictures("synthetic", max_images=1),
        str(tmp_path / "out"),
        SETTINGS,
        runner="DirectRunner",
        beam_options=("job_name=ours", "--direct_num_workers=1"),
    )
    assert seen[0]["job_name"] == "ours"
    assert seen[0]["direct_num_workers"] == 1
