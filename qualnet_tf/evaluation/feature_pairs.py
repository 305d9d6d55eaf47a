"""A run's embeddings of images at high and low quality: two numbers, one map.

The paper draws the map, a t-SNE (Figure 2: CIFAR-10, 16x16 bicubic, four
classes). A t-SNE alone is no evidence, so the numbers stand beside it.
"""

import os

import keras
import numpy as np
from sklearn.manifold import TSNE

from qualnet_tf.corruptions import kernels, severities
from qualnet_tf.datasets import pipeline
from qualnet_tf.datasets.source import ImageSource
from qualnet_tf.evaluation.feature_pairs_file import (
    FeaturePairs,
    save_feature_pairs,
)
from qualnet_tf.metrics.feature_pairs import (
    NUM_NEIGHBOURS,
    neighbour_purity,
    pair_distance_ratio,
)
from qualnet_tf.models.classifier import split_classifier

MAX_IMAGES = 2000
NUM_SHOWN_CLASSES = 4
MAX_SHOWN_PER_CLASS = 100
_CORRUPTION, _FACTOR = "resolution_bicubic", 2
# As ImageNet's validation set has; ten neighbours can well be of one class.
_LEAST_PER_CLASS = 50
# Typical are 5 to 50 (van der Maaten and Hinton, "Visualizing Data using
# t-SNE", 2008); their code wants three times as many points and one more.
_PERPLEXITY = 30


def write(
    path: str | os.PathLike,
    classifier: keras.Model,
    source: ImageSource,
    *,
    max_images: int = MAX_IMAGES,
    batch_size: int = 64,
) -> None:
    """Writes the `FeaturePairs` of a classifier to `path` (.npz).

    An embedding is the mean of the backbone's last feature map over its
    places. Low quality is half the side, bicubic down and up (of 32 pixels the
    paper's 16), 8 bit, without the JPEG step of the released files.

    The images are the first of each class, equally many where the data set
    has them. Of many classes only the first count, so that each has 50 images:
    of 2,000 images 40 classes. Purities compare runs on the same images only.

    Args:
        path: The file; its folder is made.
        classifier: Of `build_classifier`.
        source: Validation images.
        max_images: How many to use at most.
        batch_size: Images read at once.

    Raises:
        ValueError: If the classifier was not made by `build_classifier`, there
            are too few images to have ten neighbours, or their embeddings are
            all equal or not finite.
    """
    backbone, _ = split_classifier(classifier)
    side = classifier.input_shape[1]
    hq, lq, labels = _embeddings(backbone, source, side, max_images, batch_size)
    ratio = pair_distance_ratio(hq, lq)
    purity = neighbour_purity(lq, hq, labels, labels)
    classes = np.unique(labels)
    shown = _shown(labels, classes[:NUM_SHOWN_CLASSES])
    positions = _positions(np.concatenate([hq[shown], lq[shown]]))
    save_feature_pairs(
        FeaturePairs(
            positions_hq=positions[: len(shown)],
            positions_lq=positions[len(shown) :],
            labels=np.searchsorted(classes, labels[shown]),
            class_names=tuple(
                source.class_names[each] for each in classes[:NUM_SHOWN_CLASSES]
            ),
            num_images=len(labels),
            distance_ratio=ratio,
            purity=purity,
            low_side=kernels.reduced(side, _FACTOR),
            num_classes=len(classes),
        ),
        path,
    )


def _embeddings(
    backbone: keras.layers.Layer,
    source: ImageSource,
    side: int,
    max_images: int,
    batch_size: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns HQ and LQ embeddings [n, channels] and labels [n]."""
    batches = pipeline.evaluation_batches(
        source,
        batch_size=batch_size,
        image_size=side,
        conditions=[(_CORRUPTION, _severity(side))],
    )
    left = _images_per_class(source.num_classes, max_images)
    found = []
    for batch in batches.as_numpy_iterator():
        taken = _take(batch["label"], left)
        if len(taken):
            hq = _embed(backbone, batch["clean_image"][taken])
            lq = _embed(backbone, batch["image"][taken])
            found += zip(hq, lq, batch["label"][taken], strict=True)
        if not left.any():
            break
    if len(found) <= NUM_NEIGHBOURS:
        raise ValueError(
            f"feature pairs: expected at least {NUM_NEIGHBOURS + 1} images of "
            f"the first {len(left)} classes of {source.name}, received "
            f"{len(found)}; use more images"
        )
    hq, lq, labels = zip(*found, strict=True)
    return np.stack(hq), np.stack(lq), np.array(labels)


def _severity(side: int) -> int:
    """Returns the severity that halves the side."""
    factors = severities.TABLES[severities.table_for(side, side)][_CORRUPTION]
    return 1 + factors.index(_FACTOR)


def _images_per_class(num_classes: int, max_images: int) -> np.ndarray:
    """Returns how many images to take of each of the first classes."""
    num_taken = max(NUM_SHOWN_CLASSES, max_images // _LEAST_PER_CLASS)
    num_taken = min(num_taken, num_classes)
    return np.full(num_taken, max_images // num_taken)


def _take(labels: np.ndarray, left: np.ndarray) -> np.ndarray:
    """Returns the places of the images to take, and counts down `left`."""
    taken = []
    for place, label in enumerate(labels):
        if label < len(left) and left[label]:
            left[label] -= 1
            taken.append(place)
    return np.array(taken, int)


def _embed(backbone: keras.layers.Layer, images: np.ndarray) -> np.ndarray:
    """Returns float32 [n, channels]."""
    features = backbone(images, training=False)
    features = keras.ops.convert_to_numpy(features).astype(np.float32)
    return features.mean(axis=(1, 2))


def _shown(labels: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Returns the places of the first images of each class, in order."""
    places = [
        np.flatnonzero(labels == each)[:MAX_SHOWN_PER_CLASS] for each in classes
    ]
    return np.sort(np.concatenate(places))


def _positions(embeddings: np.ndarray) -> np.ndarray:
    """Returns the t-SNE [n, 2] of embeddings [n, channels]."""
    perplexity = min(_PERPLEXITY, (len(embeddings) - 1) / 3)
    mapping = TSNE(init="pca", perplexity=perplexity, random_state=0)
    return mapping.fit_transform(embeddings)
