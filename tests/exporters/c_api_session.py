"""Runs a SavedModel as TensorFlow Serving does: C API, no Python, XLA off.

A reload in Python proves nothing about a server: it rebuilds objects from the
object graph, while a server restores a Session. This program uses the C API of
the libraries inside the wheel and never imports tensorflow, so it must be a
process of its own:

    python c_api_session.py EXPORT_DIR FEEDS.npz OUTPUTS.npz FETCH...

Each array in FEEDS.npz is named after the tensor that it feeds; strings are
object arrays of bytes. FETCH are tensor names, and OUTPUTS.npz holds an array
for each. A failure is one line on stderr and exit code 1.
"""

import ctypes
import importlib.util
import sys
from pathlib import Path

import numpy as np

_DTYPES = {1: np.float32, 3: np.int32, 9: np.int64}
_TYPE_CODES = {np.dtype(value): key for key, value in _DTYPES.items()}
_STRING = 7
_SIZE_OF_TSTRING = 24
# tensorflow::DisableXlaCompilation(), what model_server calls at start-up
# unless it gets --xla_cpu_compilation_enabled.
_DISABLE_XLA = "_ZN10tensorflow21DisableXlaCompilationEv"

_POINTER, _TEXT, _INT = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
_INT64, _SIZE = ctypes.c_int64, ctypes.c_size_t
_SIGNATURES = {
    "TF_NewStatus": (_POINTER, []),
    "TF_GetCode": (_INT, [_POINTER]),
    "TF_Message": (_TEXT, [_POINTER]),
    "TF_NewGraph": (_POINTER, []),
    "TF_NewSessionOptions": (_POINTER, []),
    "TF_LoadSessionFromSavedModel": (
        _POINTER,
        [_POINTER, _POINTER, _TEXT, ctypes.POINTER(_TEXT), _INT]
        + [_POINTER, _POINTER, _POINTER],
    ),
    "TF_SessionRun": (
        None,
        [_POINTER, _POINTER, *[_POINTER, _POINTER, _INT] * 2]
        + [_POINTER, _INT, _POINTER, _POINTER],
    ),
    "TF_GraphOperationByName": (_POINTER, [_POINTER, _TEXT]),
    "TF_AllocateTensor": (
        _POINTER,
        [_INT, ctypes.POINTER(_INT64), _INT, _SIZE],
    ),
    "TF_TensorData": (_POINTER, [_POINTER]),
    "TF_TensorType": (_INT, [_POINTER]),
    "TF_NumDims": (_INT, [_POINTER]),
    "TF_Dim": (_INT64, [_POINTER, _INT]),
    "TF_TensorByteSize": (_SIZE, [_POINTER]),
    "TF_StringInit": (None, [_POINTER]),
    "TF_StringCopy": (None, [_POINTER, _TEXT, _SIZE]),
    "TF_StringGetDataPointer": (_POINTER, [_POINTER]),
    "TF_StringGetSize": (_SIZE, [_POINTER]),
}


class _Output(ctypes.Structure):
    """TF_Output: one result of one operation."""

    _fields_ = [("operation", _POINTER), ("index", _INT)]


class CApiSession:
    """A Session that the C library restored from a SavedModel.

    Args:
        export_dir: The SavedModel.

    Raises:
        RuntimeError: With TensorFlow's own message, also from `run`.
    """

    def __init__(self, export_dir: str):
        self._libraries = _load_libraries()
        self._status = self._call("TF_NewStatus")
        self._graph = self._call("TF_NewGraph")
        tags = (_TEXT * 1)(b"serve")
        self._session = self._call(
            "TF_LoadSessionFromSavedModel",
            self._call("TF_NewSessionOptions"),
            None,
            export_dir.encode(),
            tags,
            1,
            self._graph,
            None,
            self._status,
        )
        self._check()

    def run(
        self, feeds: dict[str, np.ndarray], fetches: list[str]
    ) -> list[np.ndarray]:
        """Returns the fetched tensors; names are `operation:index`."""
        inputs = (_Output * len(feeds))(*map(self._output, feeds))
        outputs = (_Output * len(fetches))(*map(self._output, fetches))
        fed = (_POINTER * len(feeds))(*map(self._tensor, feeds.values()))
        fetched = (_POINTER * len(fetches))()
        self._call(
            "TF_SessionRun",
            self._session,
            None,
            *(inputs, fed, len(feeds)),
            *(outputs, fetched, len(fetches)),
            *(None, 0, None, self._status),
        )
        self._check()
        return [self._array(tensor) for tensor in fetched]

    def _output(self, name: str) -> _Output:
        operation, index = name.split(":")
        found = self._call(
            "TF_GraphOperationByName", self._graph, operation.encode()
        )
        if not found:
            raise RuntimeError(f"the graph has no operation {operation!r}")
        return _Output(found, int(index))

    def _tensor(self, array: np.ndarray) -> int:
        is_text = array.dtype.kind == "O"
        code = _STRING if is_text else _TYPE_CODES[array.dtype]
        size = array.size * _SIZE_OF_TSTRING if is_text else array.nbytes
        shape = (_INT64 * array.ndim)(*array.shape)
        tensor = self._call("TF_AllocateTensor", code, shape, array.ndim, size)
        data = self._call("TF_TensorData", tensor)
        if not is_text:
            ctypes.memmove(data, np.ascontiguousarray(array).tobytes(), size)
            return tensor
        for number, content in enumerate(array.ravel()):
            element = data + number * _SIZE_OF_TSTRING
            self._call("TF_StringInit", element)
            self._call("TF_StringCopy", element, content, len(content))
        return tensor

    def _array(self, tensor: int) -> np.ndarray:
        code = self._call("TF_TensorType", tensor)
        num_dims = self._call("TF_NumDims", tensor)
        shape = [self._call("TF_Dim", tensor, d) for d in range(num_dims)]
        data = self._call("TF_TensorData", tensor)
        if code != _STRING:
            size = self._call("TF_TensorByteSize", tensor)
            content = ctypes.string_at(data, size)
            return np.frombuffer(content, _DTYPES[code]).reshape(shape)
        elements = np.arange(np.prod(shape, dtype=int)) * _SIZE_OF_TSTRING
        texts = [self._text(data + int(element)) for element in elements]
        return np.array(texts, dtype=object).reshape(shape)

    def _text(self, element: int) -> bytes:
        pointer = self._call("TF_StringGetDataPointer", element)
        return ctypes.string_at(
            pointer, self._call("TF_StringGetSize", element)
        )

    def _check(self) -> None:
        code = self._call("TF_GetCode", self._status)
        if code:
            message = self._call("TF_Message", self._status).decode()
            raise RuntimeError(f"code {code}: {message.splitlines()[0]}")

    def _call(self, name: str, *arguments):
        function = _find(self._libraries, name)
        function.restype, function.argtypes = _SIGNATURES[name]
        return function(*arguments)


def _load_libraries() -> list[ctypes.CDLL]:
    """Loads the wheel's libraries and switches XLA off in them."""
    # find_spec does not run the package, so Python's TensorFlow stays out.
    package = Path(importlib.util.find_spec("tensorflow").origin).parent
    libraries = [
        ctypes.CDLL(str(package / name), mode=ctypes.RTLD_GLOBAL)
        for name in ("libtensorflow_framework.so.2", "libtensorflow_cc.so.2")
    ]
    _find(libraries, _DISABLE_XLA)()
    return libraries


def _find(libraries: list[ctypes.CDLL], name: str):
    """Returns a function of whichever library exports it."""
    for library in libraries:
        if hasattr(library, name):
            return getattr(library, name)
    raise RuntimeError(f"the TensorFlow libraries do not export {name}")


def main(export_dir: str, feeds: str, outputs: str, *fetches: str) -> None:
    session = CApiSession(export_dir)
    with np.load(feeds, allow_pickle=True) as arrays:
        results = session.run(dict(arrays), list(fetches))
    np.savez(outputs, **dict(zip(fetches, results, strict=True)))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except RuntimeError as error:
        sys.exit(str(error))
