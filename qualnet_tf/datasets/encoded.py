"""Encoded pictures: reading them in the graph, naming what is wrong with one.

The check decodes with the same operation as training does, so a file that
passes can be trained on.
"""

import re
from multiprocessing.pool import ThreadPool
from os import PathLike, cpu_count
from pathlib import Path

import tensorflow as tf
from absl import logging

# How a file of each kind begins, to tell damage from another kind of file.
_SIGNATURES = {
    "JPEG": rb"\xff\xd8",
    "PNG": rb"\x89PNG",
    "GIF": rb"GIF8",
    "BMP": rb"BM",
    "WebP": rb"RIFF....WEBP",
}


def decode_rgb(encoded: tf.Tensor) -> tf.Tensor:
    """Decodes a JPEG, PNG, GIF (first frame), BMP or WebP picture.

    Args:
        encoded: The file's bytes, a scalar string.

    Returns:
        uint8 [height, width, 3]; grey is copied to three channels and
        transparency dropped.
    """
    image = tf.io.decode_image(encoded, channels=3, expand_animations=False)
    return tf.ensure_shape(image, (None, None, 3))


def find_fault(path: str | PathLike[str]) -> str | None:
    """Says in words why a file cannot be read, or None if it can.

    The whole picture is decoded: half a download has a sound beginning. A
    JPEG file without an end is not tried: the decoder would complain about
    it on standard error, in words of its own.
    """
    encoded = Path(path).read_bytes()
    endless = encoded.startswith(b"\xff\xd8") and b"\xff\xd9" not in encoded
    try:
        if not endless:
            decode_rgb(tf.constant(encoded))
            return None
    except tf.errors.OpError:
        pass
    return _describe_fault(encoded)


def drop_bad_files(paths: list[str], skip_bad_files: bool) -> list[int]:
    """Decodes every file, on all cores, and leaves out the unreadable ones.

    Args:
        paths: The files.
        skip_bad_files: Whether to go on without a bad file.

    Returns:
        The positions of the good files in `paths`, ascending.

    Raises:
        ValueError: If a file is bad and `skip_bad_files` is false; it names
            the first bad one.
    """
    good = []
    with ThreadPool(cpu_count()) as pool:
        for position, fault in enumerate(
            pool.imap(find_fault, paths, chunksize=16)
        ):
            if fault is None:
                good.append(position)
                continue
            message = f"{paths[position]} {fault}"
            if not skip_bad_files:
                raise ValueError(
                    f"{message}: expected a complete picture "
                    f"({', '.join(_SIGNATURES)}); mend or remove it, or pass "
                    "--skip_bad_files"
                )
            logging.warning("skipped: %s", message)
    return good


def _describe_fault(encoded: bytes) -> str:
    for kind, signature in _SIGNATURES.items():
        if re.match(signature, encoded, re.DOTALL):
            return f"is a truncated or damaged {kind} file"
    return "is no picture that TensorFlow reads" if encoded else "is empty"
