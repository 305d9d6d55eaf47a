"""The machines of a multi-worker run: who they are, and that all are there."""

import contextlib
import dataclasses
import json
import os
import socket
import time
from collections.abc import Mapping

_FORM = (
    '{"cluster": {"worker": ["HOST:PORT", ...]}, "task": {"type": "worker", '
    '"index": 0}}'
)
_RETRY_SECONDS = 0.2


@dataclasses.dataclass(frozen=True)
class Cluster:
    """The workers of a run.

    Args:
        workers: HOST:PORT of each, in order; the first writes the run.
        index: Which of them this process is.
    """

    workers: tuple[str, ...]
    index: int


def read_cluster(environment: Mapping[str, str] = os.environ) -> Cluster:
    """Reads TF_CONFIG.

    Raises:
        ValueError: If it is missing or says something else than workers.
    """
    text = environment.get("TF_CONFIG", "")
    if not text:
        raise ValueError(
            "TF_CONFIG is not set: --strategy=multi_worker expects "
            f"TF_CONFIG={_FORM}; set it on every worker, or pass "
            "--strategy=mirrored"
        )
    try:
        content = json.loads(text)
        workers = tuple(content["cluster"]["worker"])
        kind, index = content["task"]["type"], int(content["task"]["index"])
        others = set(content["cluster"]) - {"worker"}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ValueError(
            f"TF_CONFIG: expected {_FORM}, received {text[:200]}; correct it"
        ) from None
    if kind != "worker" or others:
        raise ValueError(
            "TF_CONFIG: expected workers alone, whose first one is the chief, "
            f"received {', '.join(sorted(others)) or f'task type {kind}'}; "
            "make them workers"
        )
    if not 0 <= index < len(workers):
        raise ValueError(
            f"TF_CONFIG: expected a task index from 0 to {len(workers) - 1} "
            f"({len(workers)} workers), received {index}; correct it"
        )
    for address in workers:
        _split(address)
    return Cluster(workers, index)


def wait_for_workers(cluster: Cluster, seconds: float) -> None:
    """Waits until every worker of the cluster answers at its address.

    TensorFlow itself waits without an end and without a name. This process
    listens at its own address meanwhile, and frees it for TensorFlow: a worker
    that asks later is answered by that.

    Raises:
        ValueError: If some do not in time; they are named.
    """
    missing = set(range(len(cluster.workers))) - {cluster.index}
    until = time.monotonic() + seconds
    with _listen(cluster.workers[cluster.index]):
        while True:
            missing = {i for i in missing if not _answers(cluster.workers[i])}
            if not missing or time.monotonic() > until:
                break
            time.sleep(_RETRY_SECONDS)
    if missing:
        names = ", ".join(
            f"{i} ({cluster.workers[i]})" for i in sorted(missing)
        )
        raise ValueError(
            f"worker {cluster.index}: expected {len(cluster.workers)} workers "
            f"within {seconds:g} s, received no answer from worker {names}; "
            "start it, correct TF_CONFIG, or wait longer by --join_seconds"
        )


def _split(address: str) -> tuple[str, int]:
    host, _, port = str(address).rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError(
            f"TF_CONFIG: expected a worker's address as HOST:PORT, received "
            f"{address}; correct it"
        )
    return host.strip("[]"), int(port)


@contextlib.contextmanager
def _listen(address: str):
    """Answers at this worker's port while it waits for the others."""
    _, port = _split(address)
    family = socket.AF_INET6 if socket.has_dualstack_ipv6() else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        try:
            server.bind(("", port))
        except OSError as error:
            raise ValueError(
                f"TF_CONFIG: expected a free port at this worker's {address}, "
                f"received {error.strerror}; stop what listens there, or "
                "choose another port"
            ) from None
        server.listen(128)
        yield


def _answers(address: str) -> bool:
    try:
        socket.create_connection(_split(address), timeout=2).close()
    except OSError:
        return False
    return True
