"""Reads and undoes a JPEG's EXIF orientation in the graph.

A camera that was held on its side stores the picture as the sensor saw it and
says in the tag Orientation (0x0112) how it is to be turned. TensorFlow's
decoders pass over the tag, so it is read here from the file's bytes, as EXIF
2.32 (section 4.5) and TIFF 6.0 (section 2) lay them out. Files of other
formats count as upright.
"""

import tensorflow as tf

UPRIGHT = 1
# Cameras write the tag first; what lies behind so many bytes is not looked at.
_SEARCHED_BYTES = 1 << 18
_MARKER = 0xFF
_START, _APPLICATION1, _START_OF_SCAN = 0xD8, 0xE1, 0xDA
_EXIF = (0x45, 0x78, 0x69, 0x66, 0, 0)  # "Exif" and two zeros
_TAG, _SHORT = 0x0112, 3
_ENTRY_BYTES = 12
_LITTLE_ENDIAN = 0x49  # "I" of "II"


def read_orientation(contents: tf.Tensor) -> tf.Tensor:
    """Returns how the picture in a file was stored.

    Args:
        contents: string scalar, a whole image file.

    Returns:
        int32 scalar from 1 (upright) to 8; 1 where the file is no JPEG or says
        nothing, or nothing legal.
    """
    head = tf.strings.substr(contents, 0, _SEARCHED_BYTES)
    data = tf.cast(tf.io.decode_raw(head, tf.uint8), tf.int32)
    starts_as_jpeg = (_at(data, 0) == _MARKER) & (_at(data, 1) == _START)
    return tf.cond(
        starts_as_jpeg, lambda: _read_tag(data), lambda: tf.constant(UPRIGHT)
    )


def turn_upright(image: tf.Tensor, orientation: tf.Tensor) -> tf.Tensor:
    """Returns the picture as it is to be seen.

    Args:
        image: `[height, width, channels]`, as stored.
        orientation: int32 scalar from 1 to 8, from `read_orientation`.
    """

    def turned() -> tf.Tensor:
        swaps = orientation >= 5
        result = tf.cond(
            swaps, lambda: tf.transpose(image, (1, 0, 2)), lambda: image
        )
        for axis, mirrored in ((1, (2, 3, 6, 7)), (0, (3, 4, 7, 8))):
            is_mirrored = tf.reduce_any(orientation == tf.constant(mirrored))
            result = _mirror_where(is_mirrored, result, axis)
        return result

    return tf.cond(orientation == UPRIGHT, lambda: image, turned)


def _mirror_where(
    condition: tf.Tensor, image: tf.Tensor, axis: int
) -> tf.Tensor:
    return tf.cond(condition, lambda: tf.reverse(image, [axis]), lambda: image)


def _at(data: tf.Tensor, place) -> tf.Tensor:
    """Returns bytes by their place; 0 before the start and behind the end."""
    place = tf.convert_to_tensor(place, tf.int32)
    is_inside = (place >= 0) & (place < tf.size(data))
    found = tf.gather(
        tf.concat([data, [0]], 0), tf.where(is_inside, place, tf.size(data))
    )
    return found


def _read_tag(data: tf.Tensor) -> tf.Tensor:
    """Returns the orientation that a JPEG's bytes state, 1 where none."""
    segment = _find_exif(data)
    # Behind marker, length and "Exif" with its two zeros.
    tiff = segment + 10
    is_little = _at(data, tiff) == _LITTLE_ENDIAN

    def number(place, num_bytes):
        parts = [_at(data, place + i) for i in range(num_bytes)]
        big = sum(
            part * 256 ** (num_bytes - 1 - i) for i, part in enumerate(parts)
        )
        little = sum(part * 256**i for i, part in enumerate(parts))
        return tf.where(is_little, little, big)

    directory = tiff + number(tiff + 4, 4)
    entries = directory + 2 + _ENTRY_BYTES * tf.range(number(directory, 2))
    is_tag = (number(entries, 2) == _TAG) & (number(entries + 2, 2) == _SHORT)
    values = tf.boolean_mask(number(entries + 8, 2), is_tag)
    value = tf.concat([values, [UPRIGHT]], 0)[0]
    is_legal = (segment >= 0) & (value >= 1) & (value <= 8)
    return tf.where(is_legal, value, UPRIGHT)


def _find_exif(data: tf.Tensor) -> tf.Tensor:
    """Returns the place of the EXIF segment's marker, -1 where none is."""

    def is_exif(place):
        name = _at(data, place + 4 + tf.range(len(_EXIF)))
        return (_at(data, place + 1) == _APPLICATION1) & tf.reduce_all(
            name == tf.constant(_EXIF)
        )

    def goes_on(place):
        is_segment = (_at(data, place) == _MARKER) & (
            _at(data, place + 1) != _START_OF_SCAN
        )
        return is_segment & ~is_exif(place)

    def advance(place):
        length = 256 * _at(data, place + 2) + _at(data, place + 3)
        return (place + 2 + tf.maximum(length, 2),)

    (place,) = tf.while_loop(goes_on, advance, (tf.constant(2),))
    return tf.where(is_exif(place), place, -1)
