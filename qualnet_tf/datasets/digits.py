"""The embedded data set: 1,797 real handwritten digits, no download.

Optical Recognition of Handwritten Digits, test part (E. Alpaydin and C. Kaynak,
1998; UCI data set 80), as scikit-learn distributes it; see NOTICE.
"""

from pathlib import Path

import numpy as np
import tensorflow as tf

from qualnet_tf.datasets.arrays import array_source
from qualnet_tf.datasets.source import ImageSource, SourceOptions
from qualnet_tf.datasets.subsets import balanced_subset, stratified_split

_FILE = Path(__file__).with_name("digits.npz")
_SIDE = 32
_WHITE = 16  # the file counts the set pixels of 4x4 blocks
_VALIDATION_FRACTION = 500 / 1797


def open_digits(split: str, options: SourceOptions) -> ImageSource:
    """Opens the embedded digits, 32x32, white on black.

    The last 28 % of each class in file order, about 500 images, are always
    the validation split, whatever the seed.

    Args:
        split: "train" or "validation".
        options: `max_images` and `seed` choose a balanced subset; the rest
            does not apply.
    """
    with np.load(_FILE) as arrays:
        digits, labels = arrays["images"], arrays["labels"].astype(np.int64)
    train, validation = stratified_split(
        labels, _VALIDATION_FRACTION, seed=None
    )
    chosen = balanced_subset(
        train if split == "train" else validation,
        labels,
        options.max_images,
        options.seed,
    )
    return array_source(
        "digits",
        _enlarge(digits[chosen]),
        labels[chosen],
        [str(digit) for digit in range(10)],
    )


def _enlarge(digits: np.ndarray) -> np.ndarray:
    """Turns uint8 [n, 8, 8] counts into uint8 [n, 32, 32, 3] images."""
    grey = digits[..., np.newaxis].astype(np.float32) * (255.0 / _WHITE)
    large = tf.image.resize(grey, (_SIDE, _SIDE), method="bicubic").numpy()
    # Cubic interpolation overshoots at edges.
    pixels = np.clip(np.rint(large), 0, 255).astype(np.uint8)
    return np.repeat(pixels, 3, axis=-1)
