"""Named members of one room, imported only when asked for.

Programs list the names in their `--help` before TensorFlow is loaded, so a
room's mapping holds import paths, not objects.
"""

import importlib
from collections.abc import Mapping
from typing import Any


class Registry:
    """Maps the public names of one room to import paths.

    Example:
        _BACKBONES = Registry(
            "backbone", {"resnet18": "qualnet_tf.backbones.resnet:resnet18"}
        )
        names, get = _BACKBONES.names, _BACKBONES.get

    Args:
        kind: What a member is called in error messages, in the singular.
        targets: Public name -> "module:attribute".
    """

    def __init__(self, kind: str, targets: Mapping[str, str]):
        self.kind = kind
        self._targets = dict(targets)

    def names(self) -> tuple[str, ...]:
        """Returns the registered names in the order of the mapping."""
        return tuple(self._targets)

    def get(self, name: str) -> Any:
        """Imports and returns the member called `name`.

        Raises:
            ValueError: If no member has that name; the legal ones are listed.
        """
        if name not in self._targets:
            raise ValueError(
                f"unknown {self.kind} {name!r}: expected one of "
                f"{', '.join(self._targets)}"
            )
        module, attribute = self._targets[name].split(":")
        return getattr(importlib.import_module(module), attribute)
