"""Statistics of a frost texture: what is measured, and how it is imposed.

A texture is described by numbers alone: quantiles of each channel, a smooth
fall of light over the picture, and the covariance of the channels in rings of
spatial frequency. A drawing given the same numbers corrupts alike, whatever it
shows.
"""

import dataclasses

import numpy as np

# Shares of the pixels at which each channel's level is noted.
SHARES = (
    *(0.0, 0.001, 0.005, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4),
    *(0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.98),
    *(0.995, 0.999, 1.0),
)

# Rings of frequency, in cycles per pixel: octaves, then equal steps. The last
# one holds the corners of the spectrum.
RING_EDGES = np.array(
    [0, 1 / 128, 1 / 64, 1 / 32, 1 / 16, 1 / 8, 3 / 16]
    + [1 / 4, 5 / 16, 3 / 8, 7 / 16, 1 / 2, 1]
)

# Drawings are made to agree by turns: frequencies, then levels.
_ROUNDS = 3


@dataclasses.dataclass(frozen=True)
class Statistics:
    """What is known of a texture, all in 8-bit levels.

    Attributes:
        height: Height of the picture in pixels.
        width: Width of the picture in pixels.
        levels: [shares, 3], the quantiles of each channel.
        light: [4, 3], the fall of light: its slope and bowl downwards, then
            to the right.
        rings: [rings, 3, 3], covariance of the channels in a ring, the light
            taken away, for each mode of an orthonormal Fourier transform.
    """

    height: int
    width: int
    levels: np.ndarray
    light: np.ndarray
    rings: np.ndarray


def measure(picture):
    """Returns the statistics of a picture [height, width, 3] in levels.

    Sides of 256 pixels or more: smaller ones leave coarse rings empty.
    """
    picture = np.asarray(picture, np.float64)
    height, width = picture.shape[:2]
    light, rest = _split_light(picture)
    # A picture does not close at its edges: a window hides the jump. It is
    # flat over two thirds of each side, so that the middle does not speak for
    # the whole.
    fade = [np.minimum(4 * np.hanning(side), 1) for side in (height, width)]
    window = fade[0][:, None] * fade[1]
    window /= np.sqrt(np.mean(window**2))
    return Statistics(
        height=height,
        width=width,
        levels=np.quantile(picture, SHARES, axis=(0, 1)),
        light=light,
        rings=_ring_covariances(_spectrum(rest * window[..., None]), width),
    )


def impose(drawing, statistics):
    """Gives a drawing the statistics of another picture.

    Args:
        drawing: Float [height, width, 3] of any range, of the height and
            width in the statistics.
        statistics: The `Statistics` to reach.

    Returns:
        uint8 of the same shape. Levels are met exactly, frequencies nearly.
    """
    field = np.asarray(drawing, np.float32)
    shape = field.shape[:2]
    light = statistics.light.astype(np.float32)
    surface = _light_surface(light, *shape)
    for _ in range(_ROUNDS):
        rest = _split_light(field)[1]
        spectrum = _recoloured(_spectrum(rest), statistics.rings, shape[1])
        rest = np.fft.irfft2(spectrum, shape, axes=(0, 1), norm="ortho")
        field = _with_levels(surface + rest, statistics.levels)
    return np.round(field).astype(np.uint8)


def _profiles(size):
    """Returns [size, 2]: a slope and a bowl, each of mean 0, mean square 1."""
    line = np.linspace(-1, 1, size)
    profiles = np.stack([line, line**2], axis=-1)
    profiles -= profiles.mean(axis=0)
    profiles /= np.sqrt(np.mean(profiles**2, axis=0))
    return profiles.astype(np.float32)


def _light_surface(light, height, width):
    """Returns the fall of light over a picture, [height, width, 3]."""
    down = _profiles(height) @ light[:2]
    return down[:, None] + _profiles(width) @ light[2:]


def _split_light(picture):
    """Returns the fall of light [4, 3] and the picture without it."""
    height, width = picture.shape[:2]
    # The four profiles are orthogonal: each share is a plain mean.
    down = _profiles(height).T @ picture.mean(axis=1) / height
    right = _profiles(width).T @ picture.mean(axis=0) / width
    light = np.concatenate([down, right])
    rest = picture - picture.mean(axis=(0, 1))
    return light, rest - _light_surface(light, height, width)


def _spectrum(field):
    return np.fft.rfft2(field, axes=(0, 1), norm="ortho")


def _radius(height, width):
    down = np.fft.fftfreq(height)[:, None]
    return np.hypot(down, np.fft.rfftfreq(width))


def _ring_covariances(spectrum, width):
    """Returns the mean of F F* over each ring: [rings, 3, 3]."""
    radius = _radius(spectrum.shape[0], width)
    ring = np.digitize(radius, RING_EDGES) - 1
    count = len(RING_EDGES) - 1
    # Half of the columns stand for two conjugate modes, the first for one.
    weight = np.full(radius.shape, 2.0)
    weight[:, 0] = 1.0
    weight[0, 0] = 0.0
    total = np.bincount(ring.ravel(), weight.ravel(), count)
    covariances = np.empty((count, 3, 3))
    for i in range(3):
        for j in range(i + 1):
            product = (spectrum[..., i] * spectrum[..., j].conj()).real * weight
            sums = np.bincount(ring.ravel(), product.ravel(), count)
            covariances[:, i, j] = covariances[:, j, i] = sums / total
    return covariances


def _recoloured(spectrum, target, width):
    """Mixes the channels of every mode so that the rings get a covariance."""
    own = np.linalg.cholesky(_ring_covariances(spectrum, width))
    mixing = np.linalg.cholesky(target) @ np.linalg.inv(own)
    radius = _radius(spectrum.shape[0], width)
    middles = np.log(np.maximum(RING_EDGES[:-1], 1 / 256) * 1.25)
    place = np.log(np.maximum(radius, 1 / 512))
    mixed = np.zeros_like(spectrum)
    for i in range(3):
        for j in range(i + 1):
            gain = np.interp(place, middles, mixing[:, i, j])
            mixed[..., i] += gain.astype(np.float32) * spectrum[..., j]
    return mixed


def _with_levels(field, levels):
    """Maps each channel monotonically to its quantiles."""
    mapped = np.empty_like(field)
    for channel in range(3):
        # A quarter of the pixels tells enough, and is found sooner.
        own = np.quantile(field[::2, ::2, channel], SHARES)
        mapped[..., channel] = np.interp(
            field[..., channel], own, levels[:, channel]
        )
    return mapped
