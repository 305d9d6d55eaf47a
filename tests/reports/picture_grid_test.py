"""Tests of the pictures on the page."""

import base64
import dataclasses
import io

import numpy as np
from PIL import Image

from qualnet_tf.reports.picture_grid import picture_groups, png_uri


def test_a_data_uri_holds_the_very_pixels():
    image = np.random.default_rng(0).integers(0, 256, (6, 5, 3), np.uint8)
    head, text = png_uri(image).split(",")
    assert head == "data:image/png;base64"
    decoded = Image.open(io.BytesIO(base64.b64decode(text)))
    np.testing.assert_array_equal(np.asarray(decoded), image)


def test_five_pictures_a_sample(make_run):
    (group,) = picture_groups([make_run()])
    assert group.decoded and group.pixelated
    assert (group.width, group.height) == (8, 8)
    assert [sample.caption for sample in group.samples] == ["Fog 3", "Snow 5"]
    labels = [picture.label for picture in group.samples[0].pictures]
    assert labels == ["clean", "corrupted", "decoded", "decoded", "difference"]
    assert (
        group.samples[0].pictures[3].description
        == "Fog 3, sample 1: reconstruction of corrupted"
    )


def test_smaller_decodings_say_their_size(make_run, make_pictures):
    pictures = make_pictures()
    smaller = dataclasses.replace(
        pictures,
        reconstruction_of_clean=pictures.reconstruction_of_clean[:, ::2, ::2],
        reconstruction_of_corrupted=pictures.clean[:, ::2, ::2],
    )
    (group,) = picture_groups([make_run(pictures=smaller)])
    labels = [picture.label for picture in group.samples[0].pictures]
    assert labels == [
        "clean",
        "corrupted",
        "decoded at 4x4",
        "decoded at 4x4",
        "difference at 4x4",
    ]
    assert (
        group.samples[0].pictures[3].description
        == "Fog 3, sample 1: reconstruction of corrupted at 4x4"
    )


def test_a_run_without_a_decoder_does_not_repeat_the_pictures(make_run):
    runs = [make_run("vanilla", False), make_run("naive", False), make_run()]
    decoded, plain = picture_groups(runs)
    assert decoded.runs == ("qualnet",) and len(decoded.samples) == 2
    assert plain.runs == ("vanilla", "naive") and plain.samples == ()


def test_other_pictures_are_shown(make_run, make_pictures):
    other = make_run("naive", pictures=make_pictures(False, value=7))
    groups = picture_groups([make_run(), other])
    assert [len(group.samples) for group in groups] == [2, 2]
    assert len(groups[1].samples[0].pictures) == 2


def test_large_pictures_are_smoothed(make_run, make_pictures):
    (group,) = picture_groups([make_run(pictures=make_pictures(side=96))])
    assert not group.pixelated


def test_runs_without_pictures_have_no_group(make_run):
    assert picture_groups([make_run(pictures=None)]) == []
