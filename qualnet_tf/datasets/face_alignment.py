"""Faces turned, scaled and shifted to the 112x112 template.

Five points (eyes, nose, corners of the mouth) are brought as near as a
similarity transform can to where the networks of insightface expect them.
"""

import numpy as np
from scipy import ndimage

SIDE = 112
# Left eye, right eye, nose, left and right corner of the mouth, as the viewer
# sees them, (x, y) in pixels: insightface's points for 96x112 and 8 more in x.
TEMPLATE = np.array(
    [
        (38.2946, 51.6963),
        (73.5318, 51.5014),
        (56.0252, 71.7366),
        (41.5493, 92.3655),
        (70.7299, 92.2041),
    ]
)


def similarity(points, targets) -> np.ndarray:
    """Returns the least-squares rotation, one scale and shift.

    Umeyama, "Least-squares estimation of transformation parameters between two
    point patterns", IEEE TPAMI 13(4), 1991, Equations 40 to 42.

    Args:
        points: float [n, 2], (x, y), not all the same.
        targets: float [n, 2], where they should go.

    Returns:
        float64 [2, 3], applied to (x, y, 1).

    Raises:
        ValueError: If the shapes differ or all points are one.
    """
    points, targets = (np.asarray(x, np.float64) for x in (points, targets))
    if points.shape != targets.shape or points.ndim != 2 or len(points) < 2:
        raise ValueError(
            "expected at least 2 points [n, 2] and as many targets, received "
            f"{points.shape} and {targets.shape}"
        )
    mean, target_mean = points.mean(axis=0), targets.mean(axis=0)
    centred, target_centred = points - mean, targets - target_mean
    variance = np.mean(np.sum(centred**2, axis=1))
    if not variance > 0:
        raise ValueError(
            "expected points at different places, received one place; a scale "
            "cannot be found from it"
        )
    covariance = target_centred.T @ centred / len(points)
    left, singular, right = np.linalg.svd(covariance)
    # A mirrored face is no turned one.
    signs = np.array([1.0, np.sign(np.linalg.det(left @ right)) or 1.0])
    rotation = left @ np.diag(signs) @ right
    scale = np.sum(singular * signs) / variance
    shift = target_mean - scale * rotation @ mean
    return np.concatenate([scale * rotation, shift[:, None]], axis=1)


def align_face(pixels: np.ndarray, points) -> np.ndarray:
    """Cuts out a face along the template.

    Args:
        pixels: uint8 [height, width, 3].
        points: float [5, 2], in the order of `TEMPLATE`; whole numbers are the
            middles of pixels.

    Returns:
        uint8 [112, 112, 3], bilinear, black where there is no picture.
    """
    matrix = similarity(points, TEMPLATE)
    back = np.linalg.inv(np.vstack([matrix, [0, 0, 1]]))[:2]
    rows, columns = np.mgrid[:SIDE, :SIDE]
    places = np.stack([columns, rows, np.ones_like(rows)])
    read_columns, read_rows = np.tensordot(back, places, axes=1)
    channels = [
        ndimage.map_coordinates(
            channel, [read_rows, read_columns], order=1, mode="grid-constant"
        )
        for channel in np.moveaxis(pixels.astype(np.float64), 2, 0)
    ]
    return np.round(np.stack(channels, axis=2)).astype(np.uint8)
