"""The paths of the REST interface."""

import re
from typing import NamedTuple

from qualnet_tf.serving.statuses import invalid

# As TensorFlow Serving has them: whole path, any case, no slash at the end.
_MODEL = r"/v1/models/(?P<name>[^/:]+)"
_WHICH = r"(?:/versions/(?P<version>[0-9]{1,19})|/labels/(?P<label>[^/:]+))?"
_POST = re.compile(f"{_MODEL}{_WHICH}:(?P<verb>classify|regress|predict)", re.I)
_GET = re.compile(f"{_MODEL}{_WHICH}(?P<metadata>/metadata)?", re.I)
_LARGEST_VERSION = 2**63 - 1


class Route(NamedTuple):
    """What a path asks for.

    Attributes:
        verb: "predict", "classify", "regress", "status" or "metadata".
        model_name: Of the model.
        version: Its number, or None.
        label: Its version's label, or None.
    """

    verb: str
    model_name: str
    version: int | None
    label: str | None


def is_of_the_interface(path: str) -> bool:
    """Returns whether a path lies under /v1/."""
    return path.lower().startswith("/v1/")


def parse(method: str, path: str) -> Route:
    """Returns what a request asks for.

    Raises:
        ServingError: If it is no path of the interface (INVALID_ARGUMENT).
    """
    pattern = {"POST": _POST, "GET": _GET}.get(method)
    found = pattern.fullmatch(path) if pattern else None
    if found is None:
        raise invalid(f"Malformed request: {method} {path}")
    parts = found.groupdict()
    verb = parts.get("verb") or (
        "metadata" if parts.get("metadata") else "status"
    )
    version = int(parts["version"]) if parts["version"] else None
    if version is not None and version > _LARGEST_VERSION:
        raise invalid(f"Failed to convert version: {version} to numeric.")
    return Route(verb.lower(), parts["name"], version, parts["label"])
