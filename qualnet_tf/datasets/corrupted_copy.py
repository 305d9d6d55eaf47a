"""Writes a corrupted copy of a folder of class folders.

OUT/<corruption>/<severity>/<class>/<file>, the layout of ImageNet-C.
"""

from collections.abc import Sequence
from pathlib import Path

import tensorflow as tf
from tqdm import tqdm

from qualnet_tf import corruptions
from qualnet_tf.corruptions import sampling
from qualnet_tf.datasets.augmentation import evaluation_crop
from qualnet_tf.datasets.encoded import decode_rgb, drop_bad_files
from qualnet_tf.datasets.image_folder import list_classes

_SUFFIXES = {"png": ".png", "jpeg": ".jpeg"}
# The released ImageNet-C files are JPEGs of this quality.
_JPEG_QUALITY = 85


def corrupt_folder(
    input_dir: Path,
    output_dir: Path,
    *,
    corruption_names: Sequence[str],
    severities: Sequence[int],
    options: corruptions.Options | None = None,
    image_size: int = 0,
    file_format: str = "png",
    seed: int = 0,
    skip_bad_files: bool = False,
) -> dict[str, int]:
    """Corrupts every picture of a folder; files that exist are kept.

    The seed of a picture is folded from `seed` and its place in the sorted
    folder, so a second start, or one of fewer corruptions, gives the same
    pixels.

    Args:
        input_dir: Folder of class folders.
        output_dir: Folder to fill; made when needed.
        corruption_names: See `corruptions.names()`.
        severities: Each from 1 to 5.
        options: See `corruptions.apply`.
        image_size: Side of the centre crop that is corrupted; 0 keeps the
            size of each picture.
        file_format: "png" or "jpeg" (quality 85, as ImageNet-C).
        seed: Of the corruptions.
        skip_bad_files: Leave out files that are no complete picture.

    Returns:
        Counts: `written`, `kept` and `bad` files.

    Raises:
        ValueError: If the folder has no class folders, a file is no complete
            picture, or two pictures would get one name.
    """
    if not input_dir.is_dir():
        raise ValueError(
            f"{input_dir} does not exist: expected one folder of pictures per "
            "class; correct --input_dir"
        )
    files = [
        (class_name, Path(path))
        for class_name, paths in list_classes(input_dir).items()
        for path in paths
    ]
    targets = [
        Path(class_name) / f"{path.stem}{_SUFFIXES[file_format]}"
        for class_name, path in files
    ]
    _check_unique(files, targets)
    good = drop_bad_files([str(path) for _, path in files], skip_bad_files)
    corruption_names = corruptions.expand(corruption_names)
    counts = {"written": 0, "kept": 0, "bad": len(files) - len(good)}
    for position in tqdm(good, desc="corrupt", unit="picture", disable=None):
        missing = [
            (name, severity, path)
            for name in corruption_names
            for severity in severities
            if not (
                path := output_dir / name / str(severity) / targets[position]
            ).exists()
        ]
        counts["kept"] += len(corruption_names) * len(severities) - len(missing)
        if not missing:
            continue
        image = _read(files[position][1], image_size)
        image_seed = sampling.fold_seed(seed, position)
        for name, severity, path in missing:
            pixels = corruptions.apply(
                image, name, severity, image_seed, options
            )
            _write(path, pixels, file_format)
            counts["written"] += 1
    return counts


def _check_unique(
    files: Sequence[tuple[str, Path]], targets: Sequence[Path]
) -> None:
    """Raises ValueError where two pictures differ in their suffix only."""
    seen: dict[Path, Path] = {}
    for (_, path), target in zip(files, targets, strict=True):
        if target in seen:
            raise ValueError(
                f"{seen[target]} and {path} would both become {target}: "
                "expected names that differ before the suffix; rename one"
            )
        seen[target] = path


def _read(path: Path, image_size: int) -> tf.Tensor:
    """Reads a picture as float32 [height, width, 3] in [0, 1]."""
    image = decode_rgb(tf.io.read_file(str(path)))
    if image_size:
        return evaluation_crop(image, image_size)
    return tf.cast(image, tf.float32) / 255.0


def _write(path: Path, pixels: tf.Tensor, file_format: str) -> None:
    """Encodes a picture beside its final name, then renames it."""
    levels = tf.cast(tf.round(pixels * 255.0), tf.uint8)
    if file_format == "jpeg":
        encoded = tf.io.encode_jpeg(levels, quality=_JPEG_QUALITY)
    else:
        encoded = tf.io.encode_png(levels)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.part")
    try:
        temporary.write_bytes(encoded.numpy())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
