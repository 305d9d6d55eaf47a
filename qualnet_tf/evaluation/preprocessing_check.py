"""Refuses to compare clean and corrupted images that were prepared otherwise.

A difference between the two paths passes for a loss of robustness: pictures
that are cropped twice, a network whose answer depends on what else is in the
batch. So the same pictures are taken through both, with severity "none".
"""

import numpy as np
import tensorflow as tf

from qualnet_tf.datasets import pipeline
from qualnet_tf.datasets.arrays import array_source
from qualnet_tf.datasets.source import ImageSource
from qualnet_tf.evaluation.shown_images import View
from qualnet_tf.subjects.subject import Subject

NUM_IMAGES = 8
# Stored pictures have 8 bits a channel, which resizing may round once more.
_PIXEL_TOLERANCE = 1.5 / 255
# Kernels may be chosen by the size of the batch; float16 has 3 digits.
_LOGIT_TOLERANCE = 0.02


def check_subject(subject: Subject, image: np.ndarray) -> None:
    """Checks that an image is answered alike alone and among others.

    Args:
        subject: The classifier.
        image: float32 [n, side, side, 3] in [0, 1], at least two, not all
            the same.

    Raises:
        ValueError: If the answers differ.
    """
    together = subject.logits(image)
    alone = subject.logits(image[:1])
    spread = max(float(np.ptp(together)), 1e-6)
    difference = float(np.abs(together[:1] - alone).max())
    if difference > _LOGIT_TOLERANCE * spread:
        raise ValueError(
            f"{subject.address}: expected the same answer to an image alone "
            f"and among {len(image) - 1} others, received logits that differ "
            f"by {difference:.3g}; export the model for inference, with batch "
            "norms on their moving statistics and without dropout"
        )


def check_made(image: np.ndarray, clean_image: np.ndarray) -> None:
    """Checks what the corrupted path made of images with severity "none".

    Args:
        image: Images that came through the corrupted path.
        clean_image: The same ones through the clean path.

    Raises:
        ValueError: If a pixel differs.
    """
    if not np.array_equal(image, clean_image):
        raise ValueError(
            "expected clean images that the corrupted path leaves as they are,"
            f" received {np.abs(image - clean_image).max():.3g} of difference;"
            " report this with the command that was run"
        )


def check_stored(clean: ImageSource, stored: ImageSource, view: View) -> None:
    """Checks that clean pictures and stored ones are prepared alike.

    Either both sets hold pictures of the same size, or the stored ones have
    just the side to which the clean ones are cropped. Then clean crops, stored
    as the set stores its own, must come back as they were.

    Args:
        clean: The clean set.
        stored: A condition of the corrupted set.
        view: How pictures are seen.

    Raises:
        ValueError: If they are not.
    """
    clean_shape = _first_picture(clean).shape
    shape = _first_picture(stored).shape
    if shape == clean_shape:
        return  # one path, whatever it does
    if shape[:2] != (view.stored_size, view.stored_size):
        raise ValueError(
            f"{stored.name}: expected pictures of {view.stored_size} pixels, "
            "to which clean ones are cropped, received "
            f"{shape[0]} x {shape[1]}, which would be cropped a second time; "
            f"pass --stored_size={min(shape[:2])}, at which both are taken and "
            "then resized for the network"
        )
    crops = _seen(clean, view)
    levels = np.round(
        _seen(clean, View(**{**vars(view), "image_size": view.stored_size}))
        * 255
    ).astype(np.uint8)
    again = _seen(
        array_source(
            "severity none", levels, np.zeros(len(levels), int), ("any",)
        ),
        view,
    )
    difference = float(np.abs(crops - again).max())
    if difference > _PIXEL_TOLERANCE:
        raise ValueError(
            f"{stored.name}: expected clean crops that the path of stored "
            "pictures leaves as they are, received a difference of "
            f"{difference:.3g}; pass --stored_size={shape[0]}"
        )


def first_images(source: ImageSource, view: View, count: int):
    """Returns (images, labels) of the first clean images, as a network sees."""
    batches = pipeline.evaluation_batches(
        source,
        batch_size=count,
        image_size=view.stored_size,
        output_size=view.image_size,
        max_images=count,
    )
    batch = next(batches.as_numpy_iterator())
    return batch["image"], batch["label"]


def _seen(source: ImageSource, view: View) -> np.ndarray:
    return first_images(source, view, NUM_IMAGES)[0]


def _first_picture(source: ImageSource) -> tf.Tensor:
    (element,) = source.elements().take(1)
    return source.decode(element)["image"]
