"""Drawings of ice: where it grows, before it is given levels and colours.

Each is a function (random, height, width) -> float [height, width] of any
range. Sizes are in pixels of the native scale; what leaves a drawing at one
edge enters at the opposite one.
"""

import numpy as np


def sheet(random, height, width):
    """A crumpled sheet: winding folds of three sizes, lit from one side."""
    folds = np.zeros((height, width))
    for size in (3, 6, 12):
        waves = _smooth_noise(random, height, width, size)
        folds += np.exp(-np.abs(waves) / 0.2)
    relief = folds - np.roll(folds, (1, 2), (0, 1))
    rough = np.exp(0.3 * clouds(random, height, width, 1.4))
    ground = clouds(random, height, width, 1.8)
    return 0.6 * _standardised(relief * rough) + ground


def needles(random, height, width):
    """Bundles of straight blades that cross each other."""
    count = height * width // 300
    angles = random.uniform(0, 2 * np.pi, count)
    starts = random.uniform(0, 1, (count, 2)) * (height, width)
    field = np.zeros((height, width))
    for _ in range(10):
        turned = angles + random.normal(0, 0.12, count)
        moved = starts + random.normal(0, 4, (count, 2))
        lengths = random.uniform(8, 75, count)
        shades = random.normal(0, 1, count)
        field += _strokes((height, width), moved, turned, lengths, shades)
    ground = clouds(random, height, width, 1.0)
    return _standardised(_smoothed(field, 0.6)) + 0.5 * ground


def hoar(random, height, width):
    """Dense grains with rosettes of blades among them."""
    grains = np.abs(_smooth_noise(random, height, width, 1.3))
    count = height * width // 700
    centres = random.uniform(0, 1, (count, 2)) * (height, width)
    turns = random.uniform(0, 2 * np.pi, count)
    reach = random.gamma(1.5, 6.0, count)
    rosettes = np.zeros((height, width))
    for number in range(48):
        # Three strokes in a row share their shade: one blade.
        if number % 3 == 0:
            shades = random.normal(0, 1, count)
        angles = turns + number * 2 * np.pi / 48
        lengths = reach * random.uniform(0.6, 1, count)
        rosettes += _strokes((height, width), centres, angles, lengths, shades)
    ice = _standardised(grains) + _standardised(_smoothed(rosettes, 0.6))
    return ice * np.exp(0.3 * clouds(random, height, width, 1.6))


def ferns(random, height, width):
    """Feathers: stems with side branches, and branches on those."""
    count = height * width // 450
    strokes = (
        random.uniform(0, 1, (count, 2)) * (height, width),
        random.uniform(0, 2 * np.pi, count),
        random.uniform(20, 80, count),
        random.uniform(0.2, 1.5, count),
    )
    field = np.zeros((height, width))
    for branches in (14, 5, 0):
        field += _strokes((height, width), *strokes)
        strokes = _branches(*strokes, branches)
    patches = np.exp(0.4 * clouds(random, height, width, 1.5))
    return _standardised(
        np.sqrt(np.maximum(_smoothed(field, 0.6), 0)) * patches
    )


def _branches(starts, angles, lengths, shades, number):
    """Returns so many side branches on both sides of every stroke."""
    at = np.linspace(0.08, 0.92, max(number, 1))[:, None, None]
    sides = np.array([-1.0, 1.0])[:, None]
    headings = np.stack([np.sin(angles), np.cos(angles)], axis=-1)
    along = at[..., None] * lengths[:, None] * headings
    shape = np.broadcast_shapes(at.shape, sides.shape, angles.shape)
    return (
        np.broadcast_to(starts + along, (*shape, 2)).reshape(-1, 2),
        np.broadcast_to(angles + sides * np.radians(55), shape).ravel(),
        np.broadcast_to(lengths * 0.35 * (1 - at), shape).ravel(),
        np.broadcast_to(shades * 0.8, shape).ravel(),
    )


def _strokes(shape, starts, angles, lengths, shades):
    """Returns straight strokes that fade to their tips, summed where they meet.

    Args:
        shape: Height and width of the drawing.
        starts: [strokes, 2], rows and columns.
        angles: [strokes], in radians.
        lengths: [strokes], in pixels.
        shades: [strokes], brightness at the start.
    """
    height, width = shape
    steps = np.maximum(np.ceil(lengths).astype(int), 1)
    which = np.repeat(np.arange(len(steps)), steps)
    step = np.arange(len(which)) - np.repeat(np.cumsum(steps) - steps, steps)
    rows = starts[which, 0] + step * np.sin(angles)[which]
    columns = starts[which, 1] + step * np.cos(angles)[which]
    rows = np.floor(rows).astype(int) % height
    columns = np.floor(columns).astype(int) % width
    ink = shades[which] * (1 - step / steps[which])
    drawn = np.bincount(rows * width + columns, ink, height * width)
    return drawn.reshape(shape)


def clouds(random, height, width, slope):
    """Returns noise whose amplitude falls as frequency ** -slope."""
    radius = _radius(height, width)
    radius[0, 0] = np.inf
    amplitude = (radius * max(height, width)) ** -slope
    return _standardised(_filtered_noise(random, height, width, amplitude))


def _smooth_noise(random, height, width, sigma):
    """Returns white noise under a Gaussian blur of so many pixels."""
    decay = _gaussian_decay(height, width, sigma)
    return _standardised(_filtered_noise(random, height, width, decay))


def _smoothed(field, sigma):
    decay = _gaussian_decay(*field.shape, sigma)
    return np.fft.irfft2(np.fft.rfft2(field) * decay, field.shape)


def _filtered_noise(random, height, width, amplitude):
    white = np.fft.rfft2(random.standard_normal((height, width)))
    return np.fft.irfft2(white * amplitude, (height, width))


def _gaussian_decay(height, width, sigma):
    return np.exp(-2 * (np.pi * sigma * _radius(height, width)) ** 2)


def _radius(height, width):
    """Returns the frequency of every mode of `rfft2`, in cycles per pixel."""
    down = np.fft.fftfreq(height)[:, None]
    return np.hypot(down, np.fft.rfftfreq(width))


def _standardised(field):
    return (field - field.mean()) / field.std()
