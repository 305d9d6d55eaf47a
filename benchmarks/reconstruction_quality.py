"""How near the images decoded by a run are to the clean ones."""

import numpy as np
import tensorflow as tf

from qualnet_tf import corruptions
from qualnet_tf.config import TrainConfig
from qualnet_tf.datasets import pipeline
from qualnet_tf.models.classifier import split_classifier
from qualnet_tf.models.decoders import load_decoder
from qualnet_tf.models.saving import load_model
from qualnet_tf.run_dir import RunDir
from qualnet_tf.training import inputs

CONDITIONS = ("clean", "corrupted")
SIDES = ("full", "half")
CORRUPTED_SEVERITY = 3


def load_images(run: RunDir, num_images: int) -> dict[str, list[tuple]]:
    """Returns condition -> batches of (image, clean image).

    Args:
        run: A run on the data.
        num_images: Validation images; the corrupted ones are these under each
            of the 15 test corruptions at severity 3.
    """
    config = TrainConfig.from_json(run.config.read_text())
    corrupted = [
        (name, CORRUPTED_SEVERITY) for name in corruptions.TEST_CORRUPTIONS
    ]
    return {
        condition: [
            (batch["image"].numpy(), batch["clean_image"].numpy())
            for batch in pipeline.evaluation_batches(
                inputs.open_split(config, "validation"),
                batch_size=250,
                image_size=config.image_size,
                conditions=conditions,
                max_images=num_images,
                options=corruptions.Options(
                    severity_table=config.severity_table
                ),
            )
        ]
        for condition, conditions in (
            ("clean", [pipeline.CLEAN]),
            ("corrupted", corrupted),
        )
    }


def reconstruction_quality(run: RunDir, images: dict) -> dict[tuple, tuple]:
    """Compares a run's decoded images with the clean ones.

    Args:
        run: A finished `qualnet` run.
        images: What `load_images` returned for a run on the same data.

    Returns:
        (condition, side) -> (mean L1, mean PSNR in dB), both of pixels in
        [0, 1]. Side "full" is that of the clean image, to which a smaller
        decoding is enlarged bilinearly; "half" is half of it, to which clean
        image and larger decodings are averaged down.
    """
    decode = _load_decoding(run)
    found = {}
    for condition, batches in images.items():
        errors: dict[str, list] = {side: [] for side in SIDES}
        for image, clean in batches:
            for side, pair in at_both_sides(decode(image), clean).items():
                errors[side].append(image_errors(*pair))
        for side, parts in errors.items():
            l1, psnr = np.concatenate(parts, axis=1)
            found[condition, side] = float(l1.mean()), float(psnr.mean())
    return found


def _load_decoding(run: RunDir):
    """Returns the run's function from images to decoded images."""
    config = TrainConfig.from_json(run.config.read_text())
    classifier = load_model(run.classifier)
    backbone, _ = split_classifier(classifier)
    connector = load_model(run.connector)
    decoder = load_decoder(
        run.stage1_classifier,
        config.image_size,
        classifier.output_shape[-1],
        downscale=config.decoder_downscale,
    )

    def decode(image):
        features = backbone(image, training=False)
        return np.asarray(decoder(connector(features)))

    return decode


def at_both_sides(decoded: np.ndarray, clean: np.ndarray) -> dict[str, tuple]:
    """Returns (decoded, clean) images at the full side and at half of it."""
    full = clean.shape[1]
    enlarged = tf.image.resize(decoded, (full, full)).numpy()
    small = (full // 2, full // 2)
    return {
        "full": (enlarged, clean),
        "half": tuple(
            tf.image.resize(each, small, method="area").numpy()
            for each in (decoded, clean)
        ),
    }


def image_errors(decoded: np.ndarray, clean: np.ndarray) -> tuple:
    """Returns L1 and PSNR (dB) of each image, after clipping to [0, 1]."""
    difference = np.clip(decoded, 0.0, 1.0) - clean
    squared = np.mean(difference**2, axis=(1, 2, 3))
    return (
        np.mean(np.abs(difference), axis=(1, 2, 3)),
        -10.0 * np.log10(np.maximum(squared, 1e-10)),
    )
