"""The ASGI application: a request comes in, an answer goes out."""

import asyncio
import dataclasses
import json
import logging
import time
from typing import Any

import numpy as np
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route as WebRoute

from qualnet_tf.serving import json_text, monitoring, paths
from qualnet_tf.serving.batching import Batcher
from qualnet_tf.serving.loaded_model import PREDICT_METHOD, Signature
from qualnet_tf.serving.model_versions import ModelVersions, Version
from qualnet_tf.serving.picture_checks import check_pictures, seem_whole
from qualnet_tf.serving.predict_request import parse_body, read_inputs
from qualnet_tf.serving.request_body import read_body
from qualnet_tf.serving.statuses import ServingError, invalid

_METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"]
# What takes longer than that is parsed and written beside the event loop.
_LARGE_BYTES = 1 << 18
_LARGE_NUMBERS = 1 << 14
_REQUEST_TIMEOUT = 408
_logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Limits:
    """What a request may cost.

    Attributes:
        max_body_bytes: Of its body, inflated.
        max_picture_pixels: Of each picture, width times height.
        timeout_seconds: From the whole request to its answer.
    """

    max_body_bytes: int
    max_picture_pixels: int
    timeout_seconds: float


class RestInterface:
    """Answers requests for one model.

    Args:
        versions: Of the model.
        batcher: Runs it.
        counters: Of the server.
        limits: Of each request.
    """

    def __init__(
        self,
        versions: ModelVersions,
        batcher: Batcher,
        counters: monitoring.Monitoring,
        limits: Limits,
    ):
        self._versions = versions
        self._batcher = batcher
        self._counters = counters
        self._limits = limits
        self._is_draining = False

    def begin_draining(self) -> None:
        """Lets every answer from now on close its connection."""
        self._is_draining = True

    def application(self, **options: Any) -> Starlette:
        """Returns the ASGI application.

        Args:
            **options: Of Starlette.
        """
        everything = WebRoute("/{path:path}", self.answer, methods=_METHODS)
        return Starlette(routes=[everything], **options)

    async def answer(self, request: Request) -> Response:
        """Answers any request."""
        path = request.url.path
        if path == monitoring.PATH and request.method == "GET":
            return Response(
                self._counters.text(), media_type=monitoring.CONTENT_TYPE
            )
        if not paths.is_of_the_interface(path):
            return PlainTextResponse("", 404)
        with self._counters.in_flight.track_inprogress():
            response = await self._answer_counted(request, path)
        if self._is_draining:
            response.headers["connection"] = "close"
        return response

    async def _answer_counted(self, request: Request, path: str) -> Response:
        start, name, verb, status = time.perf_counter(), "", "", "OK"
        try:
            # Read first: an answer before the end of the body may be lost.
            body = await self._read(request)
            start = time.perf_counter()
            route = paths.parse(request.method, path)
            name, verb = route.model_name, route.verb
            text = await self._text(route, body)
            return _json(text, 200)
        except ServingError as error:
            status = error.code
            return _json(json_text.error_text(error.message), error.http_status)
        except ClientDisconnect:
            status = "CANCELLED"
            return _json(json_text.error_text("the client went away"), 499)
        except Exception:
            status = "INTERNAL"
            _logger.exception("%s %s failed", request.method, path)
            message = "Internal error; the server's log says more"
            return _json(json_text.error_text(message), 500)
        finally:
            taken = time.perf_counter() - start
            self._counters.count_request(name, verb, status, taken)

    async def _read(self, request: Request) -> bytes:
        """Returns the body; a client that sends too slowly gets 408."""
        seconds = self._limits.timeout_seconds
        try:
            return await asyncio.wait_for(
                read_body(request, self._limits.max_body_bytes), seconds
            )
        except TimeoutError:
            raise ServingError(
                "DEADLINE_EXCEEDED",
                f"the body was not here within {seconds:g} s",
                _REQUEST_TIMEOUT,
            ) from None

    async def _text(self, route: paths.Route, body: bytes) -> bytes:
        if route.model_name != self._versions.name:
            raise ServingError(
                "NOT_FOUND",
                f"Could not find any versions of model {route.model_name}"
                if route.verb == "status"
                else "Servable not found for request: "
                f"Latest({route.model_name})",
            )
        if route.verb == "status":
            return _status_text(
                self._versions.states(route.version, route.label)
            )
        with self._versions.use(route.version, route.label) as version:
            if route.verb == "metadata":
                return _metadata_text(self._versions.name, version)
            if route.verb != "predict":
                raise _no_such_method(route.verb, version)
            return await self._predict(version, body)

    async def _predict(self, version: Version, body: bytes) -> bytes:
        read = (version, body, self._limits.max_picture_pixels)
        if len(body) > _LARGE_BYTES:
            found = await asyncio.to_thread(_read_request, *read)
        else:
            found = _read_request(*read)
        signature, arrays, is_row_format = found
        alone = not all(
            seem_whole(array)
            for array in arrays.values()
            if array.dtype == np.dtype(object)
        )
        try:
            outputs = await asyncio.wait_for(
                self._batcher.run(signature, arrays, alone),
                self._limits.timeout_seconds,
            )
        except TimeoutError:
            raise ServingError(
                "DEADLINE_EXCEEDED",
                f"no answer within {self._limits.timeout_seconds:g} s; send "
                "fewer pictures at a time, or ask later",
            ) from None
        self._counters.observe_answer(outputs)
        if sum(array.size for array in outputs.values()) > _LARGE_NUMBERS:
            return await asyncio.to_thread(
                json_text.prediction_text, outputs, is_row_format
            )
        return json_text.prediction_text(outputs, is_row_format)


def _read_request(
    version: Version, content: bytes, max_pixels: int
) -> tuple[Signature, dict[str, np.ndarray], bool]:
    body = parse_body(content)
    signature = version.model.signature(body.signature_name)
    arrays = read_inputs(body, signature)
    for array in arrays.values():
        if array.dtype == np.dtype(object):
            check_pictures(array, max_pixels)
    return signature, arrays, body.is_row_format


def _no_such_method(verb: str, version: Version) -> ServingError:
    """Returns the error of :classify and :regress for what only predicts."""
    found = version.model.signatures.get("serving_default")
    method = found.method if found else PREDICT_METHOD
    return invalid(
        f"Expected {verb} signature method_name to be "
        f"tensorflow/serving/{verb}. Was: {method}"
    )


def _status_text(versions: list[Version]) -> bytes:
    described = [
        {
            "version": str(version.number),
            "state": version.state,
            "status": {
                "error_code": "UNKNOWN" if version.error else "OK",
                "error_message": version.error,
            },
        }
        for version in versions
    ]
    return _pretty({"model_version_status": described})


def _metadata_text(name: str, version: Version) -> bytes:
    return _pretty(
        {
            "model_spec": {
                "name": name,
                "signature_name": "",
                "version": str(version.number),
            },
            "metadata": {
                "signature_def": {"signature_def": version.model.describe()}
            },
        }
    )


def _pretty(value: Any) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode()


def _json(text: bytes, status: int) -> Response:
    return Response(text, status, media_type="application/json")
