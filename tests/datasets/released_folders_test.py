"""ImageNet-C's folders, with and without families, complete or not."""

import pytest

from qualnet_tf import datasets
from qualnet_tf.datasets.released_sets import open_released

NAMES = ("cat", "dog")


def _write(root, write_pictures, names=("fog", "snow"), severities=(1, 3)):
    for name in names:
        for severity in severities:
            for class_name in (*NAMES, "emu"):
                write_pictures(root / name / str(severity) / class_name, 3)


@pytest.mark.parametrize("family", ["", "weather"])
def test_conditions_are_found_below_families_too(
    tmp_path, write_pictures, family
):
    _write(tmp_path / family, write_pictures)
    found = open_released(str(tmp_path), NAMES)
    assert set(found.conditions) == {
        (name, severity) for name in ("fog", "snow") for severity in (1, 3)
    }
    source = found.open("fog", 3)
    # A class that the clean set does not have is passed over.
    assert (source.num_examples, source.class_names) == (6, NAMES)
    examples = [source.decode(element) for element in source.elements()]
    assert sorted(source.ids) == [f"{c}/{n}" for c in NAMES for n in range(3)]
    for name, path, each in zip(
        source.ids, source.files, examples, strict=True
    ):
        assert path.endswith(f"fog/3/{name}.png")
        assert NAMES[int(each["label"])] == name.split("/")[0]


def test_conditions_come_in_the_order_of_the_clean_folder(
    tmp_path, write_pictures
):
    _write(tmp_path / "corrupted", write_pictures)
    for class_name in (*NAMES, "emu"):
        for split in ("train", "val"):
            write_pictures(tmp_path / "clean" / split / class_name, 3)
    clean = datasets.open_source(
        "folder", "validation", data_dir=str(tmp_path / "clean")
    )
    found = open_released(str(tmp_path / "corrupted"), clean.class_names)
    for condition in found.conditions:
        assert found.open(*condition).ids == clean.ids


def test_a_folder_that_lacks_a_severity_is_one_clear_line(
    tmp_path, write_pictures
):
    _write(tmp_path, write_pictures)
    found = open_released(str(tmp_path), NAMES)
    with pytest.raises(
        ValueError, match="expected severities 1, 2, 3.*received fog without 2"
    ):
        found.choose(("fog", "frost"), (1, 2, 3))


def test_a_missing_class_is_one_clear_line(tmp_path, write_pictures):
    _write(tmp_path, write_pictures)
    found = open_released(str(tmp_path), (*NAMES, "gnu"))
    with pytest.raises(ValueError, match="expected the 3 class folders.*gnu"):
        found.open("fog", 1)


def test_a_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / "rain" / "1").mkdir(parents=True)
    with pytest.raises(ValueError, match="received neither"):
        open_released(str(tmp_path), NAMES)
