"""The similarity equals known numbers and scikit-image; pixels follow it."""

import numpy as np
import pytest
from skimage.transform import SimilarityTransform

from qualnet_tf.datasets.face_alignment import TEMPLATE, align_face, similarity

POINTS = [(204, 100), (245, 102), (224, 126), (202, 139), (244, 140)]


def test_a_known_face():
    """Numbers that scikit-image and Umeyama's formula agree on."""
    expected = [
        [0.896169592, 0.0392438813, -149.300802],
        [-0.0392438813, 0.896169592, -28.1114278],
    ]
    np.testing.assert_allclose(
        similarity(POINTS, TEMPLATE), expected, rtol=1e-6
    )


@pytest.mark.parametrize("seed", range(5))
def test_equals_scikit_image(seed):
    generator = np.random.default_rng(seed)
    points = generator.uniform(0, 200, (5, 2))
    expected = SimilarityTransform.from_estimate(points, TEMPLATE)
    np.testing.assert_allclose(
        similarity(points, TEMPLATE), expected.params[:2], atol=1e-6
    )


def test_a_mirrored_face_is_not_mirrored_back():
    mirrored = TEMPLATE * [-1, 1]
    matrix = similarity(mirrored, TEMPLATE)
    assert np.linalg.det(matrix[:, :2]) > 0


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ([(1, 1)] * 5, "received one place"),
        (POINTS[:4], "received \\(4, 2\\) and \\(5, 2\\)"),
    ],
)
def test_points_that_say_nothing_are_refused(points, message):
    with pytest.raises(ValueError, match=message):
        similarity(points, TEMPLATE)


def test_a_face_on_the_template_stays_as_it_is():
    pixels = np.random.default_rng(0).integers(0, 256, (112, 112, 3), "u1")
    aligned = align_face(pixels, TEMPLATE)
    np.testing.assert_array_equal(aligned[1:-1, 1:-1], pixels[1:-1, 1:-1])


def test_a_shift_by_whole_pixels_moves_pixels_and_adds_black():
    pixels = np.random.default_rng(0).integers(1, 256, (150, 150, 3), "u1")
    aligned = align_face(pixels, TEMPLATE + [20, -5])
    np.testing.assert_array_equal(aligned[6:, :-1], pixels[1:107, 20:131])
    assert not aligned[:4].any()


def test_landmarks_come_to_the_template():
    """A white dot at each landmark is brightest at its place."""
    points = TEMPLATE @ [[0.0, 2.0], [-2.0, 0.0]] + [230, 20]
    pixels = np.zeros((260, 260, 3), np.uint8)
    for x, y in np.round(points).astype(int):
        pixels[y - 2 : y + 3, x - 2 : x + 3] = 255
    aligned = align_face(pixels, points).astype(float)[..., 0]
    for x, y in TEMPLATE:
        row, column = int(round(y)), int(round(x))
        assert aligned[row, column] > 200
