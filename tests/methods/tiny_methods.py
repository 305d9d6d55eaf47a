"""Every method at a size that steps in milliseconds, for tests."""

import keras
import numpy as np

from qualnet_tf import backbones, invertible, methods
from qualnet_tf.invertible.coupling import AdditiveCoupling
from qualnet_tf.invertible.pixel_normalization import PixelNormalization
from qualnet_tf.invertible.sequence import InvertibleSequence
from qualnet_tf.invertible.squeeze import Squeeze
from qualnet_tf.models.classifier import build_classifier
from qualnet_tf.models.connector import build_connector
from qualnet_tf.models.correction import correct, correctable_layers
from qualnet_tf.models.decoders import InverseDecoder
from qualnet_tf.training.optimizers import KernelDecaySGD

SIZE, CLASSES, BATCH = 16, 3, 4


def make_batch(seed=0):
    generator = np.random.default_rng(seed)
    clean = generator.random((BATCH, SIZE, SIZE, 3), dtype=np.float32)
    noise = generator.normal(size=clean.shape, scale=0.2).astype(np.float32)
    return {
        "image": np.clip(clean + noise, 0, 1),
        "clean_image": clean,
        "label": generator.integers(0, CLASSES, BATCH).astype(np.int32),
        **_extras(clean, generator),
    }


def _extras(clean, generator):
    """What augmix, ant and auxtraining ask for; others pass over it."""
    noise = generator.normal(size=(BATCH, SIZE + 2, SIZE + 2, 3))
    views = np.clip(clean[:, None] + generator.normal(size=(2, 1, 1, 3)), 0, 1)
    return {
        "noise": noise.astype(np.float32),
        "noise_kind": np.array([0, 1, 2, 1], np.int32),
        "views": views.astype(np.float32),
        "epoch": np.full(BATCH, 3, np.int32),
    }


def make_classifier(seed=0):
    keras.utils.set_random_seed(seed)
    backbone = backbones.get("resnet_tiny")(SIZE)
    return build_classifier(backbone, SIZE, CLASSES)


def make_decoder(seed=1, downscale=1):
    """A decoder on the backbone's grid of 4x4, for images of SIZE or half."""
    keras.utils.set_random_seed(seed)
    network = invertible.get("irevnet_tiny")()
    if downscale == 2:
        blocks = [AdditiveCoupling(6, name=f"block{i}") for i in (1, 2)]
        network = InvertibleSequence(
            [PixelNormalization(), Squeeze(2), *blocks], name="half"
        )
    build_classifier(network, SIZE // downscale, CLASSES, normalized_head=True)
    return InverseDecoder(network, downscale)


DISTILLATIONS = ("kd", "fitnet", "pkt", "vid", "sp")


def make_teacher(seed=1):
    """A stage-1 classifier on the backbone's grid of 4x4."""
    keras.utils.set_random_seed(seed)
    network = invertible.get("irevnet_tiny")()
    return build_classifier(network, SIZE, CLASSES, normalized_head=True)


def make_method(
    name,
    quality_weight=0.5,
    seed=0,
    learning_rate=0.1,
    downscale=1,
    **options,
):
    classifier = make_classifier(seed)
    if name == "qualnet":
        decoder = make_decoder(downscale=downscale)
        options |= {
            "connector": build_connector(
                classifier.layers[1].output.shape[1:],
                decoder.feature_shape(SIZE),
            ),
            "decoder": decoder,
            "quality_weight": quality_weight,
        }
    if name == "encoder_decoder":
        decoder = InverseDecoder(make_decoder().network, trainable=True)
        options |= {
            "connector": build_connector(
                classifier.layers[1].output.shape[1:],
                decoder.feature_shape(SIZE),
            ),
            "decoder": decoder,
            "quality_weight": quality_weight,
        }
    if name in DISTILLATIONS:
        options |= {"teacher": make_teacher()}
    if name == "auxtraining":
        options |= {"num_views": 2}
    if name == "deepcorrect":
        layers = correctable_layers(classifier.layers[1])
        chosen = {layer: range(1, width) for layer, width in layers.items()}
        classifier = correct(classifier, chosen, width=8)
    method = methods.get(name)(classifier, name="method", **options)
    method.compile(KernelDecaySGD(learning_rate, momentum=0.9, name="sgd"))
    method.optimizer.build(method.trainable_weights)
    return method


def values(weights):
    return {w.path: keras.ops.convert_to_numpy(w).copy() for w in weights}


def step(method, batch):
    return method.train_on_batch(batch, return_dict=True)
