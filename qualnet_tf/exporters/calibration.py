"""Images that show an int8 conversion how large every number gets."""

from collections.abc import Callable, Iterator

import numpy as np

MIN_IMAGES = 16


def check_calibration(images: np.ndarray | None, image_size: int) -> None:
    """Raises ValueError if images cannot calibrate a classifier.

    Args:
        images: What the caller gave.
        image_size: Side of the classifier's input in pixels.
    """
    expected = (
        f"expected at least {MIN_IMAGES} images, float32 [n, {image_size}, "
        f"{image_size}, 3] in [0, 1]"
    )
    remedy = "pass training images, clean and corrupted ones mixed"
    if images is None:
        raise ValueError(f"calibration: {expected}, received none; {remedy}")
    shape = (image_size, image_size, 3)
    if np.shape(images)[1:] != shape or len(images) < MIN_IMAGES:
        raise ValueError(
            f"calibration: {expected}, received shape {np.shape(images)}; "
            f"{remedy}"
        )
    # Written so that NaN fails too.
    if not (np.min(images) >= 0 and np.max(images) <= 1):
        raise ValueError(
            f"calibration: {expected}, received pixels from {np.min(images)} "
            f"to {np.max(images)}; divide levels of 8 bits by 255"
        )


def representative_images(
    images: np.ndarray,
) -> Callable[[], Iterator[list[np.ndarray]]]:
    """Returns what the converter calls to see one image after another.

    The converter takes the range of the pixels from them as well. A set
    without white would cut off the brightest pixels, so one pixel of the first
    image is made white (black belongs to every range): a level of the input is
    then always 1/255, and pixels of 8 bits lose nothing.

    Args:
        images: `[n, side, side, 3]` in [0, 1].
    """
    images = np.array(images, np.float32)
    images[0, 0, 0] = 1
    return lambda: ([image[np.newaxis]] for image in images)
