"""ORL's folders, as they are handed on, and what a user without them reads."""

import numpy as np
import pytest

from qualnet_tf import datasets
from qualnet_tf.datasets.orl_faces import find_people


@pytest.mark.parametrize("pattern", ["s{}", "s{:02d}", "images/s{:02d}"])
def test_the_first_30_people_are_trained_on(tmp_path, write_orl, pattern):
    write_orl(tmp_path, pattern=pattern)
    source = datasets.open_source(
        "orl_faces", "train", data_dir=str(tmp_path), validation_fraction=0.25
    )
    assert source.class_names == tuple(f"s{i:02d}" for i in range(1, 31))
    assert source.num_examples == 90
    image = source.decode(next(iter(source.elements())))["image"]
    assert image.shape == (112, 112, 3)


def test_files_stand_in_the_order_of_their_numbers(tmp_path, write_orl):
    write_orl(tmp_path, num_pictures=11)
    names = [file.stem for file in find_people(str(tmp_path))["s01"]]
    assert names == [str(i) for i in range(1, 12)]


@pytest.mark.parametrize("num_people", [0, 39])
def test_missing_people_are_told_where_they_come_from(
    tmp_path, write_orl, num_people
):
    write_orl(tmp_path, num_people=num_people)
    message = f"Olivetti .* received {num_people} such folders; correct"
    with pytest.raises(ValueError, match=message):
        datasets.open_source("orl_faces", "train", data_dir=str(tmp_path))


def test_no_folder_is_told_where_they_come_from():
    with pytest.raises(ValueError, match="no folder: expected folders s1 to"):
        datasets.open_source("orl_faces", "train")


def test_real_faces_are_padded_not_distorted(orl_dir):
    source = datasets.open_source("orl_faces", "validation", data_dir=orl_dir)
    assert source.num_examples == 30
    images = [
        source.decode(e)["image"].numpy() for e in source.elements().take(3)
    ]
    for image in images:
        assert not image[:, :10].any() and not image[:, 102:].any()
        assert image[:, 10:102].std() > 20
        np.testing.assert_array_equal(image[..., 0], image[..., 2])
