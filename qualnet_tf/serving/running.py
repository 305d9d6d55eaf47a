"""Starts the server, watches for new versions, and stops without a loss."""

import asyncio
import contextlib
import logging
import signal
import socket
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import tensorflow as tf
import uvicorn
from starlette.applications import Starlette

from qualnet_tf.config import ServeConfig
from qualnet_tf.serving.application import Limits, RestInterface
from qualnet_tf.serving.batching import Batcher
from qualnet_tf.serving.draining import DrainingServer
from qualnet_tf.serving.model_versions import AVAILABLE, ModelVersions
from qualnet_tf.serving.monitoring import Monitoring

_BACKLOG = 1024
_logger = logging.getLogger(__name__)


def serve(config: ServeConfig) -> None:
    """Serves until SIGTERM or SIGINT; then answers what is in flight.

    Raises:
        ValueError: If no version can be loaded, or the port is taken.
    """
    logging.basicConfig(
        format="%(asctime)s %(message)s", stream=sys.stderr, force=True
    )
    # A Session is what TensorFlow Serving loads; that it is deprecated in
    # Python need not be said at every version.
    tf.get_logger().setLevel(logging.ERROR)
    export_dir = Path(config.export_dir or config.model)
    versions = ModelVersions(
        export_dir,
        config.model_name,
        config.model_version,
        config.labels(),
    )
    with bind(config.host, config.rest_port) as listener:
        versions.poll()
        newest = _newest(versions)
        host, port = listener.getsockname()[:2]
        address = f"http://{host}:{port}/v1/models/{config.model_name}"
        interface, application = build_application(config, versions)
        server = DrainingServer(
            uvicorn.Config(
                application,
                log_config=None,
                access_log=False,
                lifespan="on",
                timeout_keep_alive=75,
                timeout_graceful_shutdown=config.stop_seconds,
            ),
            listener,
            interface.begin_draining,
        )
        listener.listen(_BACKLOG)
        print(
            f"serving {config.model_name} version {newest} at {address}",
            flush=True,
        )
        _run_until_signal(server, listener)


def bind(host: str, port: int) -> socket.socket:
    """Takes a port.

    Args:
        host: Address to listen at.
        port: 0 takes a free one.

    Raises:
        ValueError: If it is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise ValueError(
            f"--host={host} --rest_port={port}: expected a free port, received "
            f"{error.strerror}; choose another, 0 takes any"
        ) from error
    return listener


def _newest(versions: ModelVersions) -> int:
    """Returns the version that is served first.

    Raises:
        ValueError: If none could be loaded.
    """
    states = versions.states(None, None)
    for version in states:
        if version.state == AVAILABLE:
            return version.number
    raise ValueError(states[0].error)


def build_application(
    config: ServeConfig, versions: ModelVersions
) -> tuple[RestInterface, Starlette]:
    """Joins everything that answers.

    Args:
        config: How.
        versions: Of the model, the first one loaded.

    Returns:
        The interface, and the ASGI application that it is; the application's
        lifespan watches for new versions and unloads them in the end.
    """
    counters = Monitoring(config.model_name)
    batcher = Batcher(
        config.max_batch_size,
        config.max_enqueued_requests,
        config.num_batch_threads,
        config.batch_timeout_micros / 1e6,
        counters.observe_batch,
    )
    limits = Limits(
        config.max_body_megabytes * 1_000_000,
        config.max_picture_megapixels * 1_000_000,
        config.request_timeout_seconds,
    )

    @contextlib.asynccontextmanager
    async def lifespan(_) -> AsyncIterator[None]:
        watcher = _Watcher(versions, counters, config.poll_seconds)
        watcher.start()
        try:
            yield
        finally:
            # By then every request in flight has its answer.
            await asyncio.to_thread(watcher.stop)
            await asyncio.to_thread(batcher.close)
            await asyncio.to_thread(versions.close)

    interface = RestInterface(versions, batcher, counters, limits)
    return interface, interface.application(lifespan=lifespan)


class _Watcher(threading.Thread):
    """Looks for new versions in the background."""

    def __init__(
        self, versions: ModelVersions, counters: Monitoring, seconds: float
    ):
        super().__init__(name="versions", daemon=True)
        self._versions, self._counters = versions, counters
        self._seconds = seconds
        self._is_over = threading.Event()

    def run(self) -> None:
        """Polls until it is stopped; an error is logged and passed over."""
        while not self._is_over.is_set():
            try:
                self._counters.set_version(_newest(self._versions))
                self._is_over.wait(self._seconds)
                self._versions.poll()
            except Exception:
                _logger.exception("looking for new versions failed")
                self._is_over.wait(self._seconds)

    def stop(self) -> None:
        """Ends the thread."""
        self._is_over.set()
        self.join()


def _run_until_signal(server: uvicorn.Server, listener: socket.socket) -> None:
    """Runs the event loop; a signal that asks for the end is a good end."""
    # Uvicorn raises the signals again when it is done, for who held them.
    held = {
        number: signal.signal(number, lambda *_: None)
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        server.run(sockets=[listener])
    finally:
        for number, handler in held.items():
            signal.signal(number, handler)
