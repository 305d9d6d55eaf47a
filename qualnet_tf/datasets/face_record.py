"""What one record of a face data set says: labels, and an encoded picture.

The layout of MXNet's image records: uint32 flag, float32 label, two uint64
ids, then `flag` further float32 labels, then the picture's file.
"""

import dataclasses
import struct

_HEADER = struct.Struct("<IfQQ")
# Whole numbers up to here are exact in the float32 that holds a label.
_MAX_LABEL = 2**24


@dataclasses.dataclass(frozen=True)
class FaceRecord:
    """One record.

    Args:
        labels: The label, or all of them where there are several.
        is_header: Whether the record speaks of others instead of showing a
            face: InsightFace writes key 0 as a pair (end of the images' keys,
            end of all keys) and one record per identity with the range of its
            images' keys. Such records have labels behind the header and no
            picture.
        encoded: The picture's file, empty in a header record.
    """

    labels: tuple[float, ...]
    is_header: bool
    encoded: bytes


def parse_face_record(data: bytes, where: str) -> FaceRecord:
    """Reads the header of a record.

    Args:
        data: The record's data.
        where: File and key, for messages.

    Raises:
        ValueError: If the data is shorter than its header says.
    """
    if len(data) < _HEADER.size:
        raise ValueError(
            f"{where}: expected at least {_HEADER.size} bytes of an image "
            f"record, received {len(data)}; the file holds something else"
        )
    flag, label, _, _ = _HEADER.unpack_from(data)
    end = _HEADER.size + 4 * flag
    if end > len(data):
        raise ValueError(
            f"{where}: expected {flag} labels of 4 bytes in an image record, "
            f"received {len(data) - _HEADER.size} bytes; the file is damaged "
            "or holds something else"
        )
    labels = (label,)
    if flag:
        labels = struct.unpack_from(f"<{flag}f", data, _HEADER.size)
    encoded = data[end:]
    return FaceRecord(labels, bool(flag) and not encoded, encoded)


def identity_of(record: FaceRecord, where: str) -> int:
    """Returns the identity that a record's first label names.

    Raises:
        ValueError: If it is no whole number from 0 to 2^24, beyond which
            float32 gives several identities the same label.
    """
    label = record.labels[0]
    # NaN fails the comparison.
    if not 0 <= label <= _MAX_LABEL or label != int(label):
        raise ValueError(
            f"{where}: expected a whole number from 0 to {_MAX_LABEL} as "
            f"label, which float32 holds exactly, received {label:g}; number "
            "the identities from 0"
        )
    return int(label)


def write_face_record(labels, encoded: bytes) -> bytes:
    """Returns the data of a record, the inverse of `parse_face_record`.

    Args:
        labels: One number, or a sequence of them.
        encoded: The picture's file, or no bytes.
    """
    if isinstance(labels, (int, float)):
        return _HEADER.pack(0, labels, 0, 0) + encoded
    packed = struct.pack(f"<{len(labels)}f", *labels)
    return _HEADER.pack(len(labels), 0, 0, 0) + packed + encoded
