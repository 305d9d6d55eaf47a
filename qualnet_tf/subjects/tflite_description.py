"""What a TFLite file of ours says of itself.

The exporter writes it into the file, as JSON among the metadata; files of
others have no such entry.
"""

import dataclasses
import importlib
import json
from pathlib import Path
from types import ModuleType
from typing import Any

from qualnet_tf.subjects import pixels
from qualnet_tf.subjects.logits import KINDS

_NAME = b"qualnet_tf"
_SCHEMAS = (
    "ai_edge_litert.schema_py_generated",
    "tensorflow.lite.python.schema_py_generated",
)


@dataclasses.dataclass(frozen=True)
class Description:
    """What needs no flag then.

    Attributes:
        class_names: In the order of the outputs; () where it has none.
        pixel_range: One of `pixels.RANGES`.
        outputs: "logits" or "probabilities".
    """

    class_names: tuple[str, ...] = ()
    pixel_range: str = "auto"
    outputs: str = "auto"


def read_description(path: Path) -> Description:
    """Returns what a whole TFLite file says; defaults where it says nothing.

    Raises:
        ValueError: If it is not what we write.
    """
    text = _read_entry(path.read_bytes())
    if text is None:
        return Description()
    try:
        said = json.loads(text)
        found = Description(
            tuple(said["class_names"]), said["pixel_range"], said["outputs"]
        )
    except (ValueError, KeyError, TypeError) as error:
        raise _unknown(path, text) from error
    if not _is_legal(found):
        raise _unknown(path, text)
    return found


def _is_legal(found: Description) -> bool:
    names: tuple[Any, ...] = found.class_names
    return (
        all(isinstance(name, str) for name in names)
        and found.pixel_range in pixels.RANGES
        and found.outputs in KINDS
    )


def _unknown(path: Path, text: bytes) -> ValueError:
    return ValueError(
        f"{path}: expected class_names, pixel_range and outputs in its "
        f"description, received {text[:80]!r}; export the classifier again, "
        "or upgrade qualnet_tf"
    )


def _read_entry(content: bytes) -> bytes | None:
    model = _schema().Model.GetRootAs(content)
    for entry in map(model.Metadata, range(model.MetadataLength())):
        if entry.Name() == _NAME:
            data = model.Buffers(entry.Buffer())
            return data.DataAsNumpy().tobytes() if data.DataLength() else b""
    return None


def _schema() -> ModuleType:
    """Returns the reader of the format, from whichever package is there."""
    try:
        return importlib.import_module(_SCHEMAS[0])
    except ImportError:
        return importlib.import_module(_SCHEMAS[1])
