"""Values of JSON -> arrays of a tensor's type, or what is wrong with them."""

import base64
import binascii
import json
from typing import Any

import numpy as np

from qualnet_tf.serving.loaded_model import TensorInfo
from qualnet_tf.serving.statuses import ServingError, invalid

# Python's types of JSON's values that a tensor of a kind takes.
_TYPES = {"f": {int, float}, "i": {int}, "u": {int}, "b": {bool}}


def to_array(value: Any, info: TensorInfo) -> np.ndarray:
    """Returns a JSON value as the array that a tensor takes.

    Raises:
        ServingError: If a number or text is not of its type, or lists are of
            different lengths.
    """
    if info.dtype == np.dtype(object):
        return _strings(value)
    legal = _TYPES.get(info.dtype.kind)
    if legal is None:
        raise invalid(f"inputs of type {info.dtype} cannot be sent as JSON")
    # Of objects, because NumPy would give every number the room of the
    # longest string beside it.
    try:
        found = np.array(value, object)
    except ValueError:  # more dimensions than NumPy has
        raise _unexpected_size(value) from None
    types = set(map(type, found.ravel().tolist()))
    if list in types:
        raise _unexpected_size(value)
    if types - legal:
        wrong = next(
            each for each in found.ravel().tolist() if type(each) not in legal
        )
        raise _unexpected_type(wrong, info)
    return _cast(found, info)


def _cast(found: np.ndarray, info: TensorInfo) -> np.ndarray:
    """Returns numbers in the type of the tensor, unless one does not fit."""
    if not found.size or info.dtype.kind == "b":
        return found.astype(info.dtype)
    if info.dtype.kind in "iu":
        limits = np.iinfo(info.dtype)
        for number in (min(found.ravel()), max(found.ravel())):
            if not limits.min <= number <= limits.max:
                raise _unexpected_type(number, info)
        return found.astype(info.dtype)
    try:
        wide = found.astype(np.float64)
    except OverflowError:
        raise _unexpected_type("a number too large", info) from None
    is_too_large = np.isfinite(wide) & (np.abs(wide) > np.finfo(info.dtype).max)
    if is_too_large.any():
        raise _unexpected_type(float(wide[is_too_large][0]), info)
    return wide.astype(info.dtype)


def _unexpected_size(value: Any) -> ServingError:
    return invalid(f"Encountered list at unexpected size: {_short(value)}")


def _unexpected_type(value: Any, info: TensorInfo) -> ServingError:
    return invalid(
        f"JSON Value: {_short(value)} Type: {spell_type(value)} is not of "
        f"expected type: {info.dtype.name}"
    )


def _strings(value: Any) -> np.ndarray:
    """Returns bytes in an object array of the value's shape."""
    shape, level = [], value
    while isinstance(level, list):
        shape.append(len(level))
        level = level[0] if level else None
    array = np.empty(shape, object)
    flat = _flatten(value, shape)
    for place, each in zip(np.ndindex(*shape), flat, strict=True):
        array[place] = _bytes(each)
    return array


def _flatten(value: Any, shape: list[int]) -> list:
    found = [value]
    for size in shape:
        for each in found:
            if not isinstance(each, list) or len(each) != size:
                raise invalid(
                    f"Encountered list at unexpected size: {_short(each)} "
                    f"expected size: {size}"
                )
        found = [inner for each in found for inner in each]
    return found


def _bytes(value: Any) -> bytes:
    if isinstance(value, str):
        try:
            return value.encode()
        except UnicodeEncodeError:
            raise invalid(
                "JSON Value: half a surrogate pair is not of expected type: "
                "string"
            ) from None
    if isinstance(value, dict) and is_base64(value):
        return _decode_base64(value["b64"])
    raise invalid(
        f"JSON Value: {_short(value)} Type: {spell_type(value)} is not of "
        "expected type: string"
    )


def _decode_base64(text: Any) -> bytes:
    """Decodes base64, with or without its padding and line breaks."""
    if isinstance(text, str):
        try:
            return base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            bare = "".join(text.split()).rstrip("=")
            padded = bare + "=" * (-len(bare) % 4)
        try:
            return base64.b64decode(padded, validate=True)
        except (binascii.Error, ValueError):
            pass
    raise invalid("Unable to base64 decode")


def is_base64(value: dict) -> bool:
    """Returns whether an object stands for bytes."""
    return list(value) == ["b64"]


def spell_type(value: Any) -> str:
    """Returns how JSON calls a value's type."""
    names = {
        dict: "Object",
        list: "Array",
        str: "String",
        bool: "Bool",
        type(None): "Null",
    }
    return names.get(type(value), "Number")


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
