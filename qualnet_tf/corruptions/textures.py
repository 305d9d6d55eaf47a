"""Frost textures, in one array that a graph can cut crops from.

The photographs behind the released frost sets come without any statement of
origin or licence, so none is used unless asked for. Four kinds of ice are
drawn instead and given the measured statistics of the photographs, so that
they corrupt alike without showing the same.
"""

import dataclasses
import functools

import numpy as np

from qualnet_tf.corruptions import (
    texture_drawings,
    texture_pictures,
    texture_statistics,
    texture_table,
)

PROCEDURAL = "procedural"

# The small sets shrank the textures, by point sampling without smoothing.
_SCALES = {
    "imagenet_c": 1.0,
    "imagenet_c_299": 1.0,
    "tiny_imagenet_c": 0.3,
    "cifar_c": 0.2,
}

# A crop must have some room to move: pixels left over beside the image. The
# released textures have as much at the sizes of the released sets.
_MIN_ROOM = 16

_DRAWINGS = {
    "sheet": texture_drawings.sheet,
    "needles": texture_drawings.needles,
    "hoar": texture_drawings.hoar,
    "ferns": texture_drawings.ferns,
}

# The reference draws one of its first five files, two of which are the same
# picture: needles count twice.
_DRAW_ORDER = ("sheet", "needles", "needles", "hoar", "ferns")


@dataclasses.dataclass(frozen=True)
class Atlas:
    """Textures of any sizes, one below the other in one array.

    Attributes:
        pixels: uint8 [rows, columns, 3], as wide as the widest texture. What
            is right of a narrower one is black and belongs to none.
        places: int32 [textures, 3], each the first row, the height and the
            width. All are equally likely; a texture may stand here twice.
    """

    pixels: np.ndarray
    places: np.ndarray

    def texture(self, index):
        """Returns one texture, uint8 [height, width, 3]."""
        first, height, width = self.places[index]
        return self.pixels[first : first + height, :width]


@functools.lru_cache(maxsize=16)
def frost_textures(table, height, width, source=PROCEDURAL, enlarge=1.0):
    """Returns the textures, each large enough for crops of a given size.

    Args:
        table: A name from `severities.TABLES`; sets the scale.
        height: Height of the crops in pixels.
        width: Width of the crops in pixels.
        source: "procedural"; "imagecorruptions" for the photographs in that
            package, if installed; or a folder of JPEG and PNG pictures.
        enlarge: Factor on the scale. The package imagecorruptions, unlike the
            released sets, enlarges by 1.1.

    Returns:
        An `Atlas`, every texture at least 16 pixels over the crop's sides.

    Raises:
        ValueError: If there is no such source or a picture is unreadable.
    """
    if source == PROCEDURAL:
        natives = [_texture(kind) for kind in _DRAWINGS]
        order = [list(_DRAWINGS).index(kind) for kind in _DRAW_ORDER]
    else:
        natives = texture_pictures.read_pictures(source)
        order = range(len(natives))
    scaled = []
    for native in natives:
        room = np.array((height, width)) + _MIN_ROOM
        fitting = np.max(room / native.shape[:2])
        scale = max(_SCALES[table] * enlarge, fitting)
        scaled.append(_resample(_resample(native, scale, 0), scale, 1))
    return _packed(scaled, order)


def _packed(textures, order):
    """Returns the atlas of these textures, listed in this order."""
    firsts = np.cumsum([0] + [len(texture) for texture in textures])
    columns = max(texture.shape[1] for texture in textures)
    pixels = np.zeros((firsts[-1], columns, 3), np.uint8)
    for first, texture in zip(firsts, textures, strict=False):
        pixels[first : first + len(texture), : texture.shape[1]] = texture
    rows = [(firsts[index], *textures[index].shape[:2]) for index in order]
    return Atlas(pixels=pixels, places=np.array(rows, np.int32))


@functools.cache
def _texture(kind):
    """Returns one drawn texture at its native size, uint8."""
    statistics = texture_table.statistics(kind)
    height, width = statistics.height, statistics.width
    random = np.random.default_rng(texture_table.KINDS.index(kind))
    drawing = _DRAWINGS[kind](random, height, width)
    tints = [
        texture_drawings.clouds(random, height, width, 1.0) for _ in range(3)
    ]
    colours = drawing[..., None] + 0.2 * np.stack(tints, axis=-1)
    return texture_statistics.impose(colours, statistics)


def _resample(picture, scale, axis):
    """Scales one axis as OpenCV does: linear when shrinking, cubic if not.

    There is no smoothing: what is in between the samples is skipped.
    """
    if scale == 1.0:
        return picture
    size = picture.shape[axis]
    places = (np.arange(round(size * scale)) + 0.5) / scale - 0.5
    first = np.floor(places).astype(int)
    part = places - first
    taps = {0: 1 - part, 1: part} if scale < 1 else _cubic(part)
    shape = [-1 if i == axis else 1 for i in range(3)]
    total = 0.0
    for tap, weight in taps.items():
        index = np.clip(first + tap, 0, size - 1)
        total = total + picture.take(index, axis) * weight.reshape(shape)
    # Rounded once, after the second axis.
    return total if axis == 0 else _to_levels(total)


def _to_levels(values):
    return np.clip(np.round(values), 0, 255).astype(np.uint8)


def _cubic(part):
    """Returns the weights of four neighbours (Keys, a = -0.75 as OpenCV)."""
    a = -0.75

    def near(x):
        return ((a + 2) * x - (a + 3)) * x * x + 1

    def far(x):
        return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a

    return {
        -1: far(part + 1),
        0: near(part),
        1: near(1 - part),
        2: far(2 - part),
    }
