"""Pictures of frost come from a folder or a package, or an error says why."""

import importlib.util
import sys

import numpy as np
import pytest
from PIL import Image

from qualnet_tf.corruptions import texture_pictures


def _save(path, colour, size=(8, 6), mode="RGB"):
    Image.new(mode, size, colour).save(path)


def test_a_folder_is_read_by_name(tmp_path):
    _save(tmp_path / "c.jpg", (0, 0, 0))
    _save(tmp_path / "a.png", (10, 20, 30, 0), mode="RGBA")
    _save(tmp_path / "b.JPEG", 77, size=(5, 9), mode="L")
    (tmp_path / "notes.txt").write_text("no picture")
    first, second, third = texture_pictures.read_pictures(tmp_path)
    # The alpha channel is dropped, whatever it hides.
    np.testing.assert_array_equal(first[0, 0], (10, 20, 30))
    assert first.shape == (6, 8, 3) and first.dtype == np.uint8
    assert second.shape == (9, 5, 3) and np.ptp(second) == 0
    assert third.max() == 0


def test_order_is_that_of_the_names(tmp_path):
    for number in (3, 1, 4, 0, 5, 2):
        _save(tmp_path / f"{number}.png", (number, 0, 0))
    pictures = texture_pictures.read_pictures(tmp_path)
    assert [picture[0, 0, 0] for picture in pictures] == [0, 1, 2, 3, 4, 5]


def test_five_pictures_of_the_package(tmp_path, monkeypatch):
    folder = tmp_path / "imagecorruptions" / "frost"
    folder.mkdir(parents=True)
    code = "raise ImportError('to be looked into, not imported')"
    (folder.parent / "__init__.py").write_text(code)
    names = ["frost1.png", "frost2.png", "frost3.png", "frost4.jpg"]
    for number, name in enumerate([*names, "frost5.jpg", "frost6.jpg"], 1):
        _save(folder / name, (number, number, number))
    monkeypatch.delitem(sys.modules, "imagecorruptions", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    pictures = texture_pictures.read_pictures("imagecorruptions")
    assert [picture[0, 0, 0] for picture in pictures] == [1, 2, 3, 4, 5]


def test_package_missing(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match="pip install imagecorruptions"):
        texture_pictures.read_pictures("imagecorruptions")


def test_folder_missing(tmp_path):
    with pytest.raises(ValueError, match="nowhere': no such folder"):
        texture_pictures.read_pictures(str(tmp_path / "nowhere"))


def test_folder_without_pictures(tmp_path):
    (tmp_path / "notes.txt").write_text("no picture")
    with pytest.raises(ValueError, match="texture folder without pictures"):
        texture_pictures.read_pictures(str(tmp_path))


@pytest.mark.parametrize("content", [b"", b"no picture", "cut"])
def test_unreadable_picture_is_named(tmp_path, content):
    path = tmp_path / "ice.png"
    if content == "cut":
        noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
        Image.fromarray(noise).save(path)
        content = path.read_bytes()[:3000]
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"received '.*ice\.png'") as error:
        texture_pictures.read_pictures(str(tmp_path))
    assert "\n" not in str(error.value)
