"""Reads the file that a visitor chose, or says in one line why not."""

import io
import pathlib
import re
import warnings

import numpy as np
from PIL import Image, ImageOps

MAX_MEGAPIXELS = 50
_ORIENTATION = 0x0112
_SIXTEEN_BITS = ("I;16", "I;16B", "I;16L", "I", "I;16N")


def read_picture(path: str | pathlib.Path) -> tuple[np.ndarray, list[str]]:
    """Reads a picture of any kind that Pillow knows.

    Args:
        path: Of the file.

    Returns:
        uint8 [height, width, 3], and what was done to it that a visitor may
        not expect, a sentence each.

    Raises:
        ValueError: If it is no whole picture, or too large.
    """
    content = pathlib.Path(path).read_bytes()
    with warnings.catch_warnings():
        # Pillow warns of large pictures while it reads their size.
        warnings.simplefilter("ignore")
        try:
            picture = Image.open(io.BytesIO(content))
        except Image.DecompressionBombError as error:
            pixels = re.search(r"(\d+) pixels", str(error))
            found = f"{int(pixels[1]) / 1e6:.0f}" if pixels else "far more"
            raise _too_large(found) from None
        # Damaged headers fail in as many ways as there are formats.
        except Exception:
            raise ValueError(
                f"{len(content):,} bytes that are no picture; choose a JPEG, "
                "PNG, GIF, BMP or WebP file"
            ) from None
    width, height = picture.size
    if width * height > MAX_MEGAPIXELS * 1e6:
        raise _too_large(f"{width} x {height} pixels")
    try:
        return _to_rgb(picture)
    except Exception as error:
        text = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(
            f"a {picture.format} file that cannot be decoded to its end "
            f"({text}); choose a whole one"
        ) from error


def _too_large(found: str) -> ValueError:
    return ValueError(
        f"expected at most {MAX_MEGAPIXELS} megapixels, received {found}; "
        "choose a smaller picture"
    )


def _to_rgb(picture: Image.Image) -> tuple[np.ndarray, list[str]]:
    notes = []
    frames = getattr(picture, "n_frames", 1)
    if frames > 1:
        picture.seek(0)
        notes.append(f"An animation of {frames} frames: the first is shown.")
    picture.load()
    orientation = picture.getexif().get(_ORIENTATION, 1)
    if orientation in range(2, 9):
        picture = ImageOps.exif_transpose(picture)
        notes.append(
            f"Turned upright, as its EXIF orientation ({orientation}) says."
        )
    if picture.mode in _SIXTEEN_BITS:
        notes.append("16 bits a pixel: the upper 8 are used.")
        return _from_sixteen_bits(picture), notes
    if picture.mode == "CMYK":
        notes.append("CMYK: converted to RGB without a colour profile.")
    if "A" in picture.getbands() or "transparency" in picture.info:
        notes.append("Its transparency is passed over.")
        picture = picture.convert("RGBA")
    if min(picture.size) == 1:
        notes.append("One pixel wide or high: there is little to see.")
    return np.asarray(picture.convert("RGB")), notes


def _from_sixteen_bits(picture: Image.Image) -> np.ndarray:
    levels = np.asarray(picture).astype(np.int64) >> 8
    grey = np.clip(levels, 0, 255).astype(np.uint8)
    return np.repeat(grey[..., np.newaxis], 3, axis=-1)
