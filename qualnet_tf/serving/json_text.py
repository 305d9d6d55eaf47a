"""Answers as JSON text, written as TensorFlow Serving writes them."""

import base64
import json
from collections.abc import Iterator, Mapping

import numpy as np

from qualnet_tf.serving.statuses import invalid

# Output names that end so hold bytes, not text.
_BYTES_SUFFIX = "_bytes"
_NOT_FINITE = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def error_text(message: str) -> bytes:
    """Returns the body of an error."""
    return (json.dumps({"error": message}, indent=4) + "\n").encode()


def prediction_text(
    outputs: Mapping[str, np.ndarray], is_row_format: bool
) -> bytes:
    """Returns the body of an answer.

    Args:
        outputs: Arrays by name; for the row format their first dimension is
            the batch.
        is_row_format: Whether the request came in the row format.

    Returns:
        `{"predictions": [...]}` or `{"outputs": ...}`; a single output comes
        without its name.

    Raises:
        ServingError: If in the row format an output has no batch, or another.
    """
    if not is_row_format:
        return f'{{"outputs": {_columns(outputs)}}}\n'.encode()
    sizes = {
        name: array.shape[0] if array.ndim else 0
        for name, array in outputs.items()
    }
    expected = next(iter(sizes.values()))
    for name, size in sizes.items():
        if size != expected or not outputs[name].ndim:
            raise invalid(
                f"Tensor name: {name} has inconsistent batch size: {size} "
                f"expecting: {expected}"
            )
    rows = ",\n".join(_rows(outputs))
    return f'{{"predictions": [{rows}]}}\n'.encode()


def _columns(outputs: Mapping[str, np.ndarray]) -> str:
    texts = {name: _nested(name, array) for name, array in outputs.items()}
    if len(texts) == 1:
        (text,) = texts.values()
        return text
    named = (f"{json.dumps(name)}: {text}" for name, text in texts.items())
    return "{" + ",\n".join(named) + "}"


def _rows(outputs: Mapping[str, np.ndarray]) -> Iterator[str]:
    columns = {
        name: _parts(_scalars(name, array), array.shape)
        for name, array in outputs.items()
    }
    if len(columns) == 1:
        (column,) = columns.values()
        yield from column
        return
    keys = [json.dumps(name) for name in columns]
    for values in zip(*columns.values(), strict=True):
        pairs = (
            f"{key}: {value}" for key, value in zip(keys, values, strict=True)
        )
        yield "{" + ", ".join(pairs) + "}"


def _nested(name: str, array: np.ndarray) -> str:
    if not array.ndim:
        return _scalars(name, array)[0]
    return "[" + ", ".join(_parts(_scalars(name, array), array.shape)) + "]"


def _parts(texts: list[str], shape: tuple[int, ...]) -> list[str]:
    """Joins the texts of all numbers up to the first dimension."""
    for place in range(len(shape) - 1, 0, -1):
        size, count = shape[place], int(np.prod(shape[:place]))
        texts = [
            "[" + ", ".join(texts[i * size : (i + 1) * size]) + "]"
            for i in range(count)
        ]
    return texts


def _scalars(name: str, array: np.ndarray) -> list[str]:
    """Returns the text of every element, in order."""
    flat = array.reshape(-1)
    if array.dtype.kind in "OSU":
        return [_string(name, value) for value in flat]
    if array.dtype.kind == "f":
        # The shortest text that reads back as the same number of this type.
        texts = flat.astype("U32").tolist()
        return [_NOT_FINITE.get(text, text) for text in texts]
    if array.dtype.kind == "b":
        return ["true" if value else "false" for value in flat]
    return [str(value) for value in flat.tolist()]


def _string(name: str, value: bytes | str) -> str:
    content = value.encode() if isinstance(value, str) else bytes(value)
    if name.endswith(_BYTES_SUFFIX):
        return json.dumps({"b64": base64.b64encode(content).decode()})
    return json.dumps(content.decode(errors="replace"), ensure_ascii=False)
