"""What a knob is: declaration, bounds, JSON. The knobs are in `config`."""

import dataclasses
import json
import math
import os
import pathlib
from typing import Any


def knob(
    default: Any,
    help: str,
    *,
    lower: float | None = None,
    upper: float | None = None,
    choices: tuple[str, ...] | None = None,
    names: str | None = None,
    path: bool = False,
) -> Any:
    """Declares one knob as a dataclass field.

    Args:
        default: Value when the flag is not given; its type is the flag's type.
            A tuple is a comma-separated flag.
        help: Text for `--help`, with the unit where there is one.
        lower: Smallest legal number (of each element, for a tuple).
        upper: Largest legal number.
        choices: Legal strings.
        names: Room whose `names()` are legal; checked where flags are parsed,
            because this module imports nothing of ours.
        path: Whether `~` and environment variables are expanded.
    """
    return dataclasses.field(
        default=default,
        metadata={
            "help": help,
            "lower": lower,
            "upper": upper,
            "choices": choices,
            "names": names,
            "path": path,
        },
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """What every program's configuration can do: check, write, read.

    Raises:
        ValueError: From the constructor, when a value is out of bounds or two
            values contradict each other.
    """

    def __post_init__(self):
        for field in dataclasses.fields(self):
            _check_field(field, getattr(self, field.name))
        self.check()

    def check(self) -> None:
        """Checks what concerns several knobs; overridden where there is any."""

    def to_json(self) -> str:
        """Returns all knobs as JSON, in declaration order."""
        return json.dumps(dataclasses.asdict(self), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Config":
        """Reads what `to_json` wrote.

        Raises:
            ValueError: If a knob is unknown to this version or illegal.
        """
        values = json.loads(text)
        known = {field.name: field for field in dataclasses.fields(cls)}
        unknown = sorted(set(values) - set(known))
        if unknown:
            raise ValueError(
                f"unknown knobs {', '.join(unknown)}: expected those of "
                f"{cls.__name__}; read it with the version that wrote it"
            )
        return cls(
            **{
                name: tuple(value) if isinstance(value, list) else value
                for name, value in values.items()
            }
        )


def _check_field(field: dataclasses.Field, value: Any) -> None:
    """Raises ValueError where `value` breaks the field's bounds or choices."""
    meta = field.metadata
    for item in value if isinstance(value, tuple) else (value,):
        if isinstance(item, float) and not math.isfinite(item):
            raise ValueError(f"--{field.name}={item}: expected a finite number")
        if meta["lower"] is not None and item < meta["lower"]:
            raise ValueError(
                f"--{field.name}={item}: expected at least {meta['lower']}"
            )
        if meta["upper"] is not None and item > meta["upper"]:
            raise ValueError(
                f"--{field.name}={item}: expected at most {meta['upper']}"
            )
        if meta["choices"] is not None and item not in meta["choices"]:
            raise ValueError(
                f"--{field.name}={item}: expected one of "
                f"{', '.join(meta['choices'])}"
            )


def require(config: Config, name: str, remedy: str) -> None:
    """Raises ValueError with `remedy` where the named knob is empty."""
    if not getattr(config, name):
        raise ValueError(f"--{name} is empty: {remedy}")


def expand(path: str) -> str:
    """Expands `~` and environment variables, which flagfiles leave as they are.

    Raises:
        ValueError: If an environment variable is not set.
    """
    expanded = os.path.expandvars(os.path.expanduser(path))
    if "$" in expanded and not pathlib.Path(expanded).exists():
        raise ValueError(
            f"path {path!r}: expected set environment variables; set them or "
            "write the path out"
        )
    return expanded
