"""The real detector finds a real face, and none where there is none."""

import sys

import numpy as np
import pytest
from skimage import data

from qualnet_tf.datasets.face_detection import load_detector


@pytest.fixture(scope="module")
def find_points():
    return load_detector()


@pytest.mark.slow
def test_a_photograph(find_points):
    """Eileen Collins in NASA's portrait, which scikit-image brings along."""
    points = find_points(data.astronaut())
    expected = [(204, 100), (245, 102), (224, 126), (202, 139), (244, 140)]
    np.testing.assert_allclose(points, expected, atol=2)


@pytest.mark.slow
def test_the_large_face_near_the_middle_is_taken(find_points):
    portrait = data.astronaut()
    small = portrait[::2, ::2]
    scene = np.zeros((512, 900, 3), np.uint8)
    scene[:, 200:712] = portrait
    scene[:256, 700:] = small[:, :200]
    points = find_points(scene)
    np.testing.assert_allclose(points[0], (404, 100), atol=3)


@pytest.mark.parametrize("side", [8, 64])
def test_no_face(find_points, side):
    assert find_points(np.zeros((side, side, 3), np.uint8)) is None


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "mtcnn", None)
    with pytest.raises(ValueError, match="expects the package mtcnn, .* pip"):
        load_detector()
