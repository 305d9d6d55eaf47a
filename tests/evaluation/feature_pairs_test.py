"""The file holds what can be measured by hand on the same pictures."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from scipy.spatial import distance
from sklearn.neighbors import NearestNeighbors

from qualnet_tf import backbones, datasets
from qualnet_tf.datasets.arrays import array_source
from qualnet_tf.evaluation import feature_pairs
from qualnet_tf.evaluation.feature_pairs_file import load_feature_pairs
from qualnet_tf.models.classifier import build_classifier, split_classifier

SIDE = 32


def make_classifier(side=SIDE):
    keras.utils.set_random_seed(0)
    backbone = backbones.get("resnet_tiny")(side)
    return build_classifier(backbone, side, 10)


@pytest.fixture(scope="module")
def classifier():
    return make_classifier()


def made_up(labels, num_classes=None):
    """A data set of noise; its pixels tell its images apart."""
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (len(labels), SIDE, SIDE, 3), np.uint8)
    names = [f"class{n}" for n in range(num_classes or max(labels) + 1)]
    return array_source("made up", images, np.asarray(labels), names), images


def embed(classifier, images):
    """The embeddings of uint8 images, without the code under test."""
    backbone, _ = split_classifier(classifier)
    pool = keras.Sequential([backbone, keras.layers.GlobalAveragePooling2D()])
    return pool.predict(images.astype(np.float32) / 255, verbose=0)


def low_resolution(images, side):
    """By Pillow, down and up."""
    return np.stack(
        [
            Image.fromarray(image)
            .resize((side, side), Image.Resampling.BICUBIC)
            .resize((SIDE, SIDE), Image.Resampling.BICUBIC)
            for image in images
        ]
    )


def test_numbers_are_those_of_pillow_scipy_and_scikit_learn(
    classifier, tmp_path
):
    labels = np.arange(60) % 3
    source, images = made_up(labels)
    feature_pairs.write(tmp_path / "pairs.npz", classifier, source)
    found = load_feature_pairs(tmp_path / "pairs.npz")
    hq = embed(classifier, images)
    lq = embed(classifier, low_resolution(images, 16))
    moved = np.mean(np.diag(distance.cdist(hq, lq)))
    ratio = moved / distance.pdist(hq).mean()
    # Pillow's 8-bit result may differ by one level here and there.
    assert found.distance_ratio == pytest.approx(ratio, rel=1e-2)
    search = NearestNeighbors(n_neighbors=60).fit(hq)
    purities = []
    for place, near in enumerate(search.kneighbors(lq, return_distance=False)):
        near = near[near != place][:10]
        purities.append(np.mean(labels[near] == labels[place]))
    assert found.purity == pytest.approx(np.mean(purities), abs=5e-3)
    assert (found.num_images, found.num_classes) == (60, 3)
    assert found.low_side == 16


@pytest.mark.parametrize(("side", "low_side"), [(16, 8), (20, 10), (64, 32)])
def test_other_sides_are_halved(tmp_path, side, low_side):
    source, _ = made_up(np.arange(12) % 3)
    path = tmp_path / "pairs.npz"
    feature_pairs.write(path, make_classifier(side), source)
    assert load_feature_pairs(path).low_side == low_side


def test_map_is_of_the_first_four_classes(classifier, tmp_path):
    # Class 1 has no image; 150 of class 0 are more than are shown.
    labels = np.array([5] * 3 + [0] * 150 + [2, 3, 4] * 2 + [6] * 4)
    source, _ = made_up(labels)
    path = tmp_path / "pairs.npz"
    feature_pairs.write(path, classifier, source)
    found = load_feature_pairs(path)
    assert found.class_names == ("class0", "class2", "class3", "class4")
    assert found.labels.tolist() == [0] * 100 + [1, 2, 3] * 2
    assert found.positions_hq.shape == found.positions_lq.shape == (106, 2)
    assert (found.num_images, found.num_classes) == (163, 6)


def test_map_keeps_an_image_beside_itself(tmp_path):
    """Means of coloured pictures do not change with the resolution."""

    class Means(keras.layers.Layer):
        def call(self, image):
            return tf.reduce_mean(image, axis=(1, 2), keepdims=True)

    classifier = build_classifier(Means(), SIDE, 4)
    source = datasets.open_source("synthetic", "validation", max_images=80)
    path = tmp_path / "pairs.npz"
    feature_pairs.write(path, classifier, source)
    found = load_feature_pairs(path)
    assert found.distance_ratio < 0.02
    moved = np.linalg.norm(found.positions_hq - found.positions_lq, axis=1)
    assert np.median(moved) < 0.1 * distance.pdist(found.positions_hq).mean()


def test_images_are_taken_evenly_from_the_first_classes():
    left = feature_pairs._images_per_class
    assert left(10, 2000).tolist() == [200] * 10
    assert left(1000, 2000).tolist() == [50] * 40
    assert left(10, 30).tolist() == [7] * 4
    assert left(2, 2000).tolist() == [1000] * 2


def test_max_images_takes_the_first_of_each_class(classifier, tmp_path):
    labels = np.repeat(np.arange(6), 10)
    source, images = made_up(labels)
    path = tmp_path / "pairs.npz"
    feature_pairs.write(path, classifier, source, max_images=20, batch_size=7)
    found = load_feature_pairs(path)
    assert (found.num_images, found.num_classes) == (20, 4)
    # The same images without the others, in other batches.
    places = np.concatenate([np.arange(5) + 10 * n for n in range(4)])
    alone = array_source(
        "alone", images[places], labels[places], source.class_names
    )
    feature_pairs.write(path, classifier, alone)
    expected = load_feature_pairs(path)
    np.testing.assert_allclose(found.distance_ratio, expected.distance_ratio)
    np.testing.assert_array_equal(found.labels, expected.labels)


def test_reading_stops_when_all_are_taken(classifier, tmp_path):
    labels = np.arange(400) % 4
    source, _ = made_up(labels)
    decode, read = source.decode, []

    def noted(element):
        example = decode(element)
        tf.py_function(read.append, [example["index"]], [])
        return example

    object.__setattr__(source, "decode", noted)
    feature_pairs.write(
        tmp_path / "pairs.npz", classifier, source, max_images=16, batch_size=4
    )
    assert 16 <= len(read) < 300


def test_the_same_run_gives_the_same_map(classifier, tmp_path):
    source, _ = made_up(np.arange(24) % 3)
    found = []
    for name in ("first.npz", "second.npz"):
        feature_pairs.write(tmp_path / name, classifier, source)
        found.append(load_feature_pairs(tmp_path / name))
    np.testing.assert_array_equal(*(each.positions_lq for each in found))
    assert found[0].distance_ratio == found[1].distance_ratio


def test_other_models_are_refused(tmp_path):
    image = keras.Input((SIDE, SIDE, 3))
    flat = keras.layers.GlobalAveragePooling2D()(image)
    model = keras.Model(image, keras.layers.Dense(3)(flat))
    source, _ = made_up(np.arange(24) % 3)
    with pytest.raises(ValueError, match="a classifier of three layers"):
        feature_pairs.write(tmp_path / "pairs.npz", model, source)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("labels", "options", "message"),
    [
        ([0, 1] * 5, {}, "at least 11 images .* received 10; use more"),
        ([4] * 20, {"max_images": 30}, "first 4 classes of made up, received"),
    ],
)
def test_too_few_images_are_refused(
    classifier, tmp_path, labels, options, message
):
    source, _ = made_up(labels)
    with pytest.raises(ValueError, match=message):
        feature_pairs.write(
            tmp_path / "pairs.npz", classifier, source, **options
        )
    assert not list(tmp_path.iterdir())


def test_collapsed_network_is_refused(classifier, tmp_path):
    source, _ = made_up(np.arange(24) % 3)
    collapsed = keras.models.clone_model(classifier)
    collapsed.set_weights([0 * each for each in classifier.get_weights()])
    with pytest.raises(ValueError, match="the network has collapsed"):
        feature_pairs.write(tmp_path / "pairs.npz", collapsed, source)
    assert not list(tmp_path.iterdir())
