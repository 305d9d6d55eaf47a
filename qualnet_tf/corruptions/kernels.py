"""Filters as NumPy constants: separable ones as matrices, others as kernels.

A one-dimensional filter over an axis of n pixels is an [n, n] matrix with the
border rule folded in, so any sigma and any border are two matrix products.
"""

import functools

import numpy as np


def border_indices(indices, size, border):
    """Returns where an axis is read when it is read outside 0..size-1.

    Args:
        indices: Integer array.
        size: Length of the axis.
        border: "edge" (a a | a b c | c c), "symmetric" (b a | a b c | c b) or
            "reflect_101" (c b | a b c | b a).

    Returns:
        Integer array with values in 0..size-1.
    """
    if border == "edge":
        return np.clip(indices, 0, size - 1)
    if border == "symmetric":
        folded = np.mod(indices, 2 * size)
        return np.minimum(folded, 2 * size - 1 - folded)
    period = 2 * (size - 1)
    folded = np.mod(indices, period)
    return np.minimum(folded, period - folded)


def gaussian_weights(sigma, truncate):
    """Returns normalised weights at -r..r, r = int(truncate * sigma + 0.5).

    The rule of scipy.ndimage.gaussian_filter1d.
    """
    radius = int(truncate * sigma + 0.5)
    if radius == 0:
        return np.ones(1)
    offsets = np.arange(-radius, radius + 1)
    weights = np.exp(-0.5 * (offsets / sigma) ** 2)
    return weights / weights.sum()


def gaussian_reach(sigmas, truncate=4.0):
    """Returns the largest radius of Gaussian filters, in pixels."""
    return max(int(truncate * sigma + 0.5) for sigma in sigmas)


@functools.lru_cache(maxsize=256)
def gaussian_matrix(size, sigma, border="edge", truncate=4.0):
    """Returns the [size, size] float32 matrix of a Gaussian filter.

    Args:
        size: Length of the axis.
        sigma: Of the Gaussian, pixels.
        border: As for `border_indices`, or "zero": nothing is read outside.
        truncate: Where it is cut off, sigmas.
    """
    weights = gaussian_weights(sigma, truncate)
    radius = len(weights) // 2
    positions = np.arange(size)[:, None]
    sources = positions + np.arange(-radius, radius + 1)
    matrix = np.zeros((size, size))
    taps = np.broadcast_to(weights, sources.shape)
    if border == "zero":
        taps = np.where((sources >= 0) & (sources < size), taps, 0.0)
        border = "edge"
    columns = border_indices(sources, size, border)
    np.add.at(
        matrix, (np.broadcast_to(positions, columns.shape), columns), taps
    )
    return matrix.astype(np.float32)


def gaussian_matrices(size, sigmas, border="edge", truncate=4.0):
    """Returns one Gaussian matrix per sigma: [len(sigmas), size, size]."""
    return np.stack(
        [gaussian_matrix(size, sigma, border, truncate) for sigma in sigmas]
    )


@functools.lru_cache(maxsize=64)
def box_down_up(size, share):
    """Returns a box resize of an axis down to int(size * share), and back.

    Pillow's BOX filter: all source pixels whose centre lies in the target
    pixel, with equal weights. Area interpolation would weigh pixels that are
    partly covered; Pillow does not.

    Returns:
        down: float32 [small, size], the matrix of the resize down.
        up: int [size], the small pixel that each pixel shows.
    """
    small = int(size * share)
    down = _box_matrix(size, small).astype(np.float32)
    return down, _box_matrix(small, size).argmax(axis=1)


def _box_matrix(size_in, size_out):
    scale = size_in / size_out
    widen = max(scale, 1.0)
    matrix = np.zeros((size_out, size_in))
    for row in range(size_out):
        centre = (row + 0.5) * scale
        first = max(int(centre - 0.5 * widen + 0.5), 0)
        last = min(int(centre + 0.5 * widen + 0.5), size_in)
        distance = (np.arange(first, last) - centre + 0.5) / widen
        inside = (distance > -0.5) & (distance <= 0.5)
        matrix[row, first:last] = inside / inside.sum()
    return matrix


def reduced(size, factor):
    """Returns the length of an axis made smaller, at least 1 pixel."""
    return max(1, int(size / factor + 0.5))


def nearest_indices(size_in, size_out, rule="floor"):
    """Returns which pixel of an axis each pixel of the resized axis shows.

    Args:
        size_in: Length of the axis in pixels.
        size_out: Length after resizing.
        rule: "floor": floor(i * scale), as OpenCV; "half_pixel":
            floor((i + 0.5) * scale), as `tf.image.resize`. At 112 to 14 they
            read pixels half a cell apart.

    Returns:
        Integer array [size_out] with values in 0..size_in-1.

    Raises:
        ValueError: If the rule is neither.
    """
    if rule not in ("floor", "half_pixel"):
        raise ValueError(f"unknown rule {rule!r}: expected floor or half_pixel")
    # In whole numbers: a float scale would sometimes fall just short.
    double = 2 * np.arange(size_out) + (rule == "half_pixel")
    return np.minimum(double * size_in // (2 * size_out), size_in - 1)


def nearest_down_up_indices(size, small, rule="floor"):
    """Returns the pixel each pixel shows after a resize to `small` and back."""
    down = nearest_indices(size, small, rule)
    return down[nearest_indices(small, size, rule)]


@functools.lru_cache(maxsize=64)
def resize_matrix(size_in, size_out, filter_name="bicubic"):
    """Returns the [size_out, size_in] float32 matrix of a resize, as Pillow's.

    The filter is widened by the scale when the axis shrinks.

    Args:
        size_in: Length of the axis in pixels.
        size_out: Length after resizing.
        filter_name: "box", "bilinear", "bicubic" or "lanczos".
    """
    if filter_name == "box":
        return _box_matrix(size_in, size_out).astype(np.float32)
    scale = size_in / size_out
    widen = max(scale, 1.0)
    centres = (np.arange(size_out)[:, None] + 0.5) * scale
    distance = np.abs(np.arange(size_in) + 0.5 - centres) / widen
    weights = _FILTERS[filter_name](distance)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def _bilinear(distance):
    return np.maximum(1.0 - distance, 0.0)


def _bicubic(distance):
    """Keys, "Cubic convolution interpolation for digital image processing".

    IEEE Transactions on Acoustics, Speech, and Signal Processing 29, 1981,
    with a = -0.5.
    """
    near = (1.5 * distance - 2.5) * distance**2 + 1.0
    far = ((-0.5 * distance + 2.5) * distance - 4.0) * distance + 2.0
    return np.where(distance < 1.0, near, np.where(distance < 2.0, far, 0.0))


def _lanczos(distance):
    """sinc(x) sinc(x / 3) up to 3 (Duchon, 1979)."""
    windowed = np.sinc(distance) * np.sinc(distance / 3.0)
    return np.where(distance < 3.0, windowed, 0.0)


_FILTERS = {"bilinear": _bilinear, "bicubic": _bicubic, "lanczos": _lanczos}


@functools.lru_cache(maxsize=32)
def disk_kernel(radius, sigma):
    """Returns the defocus kernel: a disk, itself a little blurred.

    The disk is drawn on a grid of +-8 pixels (+-radius above 8), normalised
    and blurred by a Gaussian of 3x3 taps (5x5 above 8), as OpenCV does it:
    mirrored at the grid's border without repeating the edge. A disk that
    touches the border (8 and 10) gains about 1 % there: kept.

    Returns:
        float64 [n, n] with n odd; rings of zeros around the disk are cut off.
    """
    reach = max(8, int(radius))
    grid = np.arange(-reach, reach + 1)
    disk = (grid[:, None] ** 2 + grid**2 <= radius**2).astype(np.float64)
    disk /= disk.sum()
    offsets = np.arange(-1, 2) if radius <= 8 else np.arange(-2, 3)
    weights = np.exp(-0.5 * (offsets / sigma) ** 2)
    sources = border_indices(
        grid[:, None] + reach + offsets, len(grid), "reflect_101"
    )
    blur = np.zeros((len(grid), len(grid)))
    rows = np.broadcast_to(grid[:, None] + reach, sources.shape)
    np.add.at(blur, (rows, sources), weights / weights.sum())
    disk = blur @ disk @ blur.T
    used = np.abs(grid)[disk.max(axis=0) > 1e-9].max()
    return disk[
        reach - used : reach + used + 1, reach - used : reach + used + 1
    ]


def padded_stack(kernels):
    """Returns odd square kernels, zero-padded to one size and stacked.

    Args:
        kernels: Arrays [n, n] with n odd.

    Returns:
        float32 [len(kernels), size, size].
    """
    size = max(len(kernel) for kernel in kernels)
    padded = [np.pad(k, (size - len(k)) // 2) for k in kernels]
    return np.stack(padded).astype(np.float32)


def zoom_crop(size, factor):
    """Returns how a clipped zoom treats one axis.

    The centre ceil(size / factor) pixels are enlarged to round(crop * factor)
    with corner pixels aligned, and the centre `size` of those are kept.

    Args:
        size: Length of the axis in pixels.
        factor: Zoom factor, at least 1.

    Returns:
        start: First pixel of the crop.
        crop: Length of the crop.
        enlarged: Length of the enlarged crop, at least `size`.
        skipped: How many enlarged pixels are left out in front.
    """
    crop = int(np.ceil(size / factor))
    enlarged = max(int(round(crop * factor)), size)
    return (size - crop) // 2, crop, enlarged, (enlarged - size) // 2


def zoom_matrices(size, factors):
    """Returns clipped zooms of one axis as matrices.

    Returns:
        float32 [len(factors), size, size]: bilinear interpolation of the part
        of the axis that each zoom shows.
    """
    matrices = np.zeros((len(factors), size, size))
    for matrix, factor in zip(matrices, factors, strict=True):
        places = np.linspace(*_zoom_window(size, factor), size)
        first = np.minimum(places.astype(int), size - 2)
        part = np.minimum(places - first, 1.0)
        matrix[np.arange(size), first] = 1.0 - part
        matrix[np.arange(size), first + 1] = part
    return matrices.astype(np.float32)


def _zoom_window(size, factor):
    """Returns the first and last position read, in pixels."""
    start, crop, enlarged, skipped = zoom_crop(size, factor)
    step = (crop - 1) / max(enlarged - 1, 1)
    first = start + skipped * step
    return first, first + (size - 1) * step
