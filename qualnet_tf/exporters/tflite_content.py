"""What is inside a TFLite file: its operations, and what it says of itself.

The format is that of `tensorflow/lite/schema/schema.fbs`: a flatbuffer whose
`metadata` holds named buffers. Ours is JSON under the name `qualnet_tf`.
"""

import json
from collections.abc import Sequence
from typing import Any

from tensorflow.lite.python import schema_py_generated as schema
from tensorflow.lite.tools import flatbuffer_utils

DESCRIPTION = "qualnet_tf"
_BUILTIN_NAMES = {
    code: name
    for name, code in vars(schema.BuiltinOperator).items()
    if isinstance(code, int)
}
# Between floats and whole numbers; they stand around what computes in floats.
_CONVERSIONS = {"QUANTIZE", "DEQUANTIZE"}


def operations(content: bytes) -> list[str]:
    """Returns the names of a file's operations, each once.

    Args:
        content: Of the file.

    Returns:
        Names such as "CONV_2D"; of one that is not built in, its own name.
    """
    return sorted(set(_operation_names(schema.Model.GetRootAs(content))))


def float_operations(content: bytes) -> list[str]:
    """Returns the operations that compute in floats, as `operations` does."""
    model = schema.Model.GetRootAs(content)
    names = _operation_names(model)
    found = set()
    for graph in map(model.Subgraphs, range(model.SubgraphsLength())):
        for each in map(graph.Operators, range(graph.OperatorsLength())):
            given = [graph.Tensors(i).Type() for i in each.OutputsAsNumpy()]
            if schema.TensorType.FLOAT32 in given:
                found.add(names[each.OpcodeIndex()])
    return sorted(found - _CONVERSIONS)


def _operation_names(model: schema.Model) -> list[str]:
    """Returns names in the order in which the operators number them."""
    names = []
    for place in range(model.OperatorCodesLength()):
        code = model.OperatorCodes(place)
        custom = code.CustomCode()
        # Small codes stand in an old field of one byte.
        builtin = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        names.append(custom.decode() if custom else _BUILTIN_NAMES[builtin])
    return names


def check_operations(content: bytes) -> None:
    """Raises ValueError if a file needs more than TFLite's own runtime.

    TensorFlow's operations ("Flex") and custom ones convert, and then run
    nowhere: no interpreter has them any more.
    """
    builtin = set(_BUILTIN_NAMES.values()) - {"CUSTOM"}
    foreign = [name for name in operations(content) if name not in builtin]
    if foreign:
        raise foreign_operations(foreign)


def check_whole_numbers(content: bytes) -> None:
    """Raises ValueError if an int8 file computes in floats somewhere."""
    found = float_operations(content)
    if found:
        raise ValueError(
            "precision int8: expected operations that have an int8 form, "
            f"received {', '.join(found)}, which would compute in floats; "
            "choose float16 or dynamic_range for this classifier"
        )


def foreign_operations(names: Sequence[str]) -> ValueError:
    """Returns the error of a classifier that cannot be a TFLite file."""
    return ValueError(
        f"expected a classifier of TFLite's own operations, received "
        f"{', '.join(names)}; build it of layers that have a counterpart there"
    )


def describe(content: bytes, description: dict[str, Any]) -> bytes:
    """Returns the file's content with a description in it.

    Args:
        content: Of a TFLite file.
        description: Plain values.
    """
    model = flatbuffer_utils.convert_bytearray_to_object(content)
    buffer, entry = schema.BufferT(), schema.MetadataT()
    buffer.data = list(json.dumps(description, ensure_ascii=False).encode())
    entry.name, entry.buffer = DESCRIPTION, len(model.buffers)
    model.buffers.append(buffer)
    model.metadata = [*(model.metadata or []), entry]
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))
