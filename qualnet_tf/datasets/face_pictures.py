"""Pictures of faces from files or bytes, brought to the side of a network."""

import io
import os
from pathlib import Path

import numpy as np
from PIL import Image

_FORMATS = ("JPEG", "PNG", "PPM", "BMP", "WEBP", "GIF")


def load_face(source: bytes | str | os.PathLike, where: str) -> np.ndarray:
    """Decodes a picture.

    By Pillow, not TensorFlow, so that it can be called inside a graph's
    Python: an operation of TensorFlow there can wait for a thread that waits
    for it.

    Args:
        source: An encoded picture, or the path of one: JPEG, PNG, PGM and PPM,
            BMP, WebP or GIF (first frame).
        where: What it is called in the message.

    Returns:
        uint8 [height, width, 3]; grey is copied to three channels.

    Raises:
        ValueError: If it is missing or no complete picture.
    """
    try:
        encoded = source if isinstance(source, bytes) else _read(source)
        with Image.open(io.BytesIO(encoded), formats=_FORMATS) as picture:
            return np.asarray(picture.convert("RGB"))
    except FileNotFoundError:
        received = "none"
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        size = len(encoded) if encoded else 0
        received = f"{size} bytes that cannot be decoded" if size else "none"
    raise ValueError(
        f"{where}: expected a picture of a face, received {received}; leave it "
        "out, or copy the file again"
    )


def fit_face(pixels: np.ndarray, side: int) -> np.ndarray:
    """Brings a picture to a square of the network's side, the whole of it.

    A picture of that size stays as it is, as aligned faces do. Any other is
    padded with black to a square, its content in the middle, and resized by
    Pillow's bicubic filter: nothing is cut off and nothing distorted.

    Args:
        pixels: uint8 [height, width, 3].
        side: Of the result, pixels.

    Returns:
        uint8 [side, side, 3].
    """
    height, width = pixels.shape[:2]
    if height != width:
        longer = max(height, width)
        top, left = (longer - height) // 2, (longer - width) // 2
        square = np.zeros((longer, longer, 3), np.uint8)
        square[top : top + height, left : left + width] = pixels
        pixels = square
    if len(pixels) == side:
        return pixels
    picture = Image.fromarray(pixels)
    return np.asarray(picture.resize((side, side), Image.Resampling.BICUBIC))


def _read(path: str | os.PathLike) -> bytes:
    return Path(path).read_bytes()
