"""Measures one peer library inside its own environment; prints JSON.

python corruption_peer.py images.npz --seconds=1 --names=fog,snow

Started by `benchmarks.corruptions` with that environment's Python. Imports
nothing of ours, and runs on old Pythons: the peer is pinned to old libraries.
"""

import argparse
import functools
import inspect
import json
import platform
import time
from importlib import metadata

import cv2
import numpy as np

SEVERITIES = (1, 2, 3, 4, 5)
DISTRIBUTIONS = (
    "imagecorruptions",
    "imagecorruptions-imaug",
    "numpy",
    "scipy",
    "scikit-image",
    "opencv-python",
    "numba",
)


def import_corrupt():
    """Returns the peer's function, with what newer scikit-image took away."""
    import skimage.filters

    gaussian = skimage.filters.gaussian
    if "multichannel" not in inspect.signature(gaussian).parameters:

        @functools.wraps(gaussian)
        def accept_multichannel(*arguments, multichannel=None, **options):
            if multichannel is not None:
                options["channel_axis"] = -1 if multichannel else None
            return gaussian(*arguments, **options)

        skimage.filters.gaussian = accept_multichannel
    from imagecorruptions import corrupt

    return corrupt


def seconds_per_image(corrupt, images, seconds: float) -> float:
    """Returns CPU seconds per image of at least one image."""
    started = time.process_time()
    done = 0
    while True:
        corrupt(images[done % len(images)])
        done += 1
        elapsed = time.process_time() - started
        if elapsed >= seconds:
            return elapsed / done


def measure(corrupt, images, name: str, seconds: float) -> list:
    """Returns CPU seconds per image at severities 1 to 5."""
    # A small picture is enough to compile numba's functions, but some are only
    # called from a certain severity on.
    for severity in SEVERITIES:
        corrupt(images[0][:32, :32], corruption_name=name, severity=severity)
    return [
        seconds_per_image(
            functools.partial(corrupt, corruption_name=name, severity=severity),
            images,
            seconds / len(SEVERITIES),
        )
        for severity in SEVERITIES
    ]


def versions() -> dict:
    """Returns the versions of what is installed of `DISTRIBUTIONS`."""
    found = {"Python": platform.python_version()}
    for distribution in DISTRIBUTIONS:
        try:
            found[distribution] = metadata.version(distribution)
        except metadata.PackageNotFoundError:
            continue
    return found


def main() -> None:
    """Measures every name at every side of the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("images", help=".npz of uint8 images, one array a side")
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--names", required=True)
    arguments = parser.parse_args()
    cv2.setNumThreads(0)
    np.random.seed(0)
    corrupt = import_corrupt()
    seconds = {
        side: {
            name: measure(corrupt, images, name, arguments.seconds)
            for name in arguments.names.split(",")
        }
        for side, images in np.load(arguments.images).items()
    }
    print(json.dumps({"seconds_per_image": seconds, "versions": versions()}))


if __name__ == "__main__":
    main()
