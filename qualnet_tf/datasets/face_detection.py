"""Eyes, nose and mouth of the face in a picture, by the package `mtcnn`.

Zhang et al., "Joint Face Detection and Alignment Using Multitask Cascaded
Convolutional Networks", IEEE Signal Processing Letters 23(10), 2016. Part of
the optional extra `faces`.
"""

from collections.abc import Callable

import numpy as np

_KEYPOINTS = ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")
# The smallest side that the detector's first network sees anything in.
_MIN_SIDE = 24


def load_detector() -> Callable[[np.ndarray], np.ndarray | None]:
    """Returns a function, uint8 [height, width, 3] -> points [5, 2] or None.

    Of several faces the one is taken that is large and near the middle, the
    subject of a photograph. None says that no face was found.

    Raises:
        ValueError: If the package is not installed.
    """
    try:
        from mtcnn import MTCNN
    except ImportError as error:
        raise ValueError(
            "alignment expects the package mtcnn, which is not installed; pip "
            "install 'qualnet_tf[faces]'"
        ) from error
    detector = MTCNN(device="CPU:0")

    def find_points(pixels: np.ndarray) -> np.ndarray | None:
        if min(pixels.shape[:2]) < _MIN_SIDE:
            return None
        try:
            faces = detector.detect_faces(pixels) or []
        except (ValueError, IndexError):
            # Some pictures without any candidate make it fail.
            return None
        if not faces:
            return None
        best = max(faces, key=lambda face: _prominence(face, pixels.shape))
        points = best["keypoints"]
        return np.array([points[name] for name in _KEYPOINTS], np.float64)

    return find_points


def _prominence(face: dict, shape: tuple[int, ...]) -> float:
    """Area of a face's box, less the farther it is from the middle."""
    x, y, width, height = face["box"]
    middle = np.array([x + width / 2, y + height / 2])
    size = np.array([shape[1], shape[0]])
    distance = np.linalg.norm(middle - size / 2) / np.linalg.norm(size / 2)
    return width * height * (1 - distance)
