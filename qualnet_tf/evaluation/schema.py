"""Typed fields out of JSON that may be damaged, foreign or newer."""

import dataclasses
import json
import operator
from typing import Any


def read(text: str, source: str, newest: int) -> tuple[int, dict[str, Any]]:
    """Returns `schema_version` and the other fields of a JSON object.

    Args:
        text: The JSON text.
        source: What to call it in errors, usually its path.
        newest: The newest schema version that the caller understands.

    Raises:
        ValueError: If the text is damaged, something else, or newer.
    """
    try:
        data = json.loads(text)
    except ValueError as error:
        raise ValueError(
            f"{source}: not JSON ({error}); evaluate the run again"
        ) from error
    if not isinstance(data, dict) or "schema_version" not in data:
        raise ValueError(
            f"{source}: not results; expected a JSON object "
            "with schema_version; check the path"
        )
    version = data.pop("schema_version")
    if type(version) is not int or version < 1:
        raise ValueError(
            f"{source}: schema_version is {version!r}, expected a whole "
            "number from 1; evaluate the run again"
        )
    if version > newest:
        raise ValueError(
            f"{source}: schema_version is {version}, this version of "
            f"qualnet_tf reads up to {newest}; upgrade it"
        )
    return version, data


def fields_of(cls: type, data: Any) -> dict[str, Any]:
    """Returns `data` if it has exactly the fields of the dataclass `cls`.

    Raises:
        ValueError: If it is no object, or a field is missing or unknown.
    """
    if not isinstance(data, dict):
        raise ValueError(
            f"expected an object for {cls.__name__}, received {data!r:.60}"
        )
    names = [field.name for field in dataclasses.fields(cls)]
    missing = [name for name in names if name not in data]
    unknown = [name for name in data if name not in names]
    if missing or unknown:
        raise ValueError(
            f"{cls.__name__} has no {', '.join(missing)}"
            if missing
            else f"{cls.__name__} has unknown {', '.join(unknown)}"
        )
    return data


def set_plain_values(instance: Any) -> None:
    """Makes every field of a frozen dataclass the plain type it declares.

    NumPy scalars become Python numbers and lists become tuples, so that the
    instance compares and serializes alike however it was made.

    Raises:
        ValueError: If a value has another type.
    """
    for field in dataclasses.fields(instance):
        value = getattr(instance, field.name)
        try:
            plain = _PLAIN.get(field.type, _plain_tuple)(value)
        except TypeError as error:
            raise ValueError(
                f"{field.name} is {value!r:.60}, expected "
                f"{getattr(field.type, '__name__', field.type)}"
            ) from error
        object.__setattr__(instance, field.name, plain)


def _plain_text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return str(value)


def _plain_int(value: Any) -> int:
    if isinstance(value, bool):
        raise TypeError
    return operator.index(value)


def _plain_float(value: Any) -> float:
    if isinstance(value, bool | str):
        raise TypeError
    return float(value)


def _plain_tuple(value: Any) -> tuple:
    if not isinstance(value, list | tuple):
        raise TypeError
    return tuple(value)


_PLAIN = {str: _plain_text, int: _plain_int, float: _plain_float}
