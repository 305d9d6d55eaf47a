"""What networks take pixels to be, made from [0, 1]."""

import numpy as np

# ImageNet's mean and standard deviation per channel, as torchvision has them.
_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
_DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)
# Means in [0, 255] of blue, green, red, as Caffe's networks have them
# (keras.applications' ResNet50).
_CAFFE_MEAN = np.array([103.939, 116.779, 123.68], np.float32)

RANGES = ("unit", "byte", "signed", "imagenet", "caffe")
MEANINGS = {
    "unit": "[0, 1]",
    "byte": "[0, 255]",
    "signed": "[-1, 1]",
    "imagenet": "[0, 1] less ImageNet's mean, by its deviation",
    "caffe": "[0, 255] less ImageNet's mean, blue first",
}


def from_unit(image: np.ndarray, pixel_range: str) -> np.ndarray:
    """Returns images in another range, float32.

    Args:
        image: float32 [n, side, side, 3] in [0, 1], red first.
        pixel_range: One of `RANGES`.

    Raises:
        ValueError: If there is no such range.
    """
    if pixel_range == "unit":
        return image
    if pixel_range == "byte":
        return image * np.float32(255)
    if pixel_range == "signed":
        return image * np.float32(2) - np.float32(1)
    if pixel_range == "imagenet":
        return (image - _MEAN) / _DEVIATION
    if pixel_range == "caffe":
        return image[..., ::-1] * np.float32(255) - _CAFFE_MEAN
    raise ValueError(
        f"pixel range {pixel_range!r}: expected one of {', '.join(RANGES)}"
    )


def must_be_given(address: str) -> ValueError:
    """Returns the error of a model that does not tell its range."""
    legal = ", ".join(f"{name} {MEANINGS[name]}" for name in RANGES)
    return ValueError(
        f"{address}: expected a model that says what its pixels are, received "
        f"one that does not; pass --pixel_range, one of {legal}"
    )
