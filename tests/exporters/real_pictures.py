"""Photographs as files of every kind, from pictures that packages bring."""

import io
from collections.abc import Iterator

import numpy as np
from PIL import Image

# Kind -> how a photograph is turned into a file of it.
KINDS = (
    "jpeg",
    "jpeg 4:4:4",
    "progressive jpeg",
    "grey jpeg",
    "cmyk jpeg",
    "png",
    "grey png",
    "palette png",
    "rgba png",
    "16-bit png",
    "gif",
    "bmp",
    "webp",
)
_JPEG_OPTIONS = {
    "jpeg": {"quality": 85},
    "jpeg 4:4:4": {"quality": 95, "subsampling": 0},
    "progressive jpeg": {"progressive": True},
}
_MODES = {
    "grey jpeg": ("L", "JPEG"),
    "cmyk jpeg": ("CMYK", "JPEG"),
    "png": ("RGB", "PNG"),
    "grey png": ("L", "PNG"),
    "palette png": ("P", "PNG"),
    "gif": ("P", "GIF"),
    "bmp": ("RGB", "BMP"),
    "webp": ("RGB", "WEBP"),
}


def photographs() -> list[np.ndarray]:
    """Returns uint8 [height, width, 3] of scikit-learn and scikit-image."""
    from skimage import data
    from sklearn.datasets import load_sample_images

    mine = [data.astronaut(), data.coffee(), data.chelsea(), data.rocket()]
    return [*load_sample_images().images, *mine]


def picture_files(count: int) -> Iterator[tuple[str, bytes]]:
    """Yields (kind, content) of crops of photographs, mostly of odd sizes."""
    generator = np.random.default_rng(0)
    whole = photographs()
    for number in range(count):
        photograph = whole[number % len(whole)]
        height, width = (
            int(generator.integers(17, limit)) for limit in photograph.shape[:2]
        )
        top, left = (
            int(generator.integers(0, limit - side + 1))
            for limit, side in zip(
                photograph.shape[:2], (height, width), strict=True
            )
        )
        crop = photograph[top : top + height, left : left + width]
        kind = KINDS[number % len(KINDS)]
        yield kind, encode(crop, kind)


def encode(pixels: np.ndarray, kind: str) -> bytes:
    """Returns an RGB photograph as a file of a kind."""
    buffer = io.BytesIO()
    image = Image.fromarray(np.ascontiguousarray(pixels))
    if kind in _JPEG_OPTIONS:
        image.save(buffer, "JPEG", **_JPEG_OPTIONS[kind])
    elif kind == "rgba png":
        image.putalpha(image.convert("L"))
        image.save(buffer, "PNG")
    elif kind == "16-bit png":
        return _sixteen_bits(pixels)
    else:
        mode, file_format = _MODES[kind]
        image.convert(mode).save(buffer, file_format)
    return buffer.getvalue()


def _sixteen_bits(pixels: np.ndarray) -> bytes:
    import tensorflow as tf  # Pillow writes 16 bits of grey alone

    low = np.random.default_rng(1).integers(0, 256, pixels.shape)
    deep = pixels.astype(np.uint16) * 256 + low.astype(np.uint16)
    return tf.io.encode_png(deep).numpy()
