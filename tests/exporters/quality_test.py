"""A head tells what it was fitted to, and the decoder's measure adds up."""

import numpy as np
import pytest
import tensorflow as tf
from sklearn.linear_model import LogisticRegression

from qualnet_tf.exporters import quality
from qualnet_tf.exporters.picture_statistics import picture_statistics

NAMES = ("clean", "fog", "noise")


def clusters(counts, seed=0):
    """Pictures' statistics that lie around a point for each name."""
    generator = np.random.default_rng(seed)
    place = np.repeat(np.arange(len(counts)), counts)
    centre = np.float32([[0, 0, 5], [4, 0, 5], [0, 4, 5], [3, 3, 5]])[place]
    noise = generator.normal(0, 0.5, centre.shape)
    return np.float32(centre + noise), place


@pytest.mark.parametrize("num_names", [2, 3])
def test_tells_what_it_was_fitted_to(num_names):
    names = NAMES[:num_names]
    head = quality.fit_quality_head(*clusters([30] * num_names), names)
    statistics, place = clusters([10] * num_names, seed=1)
    outputs = head(tf.constant(statistics))
    found = [name.decode() for name in outputs["corruption"].numpy()]
    assert found == [names[each] for each in place]
    score = outputs["quality_score"].numpy()
    assert score[place == 0].min() > 0.5 > score[place > 0].max()
    assert score.min() >= 0 and score.max() <= 1


def test_counts_of_pictures_do_not_move_the_score():
    few = quality.fit_quality_head(*clusters([40, 40, 40]), NAMES)
    statistics, place = clusters([40, 40, 40])
    repeated = np.r_[np.arange(120), np.tile(np.flatnonzero(place == 1), 5)]
    many = quality.fit_quality_head(
        statistics[repeated], place[repeated], NAMES
    )
    # Standardised by other pictures, so not to the last digit.
    middle = tf.constant([[1.5, 1.0, 5.0], [2.0, 0.0, 5.0]])
    np.testing.assert_allclose(
        few(middle)["quality_score"], many(middle)["quality_score"], atol=0.1
    )


def test_equals_scikit_learn():
    statistics, place = clusters([20, 20, 20])
    head = quality.fit_quality_head(statistics, place, NAMES)
    standard = (statistics - statistics.mean(0)) / statistics.std(0)
    model = LogisticRegression(max_iter=2000)
    # clean weighs as much as both others
    model.fit(standard, place, np.float64([1.5, 0.75, 0.75])[place])
    np.testing.assert_allclose(
        head(tf.constant(statistics))["quality_score"],
        model.predict_proba(standard)[:, 0],
        atol=1e-3,
    )


@pytest.mark.parametrize(
    ("counts", "names"),
    [([5, 0, 5], NAMES), ([5, 5], NAMES), ([5, 5, 5], ("fog", "clean", "a"))],
)
def test_every_name_needs_pictures(counts, names):
    with pytest.raises(ValueError, match="expected pictures of each"):
        quality.fit_quality_head(*clusters(counts), names)


class TestMeasure:
    @pytest.fixture
    def image(self, photograph):
        return tf.constant(np.float32([photograph(32, 32)] * 2) / 255)

    def test_residual_is_the_distance_to_what_is_decoded(self, image):
        measure = quality.QualityMeasure(lambda image: image + 0.5)
        outputs = measure(image)
        expected = np.clip(image.numpy() + 0.5, 0, 1)
        np.testing.assert_allclose(outputs["reconstruction"], expected)
        residual = np.abs(expected - image).mean((1, 2, 3))
        np.testing.assert_allclose(outputs["residual"], residual, rtol=1e-5)
        assert "quality_score" not in outputs

    def test_a_smaller_reconstruction_is_compared_at_its_side(self, image):
        measure = quality.QualityMeasure(
            lambda image: tf.nn.avg_pool2d(image, 2, 2, "VALID")
        )
        outputs = measure(image)
        assert outputs["reconstruction"].shape == (2, 16, 16, 3)
        np.testing.assert_allclose(outputs["residual"], 0, atol=1e-6)

    def test_its_head_sees_image_difference_and_reconstruction(self, image):
        size = 3 * picture_statistics(image).shape[1] + 1
        seen = []

        def head(statistics):
            seen.append(statistics.numpy())
            return {"quality_score": statistics[:, 0]}

        outputs = quality.QualityMeasure(lambda x: x * 0.5, head)(image)
        assert seen[0].shape == (2, size)
        np.testing.assert_allclose(seen[0][:, -1], outputs["residual"])
        assert "quality_score" in outputs
