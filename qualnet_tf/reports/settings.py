"""Nested settings of several runs, side by side."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any


@dataclasses.dataclass(frozen=True)
class Setting:
    """One row of a comparison.

    Attributes:
        name: Path of the setting, joined by dots.
        values: One text per run; empty where a run lacks it.
        differs: Whether the runs disagree.
    """

    name: str
    values: tuple[str, ...]
    differs: bool


def compare(per_run: Sequence[Mapping[str, Any]]) -> list[Setting]:
    """Returns every setting, those that differ first, else as they came."""
    flat = [_flatten(each) for each in per_run]
    names = dict.fromkeys(name for each in flat for name in each)
    rows = []
    for name in names:
        exact = tuple(str(e[name]) if name in e else "" for e in flat)
        values = tuple(_text(e[name]) if name in e else "" for e in flat)
        differs = len(set(exact)) > 1
        # Numbers are shortened only where that hides no difference.
        hides = differs and len(set(values)) == 1
        rows.append(Setting(name, exact if hides else values, differs))
    return sorted(rows, key=lambda row: not row.differs)


def _flatten(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat = {}
    for name, value in settings.items():
        if isinstance(value, Mapping) and value:
            flat |= _flatten(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list | tuple):
        return ", ".join(map(_text, value)) or "none"
    return "none" if value in (None, "", {}) else str(value)
