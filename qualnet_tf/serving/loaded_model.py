"""One version of a model, loaded as TensorFlow Serving loads it."""

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf import json_format
from tensorflow.core.protobuf import saved_model_pb2

from qualnet_tf.serving.statuses import from_tensorflow, invalid

PREDICT_METHOD = "tensorflow/serving/predict"
_WARM_UP = Path("assets.extra") / "tf_serving_warmup_requests"
_MAX_WARM_UP = 1000
# A SavedModel's own, which nobody asks.
_INTERNAL = "__saved_model"


@dataclasses.dataclass(frozen=True)
class TensorInfo:
    """An input or output.

    Attributes:
        tensor: Its name in the graph.
        dtype: NumPy's; object is strings.
        shape: None for an unknown size; None itself for an unknown rank.
    """

    tensor: str
    dtype: np.dtype
    shape: tuple[int | None, ...] | None


@dataclasses.dataclass(frozen=True)
class Signature:
    """A function of a SavedModel.

    Attributes:
        name: Its key.
        method: Such as "tensorflow/serving/predict".
        inputs: Name -> tensor.
        outputs: Name -> tensor.
        call: Arrays in the order of the inputs -> arrays of the outputs.
    """

    name: str
    method: str
    inputs: Mapping[str, TensorInfo]
    outputs: Mapping[str, TensorInfo]
    call: Any

    def run(self, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Returns the outputs.

        Raises:
            ServingError: If the graph fails.
        """
        try:
            found = self.call(*(arrays[name] for name in self.inputs))
        except tf.errors.OpError as error:
            raise from_tensorflow(error) from error
        return dict(zip(self.outputs, found, strict=True))


class LoadedModel:
    """A SavedModel in a Session.

    Args:
        folder: Of the SavedModel.

    Raises:
        ValueError: If it cannot be loaded, or does not answer its own warm-up
            requests.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self._graph = tf.Graph()
        self._session = tf.compat.v1.Session(graph=self._graph)
        try:
            self._definitions = _read_signatures(folder)
            with self._graph.as_default():
                tf.compat.v1.saved_model.loader.load(
                    self._session, ["serve"], str(folder)
                )
            self.signatures = {
                name: self._signature(name, definition)
                for name, definition in self._definitions.items()
                if not name.startswith(_INTERNAL)
            }
            self._warm_up()
        # Where the damage is decides what is raised.
        except Exception as error:
            self.close()
            text = " ".join(str(error).split())[:300]
            raise ValueError(
                f"{folder}: the SavedModel cannot be loaded ({text}); export "
                "it again"
            ) from error

    def close(self) -> None:
        """Frees the weights."""
        self._session.close()

    def signature(self, name: str) -> Signature:
        """Returns a signature.

        Raises:
            ServingError: If there is none of that name (INVALID_ARGUMENT).
        """
        if name not in self.signatures:
            raise invalid(
                f'Serving signature name: "{name}" not found in signature def'
            )
        return self.signatures[name]

    def describe(self) -> dict[str, Any]:
        """Returns all signatures as the REST interface's metadata has them."""
        return {
            name: json_format.MessageToDict(
                definition,
                preserving_proto_field_name=True,
                always_print_fields_with_no_presence=True,
            )
            for name, definition in self._definitions.items()
        }

    def _signature(self, name: str, definition: Any) -> Signature:
        inputs = _tensors(definition.inputs)
        outputs = _tensors(definition.outputs)
        call = self._session.make_callable(
            [info.tensor for info in outputs.values()],
            [info.tensor for info in inputs.values()],
        )
        method = definition.method_name
        return Signature(name, method, inputs, outputs, call)

    def _warm_up(self) -> None:
        path = self.folder / _WARM_UP
        if not path.is_file():
            return
        for number, (name, arrays) in enumerate(_requests(path)):
            if number == _MAX_WARM_UP:
                raise ValueError(
                    f"expected at most {_MAX_WARM_UP} warm-up requests"
                )
            self.signatures[name].run(arrays)


def _requests(path: Path) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
    # Here, because its import costs a while and few tests need it.
    from tensorflow_serving.apis import prediction_log_pb2

    for record in tf.data.TFRecordDataset([str(path)]).as_numpy_iterator():
        log = prediction_log_pb2.PredictionLog.FromString(record)
        request = log.predict_log.request
        arrays = {
            name: tf.make_ndarray(value)
            for name, value in request.inputs.items()
        }
        yield request.model_spec.signature_name or "serving_default", arrays


def _read_signatures(folder: Path) -> dict[str, Any]:
    path = folder / "saved_model.pb"
    if not path.is_file():
        raise ValueError("it holds no saved_model.pb")
    saved_model = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    for meta_graph in saved_model.meta_graphs:
        if "serve" in meta_graph.meta_info_def.tags:
            return dict(meta_graph.signature_def)
    raise ValueError("none of its graphs has the tag serve")


def _tensors(described: Mapping[str, Any]) -> dict[str, TensorInfo]:
    found = {}
    for name in sorted(described):
        info = described[name]
        dtype = np.dtype(tf.dtypes.as_dtype(info.dtype).as_numpy_dtype)
        shape = None
        if not info.tensor_shape.unknown_rank:
            shape = tuple(
                None if dim.size < 0 else dim.size
                for dim in info.tensor_shape.dim
            )
        found[name] = TensorInfo(info.name, dtype, shape)
    return found
