"""The body of a predict request -> arrays, by the rules of REST."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from qualnet_tf.serving.json_arrays import (
    is_base64,
    spell_type,
    to_array,
)
from qualnet_tf.serving.loaded_model import Signature, TensorInfo
from qualnet_tf.serving.statuses import ServingError, invalid

DEFAULT_SIGNATURE = "serving_default"
_DECODER = json.JSONDecoder()


class PredictBody(NamedTuple):
    """A request's JSON, not yet read against a signature.

    Attributes:
        signature_name: The signature asked.
        is_row_format: Whether it has `instances`; otherwise `inputs`.
        values: What stands there.
    """

    signature_name: str
    is_row_format: bool
    values: Any


def parse_body(content: bytes) -> PredictBody:
    """Reads the JSON object; text behind it is ignored, NaN is a number.

    Raises:
        ServingError: If it is no JSON, or not the object that is expected.
    """
    body = _parse_json(content)
    if not isinstance(body, dict):
        raise invalid(
            f"JSON Parse error: expected an object, received {spell_type(body)}"
        )
    name = body.get("signature_name", DEFAULT_SIGNATURE)
    if not isinstance(name, str):
        raise invalid("'signature_name' key must be a string value.")
    keys = [key for key in ("inputs", "instances") if key in body]
    if not keys:
        raise invalid("Missing 'inputs' or 'instances' key")
    if len(keys) == 2:
        raise invalid(
            "Request is Not formatted correctly expecting only one of "
            "'inputs' or 'instances' keys to exist"
        )
    is_row_format = keys == ["instances"]
    values = body[keys[0]]
    if is_row_format and not isinstance(values, list):
        raise invalid(
            "Request is Not formatted correctly. Expecting 'instances' to be "
            "an list/array"
        )
    if is_row_format and not values:
        raise invalid("No values in 'instances' array")
    return PredictBody(name or DEFAULT_SIGNATURE, is_row_format, values)


def read_inputs(
    body: PredictBody, signature: Signature
) -> dict[str, np.ndarray]:
    """Returns the arrays that a signature is fed with.

    Args:
        body: From `parse_body`.
        signature: The one that it names.

    Raises:
        ServingError: If names, types or shapes are not those of the signature,
            or a batch is empty.
    """
    read = _read_rows if body.is_row_format else _read_columns
    arrays = read(body.values, signature.inputs)
    sizes = {len(array) for array in arrays.values() if array.ndim}
    for name, array in arrays.items():
        _check_shape(name, array, signature.inputs[name])
    if 0 in sizes:
        # TensorFlow's convolutions fail on empty batches.
        raise invalid("input: expected a batch of at least 1, received none")
    if len(sizes) > 1:
        raise invalid(
            "input: expected one batch size, received "
            f"{', '.join(map(str, sorted(sizes)))}"
        )
    return arrays


def _parse_json(content: bytes) -> Any:
    try:
        whole = content.decode()
    except UnicodeDecodeError as error:
        raise invalid(
            "JSON Parse error: Invalid encoding in string. at offset: "
            f"{error.start}"
        ) from error
    text = whole.lstrip()
    if not text:
        raise invalid("JSON Parse error: The document is empty")
    try:
        value, _ = _DECODER.raw_decode(text)
        return value
    except json.JSONDecodeError as error:
        before = whole[: len(whole) - len(text) + error.pos]
        raise invalid(
            f"JSON Parse error: {error.msg} at offset: {len(before.encode())}"
        ) from error
    except RecursionError:
        raise invalid(
            "JSON Parse error: nested too deeply at offset: 0"
        ) from None
    except ValueError as error:  # a number of thousands of digits
        raise invalid(f"JSON Parse error: {error} at offset: 0") from error


def _read_rows(
    instances: list, inputs: Mapping[str, TensorInfo]
) -> dict[str, np.ndarray]:
    first = instances[0]
    if not isinstance(first, dict) or is_base64(first):
        if len(inputs) != 1:
            raise invalid(
                "instances is a plain list, but expecting list of objects as "
                "multiple input tensors required as per tensorinfo_map"
            )
        ((name, info),) = inputs.items()
        return {name: _stack(instances, info)}
    for place, each in enumerate(instances):
        if not isinstance(each, dict) or set(each) != set(inputs):
            found = (
                ", ".join(each) if isinstance(each, dict) else spell_type(each)
            )
            raise _of_element(
                place,
                f"expected an object of {', '.join(inputs)}, received {found}",
            )
    return {
        name: _stack([each[name] for each in instances], info)
        for name, info in inputs.items()
    }


def _read_columns(
    values: Any, inputs: Mapping[str, TensorInfo]
) -> dict[str, np.ndarray]:
    if isinstance(values, dict) and not is_base64(values):
        for name in inputs:
            if name not in values:
                raise invalid(
                    f"Missing named input: {name} in 'inputs' object."
                )
        return {
            name: to_array(values[name], info) for name, info in inputs.items()
        }
    if len(inputs) != 1:
        raise invalid(
            "inputs is a plain value/list, but expecting an object as multiple "
            "input tensors required as per tensorinfo_map"
        )
    ((name, info),) = inputs.items()
    return {name: to_array(values, info)}


def _stack(values: list, info: TensorInfo) -> np.ndarray:
    """Returns instances as one array, naming the one that does not fit."""
    try:
        return to_array(values, info)
    except ServingError as whole:
        shape = None
        for place, value in enumerate(values):
            try:
                found = to_array(value, info).shape
            except ServingError as error:
                raise _of_element(place, error.message) from None
            if shape not in (None, found):
                raise _of_element(
                    place,
                    f"Encountered list at unexpected size: {list(found)} "
                    f"expected size: {list(shape)}",
                ) from None
            shape = found
        raise whole


def _check_shape(name: str, array: np.ndarray, info: TensorInfo) -> None:
    if info.shape is None:
        return
    fits = len(info.shape) == array.ndim and all(
        size in (None, found)
        for size, found in zip(info.shape, array.shape, strict=True)
    )
    if not fits:
        expected = [-1 if size is None else size for size in info.shape]
        raise invalid(
            f"input {name}: expected shape {expected}, received "
            f"{list(array.shape)}"
        )


def _of_element(place: int, message: str) -> ServingError:
    return invalid(
        f"Failed to process element: {place} of 'instances' list. Error: "
        f"{message}"
    )
