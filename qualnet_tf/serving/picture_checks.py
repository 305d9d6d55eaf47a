"""Refuses pictures that would not fit in memory, from their first bytes."""

import io
import struct
import threading
import warnings

import numpy as np
from PIL import Image

from qualnet_tf.serving.statuses import invalid

# The formats that TensorFlow decodes; anything else it refuses by itself.
_FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP")
_PNG = b"\x89PNG"
# Signature, and the header's length and kind; then width and height.
_PNG_SIZE = struct.Struct(">16xII")
_BEGINNINGS = (b"\xff\xd8", _PNG, b"GIF8", b"BM", b"RIFF")
# TensorFlow reads them, Pillow does not.
_UNREADABLE = (b"\xff\x0a", b"\0\0\0\x0cJXL ")
_ENDS = ((b"\xff\xd8", b"\xff\xd9"), (_PNG, b"IEND\xaeB`\x82"))
_PICTURES_AT_A_TIME = 4
# Filters of warnings belong to the whole process.
_warnings_lock = threading.Lock()


def check_pictures(contents: np.ndarray, max_pixels: int) -> None:
    """Looks at the size that each picture states, without decoding it.

    Strings that do not begin like a picture are the graph's affair.

    Args:
        contents: object array of bytes.
        max_pixels: Width times height at most, over all frames, and a fourth
            of what the pictures of a request may have together.

    Raises:
        ServingError: If a picture, or all of them, are larger
            (INVALID_ARGUMENT).
    """
    total = 0
    for place, content in enumerate(contents.reshape(-1)):
        if content.startswith(_UNREADABLE):
            raise invalid(
                f"picture {place}: expected JPEG, PNG, GIF, BMP or WebP, "
                "received JPEG XL, whose size cannot be checked; convert it"
            )
        if not content.startswith(_BEGINNINGS):
            continue
        size = _stated_size(content)
        if size is None:
            continue
        width, height, frames = size
        pixels = width * height * frames
        if pixels > max_pixels:
            counted = f" in {frames} frames" if frames > 1 else ""
            raise invalid(
                f"picture {place}: expected at most {max_pixels / 1e6:g} "
                f"megapixels, received {width} x {height}{counted}; send it "
                "smaller"
            )
        total += pixels
    most = _PICTURES_AT_A_TIME * max_pixels
    if total > most:
        raise invalid(
            f"pictures: expected at most {most / 1e6:g} megapixels together, "
            f"received {total / 1e6:.0f}; send fewer at a time"
        )


def seem_whole(contents: np.ndarray) -> bool:
    """Returns whether all JPEG and PNG files have the mark of their end."""
    return all(
        content.rstrip(b"\0").endswith(end)
        for content in contents.reshape(-1)
        for beginning, end in _ENDS
        if content.startswith(beginning)
    )


def _stated_size(content: bytes) -> tuple[int, int, int] | None:
    """Returns (width, height, frames), or None where nobody can tell."""
    if content.startswith(_PNG) and len(content) >= _PNG_SIZE.size:
        # Pillow reads on until the pixels begin, which damaged files lack.
        return *_PNG_SIZE.unpack_from(content), 1
    # Pillow warns of large pictures while it reads their size, which is what
    # it is asked for here.
    limit = Image.MAX_IMAGE_PIXELS or 0
    with _warnings_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(io.BytesIO(content), formats=_FORMATS) as picture:
                # TensorFlow decodes every frame before it takes the first.
                return *picture.size, getattr(picture, "n_frames", 1)
        except Image.DecompressionBombError:
            return 2 * limit + 1, 1, 1
        # Damaged headers fail in as many ways as there are formats.
        except Exception:
            return None
