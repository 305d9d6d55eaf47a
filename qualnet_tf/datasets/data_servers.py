"""The two servers of a data service: a dispatcher, and workers that do it.

The dispatcher is given its workers' addresses beforehand, so that a worker's
part of the batches is the same however often it is started.
"""

import os
import signal
import socket
import threading
from collections.abc import Sequence

import tensorflow as tf

# Workers that are silent for so long are taken for gone.
_WORKER_TIMEOUT_MS = 10_000
_HEARTBEAT_MS = 1_000


def run_dispatcher(
    port: int, workers: Sequence[str], work_dir: str = ""
) -> None:
    """Runs the dispatcher until SIGTERM or SIGINT.

    Args:
        port: To listen at.
        workers: HOST:PORT of every worker, in a fixed order.
        work_dir: Folder of its journal; "" keeps none.

    Raises:
        OSError: If the port is taken or the folder cannot be made.
    """
    _check_free(port)
    if work_dir:
        os.makedirs(work_dir, exist_ok=True)
    service = tf.data.experimental.service
    server = service.DispatchServer(
        service.DispatcherConfig(
            port=port,
            worker_addresses=list(workers),
            worker_timeout_ms=_WORKER_TIMEOUT_MS,
            fault_tolerant_mode=bool(work_dir),
            work_dir=work_dir or None,
        )
    )
    _run(server, f"dispatcher on port {port}, {len(workers)} workers")


def run_worker(port: int, dispatcher: str, address: str = "") -> None:
    """Runs a worker until SIGTERM or SIGINT.

    It waits for a dispatcher that is not there yet, or not any more.

    Args:
        port: To listen at.
        dispatcher: HOST:PORT.
        address: HOST:PORT by which others reach this worker; "" is localhost.

    Raises:
        OSError: If the port is taken.
    """
    _check_free(port)
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
    _run(server, f"data worker on port {port}, dispatcher {dispatcher}")


def _run(server, description: str) -> None:
    """Serves, in a thread: C++ would let no signal through."""
    asked = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked.set())
    threading.Thread(target=server.start, daemon=True).start()
    print(description, flush=True)
    asked.wait()
    # The server's own end waits for whoever is connected.
    os._exit(0)


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
