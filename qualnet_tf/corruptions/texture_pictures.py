"""Pictures of frost from a folder, or from an installed package."""

import importlib.util
import pathlib

import numpy as np
from PIL import Image

# A package with the photographs of the released sets; it is only looked into,
# never imported.
_PACKAGE = "imagecorruptions"

# The released functions draw one of these five; frost2 and frost3 are the same
# picture, and a sixth was never drawn.
_PACKAGE_FILES = (
    "frost1.png",
    "frost2.png",
    "frost3.png",
    "frost4.jpg",
    "frost5.jpg",
)

_SUFFIXES = (".jpeg", ".jpg", ".png")


def read_pictures(source):
    """Returns the pictures of a source, in a fixed order.

    Args:
        source: "imagecorruptions", or a folder: every JPEG and PNG picture in
            it, sorted by name.

    Returns:
        A list of uint8 [height, width, 3]; sizes may differ.

    Raises:
        ValueError: If the package or the folder is missing, there are no
            pictures in it, or one cannot be read.
    """
    paths = _package_paths() if source == _PACKAGE else _folder_paths(source)
    return [_read(path) for path in paths]


def _package_paths():
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ValueError(
            f"frost textures {_PACKAGE!r} are the pictures of an installed "
            "package, received none of that name: install it with pip "
            f"install {_PACKAGE}, name a folder of pictures, or use procedural"
        )
    folder = pathlib.Path(spec.submodule_search_locations[0]) / "frost"
    return [folder / name for name in _PACKAGE_FILES]


def _folder_paths(source):
    folder = pathlib.Path(source)
    if not folder.is_dir():
        raise ValueError(
            f"frost textures must be procedural, {_PACKAGE} or a folder of "
            f"pictures, received {str(source)!r}: no such folder; check the "
            "path"
        )
    paths = sorted(
        path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES
    )
    if not paths:
        raise ValueError(
            f"a texture folder without pictures: expected files ending in "
            f"{', '.join(_SUFFIXES)}, received {str(source)!r}; add some or "
            "use procedural"
        )
    return paths


def _read(path):
    try:
        with Image.open(path) as picture:
            return np.asarray(picture.convert("RGB"))
    # Pillow raises any of these, by format and by how a file is broken.
    except (
        OSError,
        SyntaxError,
        ValueError,
        Image.DecompressionBombError,
    ) as e:
        reason = " ".join(str(e).split())
        raise ValueError(
            f"expected a JPEG or PNG picture of frost, received {str(path)!r} "
            f"({reason}); replace or remove it"
        ) from e
