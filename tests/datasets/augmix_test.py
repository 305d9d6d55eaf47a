"""AugMix: contract, what a recipe does, how recipes are drawn, bad input."""

import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from qualnet_tf.datasets import augmix
from qualnet_tf.datasets.augmix_operations import OPERATIONS

_NAMES = list(OPERATIONS)
_NUM_DRAWS = 3000


def _image(height=24, width=20, whole_levels=True):
    generator = np.random.default_rng(0)
    levels = generator.uniform(0, 255, (height, width, 3))
    if whole_levels:
        levels = np.round(levels)
    return tf.constant((levels / 255).astype(np.float32))


def _place(name):
    return _NAMES.index(name)


def _recipe(chains, weights, mixed_weight, level=3.0, sign=1.0):
    """A recipe of chains of names; "" is no operation."""
    operations = [
        [_place(name) if name else augmix.NO_OPERATION for name in chain]
        for chain in chains
    ]
    shape = np.shape(operations)
    return augmix.Recipe(
        operations=tf.constant(operations),
        levels=tf.fill(shape, level),
        signs=tf.fill(shape, sign),
        chain_weights=tf.constant(weights),
        mixed_weight=tf.constant(mixed_weight),
    )


def _draws(**arguments):
    """Many recipes as one of arrays, drawn from seeds in a row."""
    stream = tf.data.Dataset.range(_NUM_DRAWS).map(
        lambda i: augmix.draw(tf.stack([5, tf.cast(i, tf.int32)]), **arguments)
    )
    batch = next(iter(stream.batch(_NUM_DRAWS)))
    return augmix.Recipe(*(part.numpy() for part in batch))


@pytest.fixture(scope="module")
def default_draws():
    return _draws()


@pytest.mark.parametrize("size", [(32, 32), (40, 17)])
@pytest.mark.parametrize("severity", [0.05, 3.0, 10])
def test_views_keep_shape_and_range(size, severity):
    image = _image(*size)
    for seed in range(10):
        view = augmix.mix(image, seed, severity=severity)
        assert view.shape == (*size, 3) and view.dtype == tf.float32
        assert tf.reduce_min(view) >= 0.0 and tf.reduce_max(view) <= 1.0


def test_the_same_seed_gives_the_same_pixels_in_tf_data():
    image = _image(whole_levels=False)
    stream = tf.data.Dataset.range(24).map(
        lambda i: augmix.mix(image, tf.stack([3, tf.cast(i, tf.int32)])),
        num_parallel_calls=4,
    )
    assert stream.element_spec.shape == image.shape
    for i, view in enumerate(stream):
        np.testing.assert_array_equal(view, augmix.mix(image, (3, i)))


def test_other_seeds_give_other_views():
    image = _image()
    views = {augmix.mix(image, (0, i)).numpy().tobytes() for i in range(20)}
    assert len(views) == 20


def test_the_defaults_are_those_of_the_paper_on_cifar():
    image = _image()
    np.testing.assert_array_equal(
        augmix.mix(image, 1),
        augmix.mix(image, 1, severity=3.0, width=3, depth=0, alpha=1.0),
    )


@pytest.mark.parametrize(
    "change", [{"severity": 1.0}, {"width": 2}, {"depth": 3}, {"alpha": 0.2}]
)
def test_every_argument_counts(change):
    image = _image()
    default = augmix.mix(image, 1)
    assert not np.array_equal(default, augmix.mix(image, 1, **change))


def test_a_weight_of_zero_shows_the_image_unrounded():
    image = _image(whole_levels=False)
    view = augmix.apply(image, _recipe([["solarize"]], [1.0], 0.0))
    np.testing.assert_array_equal(view, image)


def test_a_weight_of_one_shows_the_chain_in_its_order():
    image = _image()
    names = ["solarize", "autocontrast", "translate_x"]
    view = augmix.apply(image, _recipe([names], [1.0], 1.0, 9.0))
    expected = image
    for name in names:
        expected = OPERATIONS[name](expected, tf.constant(9.0), 1.0)
    np.testing.assert_array_equal(view, expected)


def test_operations_see_the_image_rounded_to_8_bits():
    image = _image(whole_levels=False)
    view = augmix.apply(image, _recipe([[""]], [1.0], 1.0))
    np.testing.assert_allclose(view * 255, np.round(image * 255), atol=1e-4)


def test_chains_start_from_the_image_and_are_mixed_by_their_weights():
    image = _image()
    chains = [["equalize", ""], ["shear_x", "posterize"], ["rotate", ""]]
    weights = [0.5, 0.2, 0.3]
    view = augmix.apply(image, _recipe(chains, weights, 0.4))
    alone = [
        augmix.apply(image, _recipe([chain], [1.0], 1.0)) for chain in chains
    ]
    mixed = sum(w * a for w, a in zip(weights, alone, strict=True))
    np.testing.assert_allclose(view, 0.6 * image + 0.4 * mixed, atol=1e-6)


def test_levels_and_signs_reach_their_operations():
    image = _image()
    recipe = _recipe([["translate_x", "translate_y"]], [1.0], 1.0)
    recipe = recipe._replace(
        levels=tf.constant([[5.0, 8.0]]), signs=tf.constant([[1.0, -1.0]])
    )
    expected = OPERATIONS["translate_x"](image, 5.0, 1.0)
    expected = OPERATIONS["translate_y"](expected, 8.0, -1.0)
    # k / 255 and k * (1 / 255) differ in the last bit.
    np.testing.assert_allclose(augmix.apply(image, recipe), expected, atol=1e-6)


@pytest.mark.parametrize("width", [1, 3, 5])
@pytest.mark.parametrize("depth", [1, 2, 4])
def test_width_and_depth_are_the_shape_of_a_recipe(width, depth):
    recipe = augmix.draw(1, width=width, depth=depth)
    assert recipe.operations.shape == (width, depth)
    assert recipe.levels.shape == recipe.signs.shape == (width, depth)
    assert tf.reduce_min(recipe.operations) >= 0
    assert recipe.chain_weights.shape == (width,)
    np.testing.assert_allclose(tf.reduce_sum(recipe.chain_weights), 1, 1e-6)


def test_without_a_depth_chains_have_one_to_three_operations(default_draws):
    drawn = default_draws.operations != augmix.NO_OPERATION
    depths = drawn.sum(axis=-1)
    # Whatever follows the end of a chain is none.
    ended = np.arange(3) >= depths[..., np.newaxis]
    np.testing.assert_array_equal(drawn, ~ended)
    shares = np.bincount(depths.ravel(), minlength=4) / depths.size
    np.testing.assert_allclose(shares, [0, 1 / 3, 1 / 3, 1 / 3], atol=0.02)


def test_every_operation_is_drawn_equally_often(default_draws):
    operations = default_draws.operations
    drawn = operations[operations != augmix.NO_OPERATION]
    counts = np.bincount(drawn, minlength=len(OPERATIONS))
    assert len(counts) == 9
    assert scipy.stats.chisquare(counts).pvalue > 0.01


@pytest.mark.parametrize("severity", [1.0, 3.0, 10.0])
def test_levels_are_uniform_up_to_the_severity(severity):
    levels = _draws(severity=severity).levels.ravel()
    assert levels.min() >= 0.1 and levels.max() <= severity
    uniform = scipy.stats.uniform(0.1, severity - 0.1)
    assert scipy.stats.kstest(levels, uniform.cdf).pvalue > 0.01


def test_half_of_the_signs_are_negative(default_draws):
    assert set(np.unique(default_draws.signs)) == {-1.0, 1.0}
    np.testing.assert_allclose(default_draws.signs.mean(), 0.0, atol=0.02)


@pytest.mark.parametrize("alpha", [0.2, 1.0, 5.0])
def test_weights_follow_beta_and_dirichlet(alpha):
    draws = _draws(alpha=alpha, width=4)
    beta = scipy.stats.beta(alpha, alpha)
    assert scipy.stats.kstest(draws.mixed_weight, beta.cdf).pvalue > 0.01
    np.testing.assert_allclose(draws.mixed_weight.mean(), 0.5, atol=0.03)
    # One weight of a Dirichlet draw is a Beta draw against the three others.
    beta = scipy.stats.beta(alpha, 3 * alpha)
    for weights in draws.chain_weights.T:
        assert scipy.stats.kstest(weights, beta.cdf).pvalue > 0.01


def test_nothing_that_is_drawn_foretells_another(default_draws):
    columns = np.concatenate(
        [np.reshape(part, (_NUM_DRAWS, -1)) for part in default_draws], axis=1
    )
    # Chains that end, and weights of sum 1, depend on each other by design.
    firsts = default_draws.operations[:, :, 0]
    depths = (default_draws.operations >= 0).sum(axis=-1)
    columns = np.concatenate(
        [firsts, depths, columns[:, 9:28], columns[:, 30:]], axis=1
    )
    assert columns.shape == (_NUM_DRAWS, 3 + 3 + 9 + 9 + 1 + 1)
    correlations = np.corrcoef(columns.T) - np.eye(columns.shape[1])
    assert np.abs(correlations).max() < 0.08


@pytest.mark.parametrize("alpha", [1e-4, 1e6])
def test_extreme_alphas_give_weights(alpha):
    for seed in range(20):
        recipe = augmix.draw(seed, alpha=alpha)
        assert 0.0 <= recipe.mixed_weight <= 1.0
        np.testing.assert_allclose(tf.reduce_sum(recipe.chain_weights), 1, 1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"severity": 0}, r"severity must lie in \(0, 10\], received 0; AugM"),
        ({"severity": 10.5}, "received 10.5; AugMix has 3 for CIFAR and 1 for"),
        ({"severity": float("nan")}, "severity must .* received nan"),
        ({"width": 0}, "width must be an integer from 1 up, received 0; AugM"),
        ({"width": 2.0}, "width must be an integer from 1 up, received 2.0"),
        ({"depth": -1}, "depth must be an integer from 0 up, received -1; 0 d"),
        ({"depth": True}, "depth must be an integer from 0 up, received True"),
        ({"alpha": 0.0}, "alpha must be positive and finite, received 0.0; 1"),
        ({"alpha": float("inf")}, "alpha must be .* finite, received inf"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        augmix.mix(_image(), 1, **arguments)


def test_bad_images_and_seeds_are_refused():
    with pytest.raises(ValueError, match="float32 in .0, 1., received uint8"):
        augmix.mix(np.zeros((20, 20, 3), np.uint8), 1)
    with pytest.raises(ValueError, match="received the shape|height, width, 3"):
        augmix.mix(tf.zeros((2, 20, 20, 3)), 1)
    with pytest.raises(ValueError, match="seed must be an int or two ints"):
        augmix.mix(_image(), 0.5)
