"""The two servers of a data service: a dispatcher, and workers that do it.

The dispatcher is given its workers' addresses beforehand, so that a worker's
part of the batches is the same however often it is started.
"""

import os
import signal
import socket
import threading
from collections.abc import Callable, Sequence

import tensorflow as tf
from absl import logging

# Workers that are silent for so long are taken for gone.
_WORKER_TIMEOUT_MS = 10_000
_HEARTBEAT_MS = 1_000
_CONNECT_SECONDS = 5.0
_RETRY_SECONDS = 1.0
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def run_dispatcher(
    port: int, workers: Sequence[str], work_dir: str = ""
) -> None:
    """Runs the dispatcher until SIGTERM or SIGINT.

    Args:
        port: To listen at.
        workers: HOST:PORT of every worker, in a fixed order.
        work_dir: Folder of its journal; "" keeps none.

    Raises:
        ValueError: If the folder cannot be made, or its journal be read.
        OSError: If the port is taken.
    """
    _check_free(port)
    _make_folder(work_dir)
    service = tf.data.experimental.service
    server = service.DispatchServer(
        service.DispatcherConfig(
            port=port,
            worker_addresses=list(workers),
            worker_timeout_ms=_WORKER_TIMEOUT_MS,
            fault_tolerant_mode=bool(work_dir),
            work_dir=work_dir or None,
        ),
        start=False,
    )
    _start(server.start, "correct --workers, or name a new --work_dir")
    _serve(_asked(), f"dispatcher on port {port}, {len(workers)} workers")


def run_worker(port: int, dispatcher: str, address: str = "") -> None:
    """Runs a worker until SIGTERM or SIGINT.

    It waits for a dispatcher that is not there yet, or not any more.

    Args:
        port: To listen at.
        dispatcher: HOST:PORT.
        address: HOST:PORT by which others reach this worker; "" is localhost.

    Raises:
        ValueError: If the dispatcher does not know the address.
        OSError: If the port is taken.
    """
    _check_free(port)
    asked = _asked()
    if not _wait_for(dispatcher, asked):
        return
    service = tf.data.experimental.service
    server = service.WorkerServer(
        service.WorkerConfig(
            dispatcher_address=dispatcher,
            worker_address=address or f"localhost:{port}",
            port=port,
            heartbeat_interval_ms=_HEARTBEAT_MS,
        ),
        start=False,
    )
    _start(server.start, "give --address as the dispatcher's --workers has it")
    _serve(_asked(), f"data worker on port {port}, dispatcher {dispatcher}")


def _asked() -> threading.Event:
    """Returns what is set as soon as this process is asked to end."""
    asked = threading.Event()
    for number in _SIGNALS:
        signal.signal(number, lambda *_: asked.set())
    return asked


def _wait_for(address: str, asked: threading.Event) -> bool:
    """Waits for a server; returns False if asked to end meanwhile.

    TensorFlow's own waiting keeps Python's lock, and no handler would run.
    """
    host, _, port = address.rpartition(":")
    is_told = False
    while not asked.is_set():
        try:
            place = (host.strip("[]"), int(port))
            socket.create_connection(place, _CONNECT_SECONDS).close()
            return True
        except OSError as error:
            if not is_told:
                why = error.strerror or error
                logging.warning("waiting for %s: %s", address, why)
            is_told = True
        asked.wait(_RETRY_SECONDS)
    return False


def _start(start: Callable[[], None], remedy: str) -> None:
    """Starts a server, during which a signal ends the process at once."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    try:
        start()
    except (RuntimeError, tf.errors.OpError) as error:
        message = " ".join(str(error).split()).rstrip(".")
        raise ValueError(f"{message}; {remedy}") from None


def _serve(asked: threading.Event, description: str) -> None:
    print(description, flush=True)
    asked.wait()
    # The server's own end waits for whoever is connected.
    os._exit(0)


def _make_folder(work_dir: str) -> None:
    try:
        if work_dir:
            os.makedirs(work_dir, exist_ok=True)
    except OSError as error:
        raise ValueError(
            f"--work_dir={work_dir}: expected a folder, or a place for one, "
            f"received {error.strerror}; choose another, or leave it out"
        ) from None


def _check_free(port: int) -> None:
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("", port))
        except OSError as error:
            raise OSError(
                f"--port={port}: expected a free port, received one that is "
                f"taken ({error.strerror}); choose another"
            ) from None
