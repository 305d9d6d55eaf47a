"""Small classifiers of every kind that is exported, and pictures for them."""

import functools

import keras
import numpy as np

from qualnet_tf import backbones, invertible
from qualnet_tf.backbones.residual_blocks import bottleneck_block
from qualnet_tf.models.classifier import build_classifier

SIDE, NUM_CLASSES = 32, 10
CLASS_NAMES = tuple(f"Käse {number}" for number in range(NUM_CLASSES))
GROUPED = "grouped"
# The registered ones that convert in seconds, and the blocks of ResNeXt.
NAMES = (
    *(n for n in backbones.names() if n.endswith(("_tiny", "_small"))),
    *(n for n in invertible.names() if n.endswith("_tiny")),
    GROUPED,
)
# An i-RevNet rounds to a grid, which has no int8 form.
INT8_NAMES = tuple(n for n in NAMES if n not in invertible.names())


@functools.cache
def classifier_of(name, policy="float32", side=SIDE):
    """Returns a classifier with statistics as after training.

    Args:
        name: One of `NAMES`, or of another registered network.
        policy: Precision that it computes in.
        side: Of its images.
    """
    keras.utils.set_random_seed(0)
    keras.config.set_dtype_policy(policy)
    try:
        backbone, is_invertible = _backbone(name, side)
        classifier = build_classifier(
            backbone, side, NUM_CLASSES, normalized_head=is_invertible
        )
    finally:
        keras.config.set_dtype_policy("float32")
    _settle(classifier, side)
    return classifier


def _backbone(name, side):
    if name == GROUPED:
        return _grouped(side), False
    if name in invertible.names():
        return invertible.get(name)(), True
    return backbones.get(name)(side), False


def _grouped(side):
    image = keras.Input((side, side, 3), name="image")
    block = functools.partial(bottleneck_block, groups=4, width_per_group=8)
    features = keras.layers.Conv2D(16, 3, strides=2)(image)
    features = block(features, 8, 1, name="stage1_block01")
    features = block(features, 16, 2, name="stage2_block01")
    return keras.Model(image, features, name=GROUPED)


def _settle(classifier, side):
    """Gives batch norms their statistics, and spreads the logits."""
    image = pictures(64, seed=9, side=side)
    for layer in classifier._flatten_layers():
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
    classifier(image, training=True)
    logits = np.asarray(classifier(image, training=False))
    kernel, bias = classifier.layers[-1].layers[-1].variables
    # Each logit around 0; far enough apart that an error shows.
    scale = 0.5 / logits.std(axis=0)
    kernel.assign(kernel.numpy() * scale)
    bias.assign(-logits.mean(axis=0) * scale)


def pictures(count=6, seed=0, side=SIDE):
    """Returns smooth pictures of 8 bits, float32 [count, side, side, 3]."""
    random = np.random.default_rng(seed)
    coarse = random.uniform(-0.5, 1.5, (count, 4, 4, 3))
    fine = coarse.repeat(side // 4, 1).repeat(side // 4, 2)
    fine = fine + random.normal(0, 0.05, fine.shape)
    return (np.round(fine.clip(0, 1) * 255) / 255).astype(np.float32)


def expected(name, image, **options):
    """Returns the probabilities that every form of a classifier must give."""
    logits = classifier_of(name, **options)(image, training=False)
    return softmax(np.asarray(logits, np.float64))


def softmax(logits):
    """Returns probabilities, in NumPy alone."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
