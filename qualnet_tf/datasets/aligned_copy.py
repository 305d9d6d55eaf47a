"""Aligned copies of a folder's faces, its tree kept, nothing overwritten."""

import dataclasses
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from qualnet_tf.datasets.copy_files import LocalFiles
from qualnet_tf.datasets.face_alignment import SIDE, align_face
from qualnet_tf.datasets.face_pictures import fit_face, load_face

REPORT = "undetected.txt"
_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".pgm", ".ppm", ".gif")


@dataclasses.dataclass
class AlignmentCounts:
    """What became of the pictures.

    Attributes:
        written: Faces that were aligned now.
        kept: Files that were there.
        undetected: Pictures without a face, relative to the folder.
        unreadable: What is wrong with each picture that cannot be decoded.
    """

    written: int = 0
    kept: int = 0
    undetected: list[str] = dataclasses.field(default_factory=list)
    unreadable: list[str] = dataclasses.field(default_factory=list)


def align_folder(
    input_dir: str,
    output_dir: str,
    find_points: Callable[[np.ndarray], np.ndarray | None],
    keep_undetected: bool = False,
) -> AlignmentCounts:
    """Writes an aligned PNG of 112x112 pixels for every picture.

    A file that exists is kept, so a run that was stopped goes on. Pictures
    without a face, and those that cannot be decoded, are listed in
    undetected.txt.

    Args:
        input_dir: Folder with pictures at any depth.
        output_dir: Folder for the copies, made when needed.
        find_points: See `face_detection.load_detector`.
        keep_undetected: Whether a picture without a face is written whole,
            resized, instead of left out.

    Raises:
        ValueError: If there are no pictures, one folder lies in the other, or
            two pictures differ in their suffix only.
    """
    source, target = Path(input_dir), Path(output_dir)
    pictures = _list(source, target)
    counts, files = AlignmentCounts(), LocalFiles()
    for path, copy in tqdm(
        pictures.items(), "align", unit="picture", disable=None
    ):
        if copy.exists():
            counts.kept += 1
            continue
        name = path.relative_to(source).as_posix()
        try:
            pixels = load_face(path, name)
        except ValueError as error:
            counts.unreadable.append(str(error))
            continue
        points = find_points(pixels)
        if points is None:
            counts.undetected.append(name)
            if not keep_undetected:
                continue
            aligned = fit_face(pixels, SIDE)
        else:
            aligned = align_face(pixels, points)
        files.write(str(copy), _png(aligned))
        counts.written += 1
    lines = [*counts.undetected, *counts.unreadable]
    text = "".join(f"{line}\n" for line in lines)
    files.write(str(target / REPORT), text.encode())
    return counts


def _png(pixels: np.ndarray) -> bytes:
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG")
    return content.getvalue()


def _list(source: Path, target: Path) -> dict[Path, Path]:
    """Returns picture -> its copy."""
    if not source.is_dir():
        raise ValueError(
            f"{source}: expected a folder of pictures, found none; correct the "
            "path"
        )
    inner, outer = source.resolve(), target.resolve()
    if inner == outer or inner in outer.parents or outer in inner.parents:
        raise ValueError(
            f"{target}: expected a folder outside {source}, received one "
            "within or around it; nothing is overwritten, choose another"
        )
    pictures: dict[Path, Path] = {}
    copies: dict[Path, Path] = {}
    for path in sorted(source.rglob("*")):
        if path.suffix.lower() not in _SUFFIXES or path.name[0] == ".":
            continue
        copy = (target / path.relative_to(source)).with_suffix(".png")
        if copy in copies:
            raise ValueError(
                f"{copies[copy]} and {path} would both become {copy}: expected "
                "names that differ before the suffix; rename one"
            )
        copies[copy], pictures[path] = path, copy
    if not pictures:
        raise ValueError(
            f"{source}: expected pictures ({', '.join(_SUFFIXES)}), found "
            "none; correct the path"
        )
    return pictures
