"""A few pictures as the report shows them: clean, corrupted, decoded."""

import keras
import numpy as np
import tensorflow as tf

from qualnet_tf import corruptions
from qualnet_tf.config import TrainConfig
from qualnet_tf.corruptions import sampling
from qualnet_tf.datasets import pipeline
from qualnet_tf.datasets.source import ImageSource
from qualnet_tf.evaluation import results
from qualnet_tf.models.classifier import split_classifier
from qualnet_tf.models.decoders import load_decoder
from qualnet_tf.models.saving import load_model
from qualnet_tf.run_dir import RunDir, atomic_file

# Spread over the families, so that a short grid shows all of them.
SHOWN_CORRUPTIONS = (
    "gaussian_noise",
    "defocus_blur",
    "fog",
    "pixelate",
    "impulse_noise",
    "motion_blur",
    "frost",
    "jpeg_compression",
    "shot_noise",
    "glass_blur",
    "snow",
    "contrast",
    "zoom_blur",
    "brightness",
    "elastic_transform",
)
SHOWN_SEVERITY = 3


def write(
    run: RunDir,
    classifier: keras.Model,
    source: ImageSource,
    *,
    seed: int,
    num_pictures: int,
    options: corruptions.Options,
) -> None:
    """Writes `results/pictures.npz` and `results/example.png` of a run.

    Args:
        run: The run; one with a connector is shown with its reconstructions.
        classifier: Its classifier.
        source: Validation images; the first ones are shown.
        seed: Seed of the corruptions.
        num_pictures: How many.
        options: Of the corruptions, see `corruptions.apply`.
    """
    side = classifier.input_shape[1]
    batches = pipeline.evaluation_batches(
        source, batch_size=num_pictures, image_size=side
    )
    clean = next(iter(batches))["image"].numpy()
    names = [
        SHOWN_CORRUPTIONS[i % len(SHOWN_CORRUPTIONS)] for i in range(len(clean))
    ]
    corrupted = np.stack(
        [
            corruptions.apply(
                tf.constant(image),
                name,
                SHOWN_SEVERITY,
                sampling.fold_seed(seed, index),
                options,
            ).numpy()
            for index, (image, name) in enumerate(
                zip(clean, names, strict=True)
            )
        ]
    )
    decoded = {}
    if run.connector.is_file():
        decoded = {
            "reconstruction_of_clean": _reconstruct(run, classifier, clean),
            "reconstruction_of_corrupted": _reconstruct(
                run, classifier, corrupted
            ),
        }
    results.save_pictures(
        results.Pictures(
            clean=_to_uint8(clean),
            corrupted=_to_uint8(corrupted),
            caption=tuple(f"{name} {SHOWN_SEVERITY}" for name in names),
            **{name: _to_uint8(image) for name, image in decoded.items()},
        ),
        run.pictures,
    )
    with atomic_file(run.example_picture) as temporary:
        temporary.write_bytes(tf.io.encode_png(_to_uint8(corrupted[0])).numpy())


def _reconstruct(
    run: RunDir, classifier: keras.Model, image: np.ndarray
) -> np.ndarray:
    """Decodes the features of images [n, side, side, 3].

    Images that the run decodes at a smaller side stay at that side.
    """
    backbone, _ = split_classifier(classifier)
    config = TrainConfig.from_json(run.config.read_text())
    decoder = load_decoder(
        run.find_decoding_network(),
        image.shape[1],
        classifier.output_shape[-1],
        downscale=config.decoder_downscale,
    )
    connector = load_model(run.connector)
    features = backbone(image, training=False)
    return keras.ops.convert_to_numpy(decoder(connector(features)))


def _to_uint8(image: np.ndarray) -> np.ndarray:
    return np.round(np.clip(image, 0.0, 1.0) * 255.0).astype(np.uint8)
