"""Frost textures, drawn procedurally.

The photographs behind the released frost sets come without any statement of
origin or licence, so none is used here. Four kinds of ice are drawn instead;
channel means and standard deviations are those measured on the photographs.
"""

import dataclasses
import functools

import numpy as np

# Side of a texture before the scale of its table, in pixels.
_NATIVE_SIDE = 512

# The small sets shrank the textures, by point sampling without smoothing.
_SCALES = {"imagenet_c": 1.0, "tiny_imagenet_c": 0.3, "cifar_c": 0.2}

# A crop must have some room to move: pixels left over beside the image.
_MIN_ROOM = 16


@dataclasses.dataclass(frozen=True)
class _Ice:
    """A kind of ice: how it is drawn and its colour statistics in levels."""

    draw: str
    means: tuple[float, float, float]
    deviation: float


# Means and deviations of frost1, frost2 (also stored as frost3), frost4 and
# frost5 of the released code.
_KINDS = (
    _Ice("ferns", (78, 149, 166), 20),
    _Ice("hoar", (201, 205, 215), 22),
    _Ice("needles", (138, 153, 165), 29),
    _Ice("plates", (112, 123, 135), 43),
)

# The reference draws one of its first five files, two of which are the same
# picture: hoar counts twice.
DRAW_ORDER = (0, 1, 1, 2, 3)


@functools.lru_cache(maxsize=16)
def frost_textures(table, height, width):
    """Returns all textures, large enough for crops of a given size.

    Args:
        table: A name from `severities.TABLES`; sets the scale.
        height: Height of the crops in pixels.
        width: Width of the crops in pixels.

    Returns:
        uint8 [4, side, side, 3], side at least 16 pixels over the crop's.
    """
    native = np.stack([_texture(index) for index in range(len(_KINDS))])
    side = round(_NATIVE_SIDE * _SCALES[table])
    side = max(side, max(height, width) + _MIN_ROOM)
    return native if side == _NATIVE_SIDE else _resize(native, side)


def _resize(textures, side):
    """Bilinear resize without smoothing: what is in between is skipped."""
    size = textures.shape[1]
    positions = (np.arange(side) + 0.5) * size / side - 0.5
    positions = np.clip(positions, 0, size - 1)
    first = np.minimum(positions.astype(int), size - 2)
    part = (positions - first)[:, None, None]
    rows = textures[:, first] * (1 - part) + textures[:, first + 1] * part
    part = part[:, 0]
    both = rows[:, :, first] * (1 - part) + rows[:, :, first + 1] * part
    return np.round(both).astype(np.uint8)


@functools.lru_cache(maxsize=len(_KINDS))
def _texture(index):
    """Returns one texture at its native side, uint8 [side, side, 3]."""
    ice = _KINDS[index]
    random = np.random.default_rng(index)
    drawing = _standardised(_DRAWINGS[ice.draw](random))
    tint = np.stack([_clouds(random, 1.5) for _ in range(3)], axis=-1)
    colours = 0.96 * drawing[..., None] + 0.28 * tint
    colours = _standardised(colours, axis=(0, 1))
    levels = np.asarray(ice.means) + ice.deviation * colours
    return np.clip(np.round(levels), 0, 255).astype(np.uint8)


def _standardised(field, axis=None):
    field = field - field.mean(axis=axis, keepdims=True)
    return field / field.std(axis=axis, keepdims=True)


def _frequencies():
    line = np.fft.fftfreq(_NATIVE_SIDE) * _NATIVE_SIDE
    return line[:, None], line[None, :]


def _clouds(random, slope):
    """Returns noise whose amplitude falls as frequency ** -slope."""
    down, right = _frequencies()
    radius = np.hypot(down, right)
    amplitude = np.where(radius > 0, np.maximum(radius, 1.0) ** -slope, 0.0)
    return _filtered(random, amplitude)


def _filtered(random, amplitude):
    white = random.standard_normal((_NATIVE_SIDE, _NATIVE_SIDE))
    return _standardised(np.fft.ifft2(np.fft.fft2(white) * amplitude).real)


def _fibres(random, degrees, length, thickness):
    """Returns noise smeared along one direction (sizes in pixels)."""
    down, right = _frequencies()
    angle = np.radians(degrees)
    along = right * np.cos(angle) + down * np.sin(angle)
    across = down * np.cos(angle) - right * np.sin(angle)
    scaled = (along * length) ** 2 + (across * thickness) ** 2
    return _filtered(
        random, np.exp(-0.5 * scaled * (np.pi / _NATIVE_SIDE) ** 2)
    )


def _warped(field, random, pixels):
    """Returns the field read at positions that wander by so many pixels."""
    grid = np.arange(_NATIVE_SIDE)
    rows = grid[:, None] + np.round(pixels * _clouds(random, 1.8)).astype(int)
    columns = grid + np.round(pixels * _clouds(random, 1.8)).astype(int)
    return field[rows % _NATIVE_SIDE, columns % _NATIVE_SIDE]


def _ferns(random):
    """Curved feathers: ridges of bent fibres over a cloudy ground."""
    ridges = sum(
        np.exp(-2.0 * np.abs(_fibres(random, degrees, 24, 3)))
        for degrees in (20, 75, 140)
    )
    ridges = _standardised(_warped(ridges, random, 12.0))
    return 0.75 * ridges + 0.65 * _clouds(random, 1.3)


def _hoar(random):
    """Dense small crystals with brighter clumps."""
    grains = _clouds(random, 0.7)
    clumps = np.maximum(_clouds(random, 1.1), 0.0) ** 1.5
    return 0.8 * grains + 0.6 * _standardised(clumps)


def _needles(random):
    """Straight needles in many directions."""
    layers = [
        np.maximum(_fibres(random, degrees, 60, 1.5) - 1.0, 0.0)
        for degrees in range(5, 180, 25)
    ]
    needles = _standardised(np.max(layers, axis=0))
    return 0.8 * needles + 0.6 * _clouds(random, 1.2)


def _plates(random):
    """Flat plates of different brightness with bright rims."""
    points = random.uniform(0, _NATIVE_SIDE, (90, 2))
    shades = random.standard_normal(len(points))
    grid = np.arange(_NATIVE_SIDE)
    shade = np.zeros((_NATIVE_SIDE, _NATIVE_SIDE))
    first = second = np.full(shade.shape, np.inf)
    for (down, right), own in zip(points, shades, strict=True):
        distance = np.hypot(grid[:, None] - down, grid - right)
        shade = np.where(distance < first, own, shade)
        second = np.minimum(second, np.maximum(first, distance))
        first = np.minimum(first, distance)
    rims = np.exp((first - second) / 4.0)
    plates = _warped(shade + 2.0 * rims, random, 6.0)
    return 0.7 * _standardised(plates) + 0.6 * _clouds(random, 1.1)


_DRAWINGS = {
    "ferns": _ferns,
    "hoar": _hoar,
    "needles": _needles,
    "plates": _plates,
}
